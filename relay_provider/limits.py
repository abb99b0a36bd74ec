"""How many rooms of a project one run may end: there are people in rooms, and one slip in a manifest ends many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PERCENT: Final = 30
"""Of a project's declared rooms, unless somebody says otherwise."""
ALWAYS: Final = 3
"""Rooms that a percentage always allows: of few rooms it would allow none."""
MOST: Final = 1_000_000
"""The largest number of rooms that can be allowed."""


@dataclass(frozen=True, slots=True)
class EndLimits:
    """What somebody allows, in rooms, in percent of the declared ones, or both: then both count."""

    rooms: int | None = None
    percent: int | None = None

    def allowed(self, declared: int) -> int:
        """How many rooms may be ended of a project that declares so many."""
        if self.percent is None and self.rooms is not None:
            return self.rooms
        share = max(ALWAYS, declared * (PERCENT if self.percent is None else self.percent) // 100)
        return share if self.rooms is None else min(self.rooms, share)

    def __bool__(self) -> bool:
        """Does it say anything?"""
        return self != UNSAID

    def __str__(self) -> str:
        """Where the number comes from, after it."""
        if self.rooms is not None:
            return ""
        return f" ({PERCENT if self.percent is None else self.percent} %, and always {ALWAYS})"


UNSAID: Final = EndLimits()
