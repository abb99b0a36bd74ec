"""What is known while rooms are kept: for the loop, the status page and the metrics. Nothing of it is stored."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from relay_provider.drift import ProjectDrift
from relay_provider.keep.log import Event, Tell
from relay_provider.model import LiveRoom, RoomInputs

REMEMBERED: Final = 200
"""Events that the status page shows."""


@dataclass(slots=True)
class ProjectState:
    """One project as last seen; times are seconds since 1970."""

    label: str
    address: str
    declared: Mapping[str, RoomInputs]
    live: dict[str, LiveRoom] = field(default_factory=dict)
    found: ProjectDrift | None = None
    """The last comparison; None before the first list."""
    people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Who is in which room, as far as it was asked for."""
    listed_at: float = 0.0
    problem: str = ""
    """Why there is no newer list."""
    move_by: float = 0.0
    """Monotonic seconds: a loop that has not moved by then is stuck."""


class State:
    """All projects, and what happened since `began`."""

    def __init__(self, interval: float, tell: Tell) -> None:
        self.interval = interval
        self.began = time.time()
        self.projects: dict[str, ProjectState] = {}
        self.events: deque[Event] = deque(maxlen=REMEMBERED)
        self.recreated = 0
        self.requests: Counter[tuple[str, str]] = Counter()
        """Answers of the API, by operation and outcome."""
        self.on_look: Callable[[float], None] = lambda seconds: None
        self.reload_problem = ""
        self.version = 0
        """Another one whenever something is known that was not."""
        self._tell = tell
        self._ready = False
        self._watched_until = 0.0

    def tell(self, event: Event) -> None:
        """It happened: log it, and remember it for the status page."""
        self.events.append(event)
        self.touch()
        self._tell(event)

    def touch(self) -> None:
        """Something is known that was not."""
        self.version += 1

    @property
    def ready(self) -> bool:
        """Was every project listed once?"""
        self._ready = self._ready or all(project.found is not None for project in self.projects.values())
        return self._ready

    def stuck(self) -> list[str]:
        """The projects whose loops do not move."""
        now = time.monotonic()
        return sorted(one.label for one in self.projects.values() if now > one.move_by)

    def last_success(self) -> float:
        """When the project that was listed the longest ago was listed; 0 when one never was."""
        return min((one.listed_at for one in self.projects.values()), default=0.0)

    def somebody_looks(self) -> bool:
        """The status page was asked for; answers whether nobody was looking until now."""
        now = time.monotonic()
        news = not self.watched
        self._watched_until = now + max(3 * self.interval, 30.0)
        return news

    @property
    def watched(self) -> bool:
        """Does somebody look at the status page?"""
        return time.monotonic() < self._watched_until
