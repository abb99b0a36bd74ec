"""Histories: what people declare and do with rooms between one `up` and the next. Plain values, drawn from a seed.

A resource and its room have names of their own, so that each can be renamed without the other. What a step needs and
does not find (somebody leaves a room that is not live) makes it a step in which nothing happens.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

Settings = Mapping[str, Any]
Declared = Mapping[str, Settings]
"""What is declared: settings, among them the room's name, by resource."""

RESOURCES: Final = ("one", "two", "three", "four")
ROOMS: Final = ("ana", "bob", "cleo", "dora")


@dataclass(frozen=True)
class Declare:
    """From now on this is declared, and nothing else."""

    rooms: Declared
    how: str = ""


@dataclass(frozen=True)
class Join:
    """Somebody joins the room, when it is live."""

    room: str
    identity: str


@dataclass(frozen=True)
class Leave:
    """Everyone leaves the room."""

    room: str


@dataclass(frozen=True)
class End:
    """The room is ended by hand; when `expires`, by its own timeout, that is when nobody is in it."""

    room: str
    expires: bool = False


@dataclass(frozen=True)
class ByHand:
    """The room is ended, when it is live, and made with these settings, by hand."""

    room: str
    settings: Settings


Step = Declare | Join | Leave | End | ByHand


@dataclass(frozen=True)
class Strike:
    """A signal in the middle of a run, when its `write`-th write is asked for; `arrives`: the API still gets that."""

    signal: signal.Signals
    write: int
    arrives: bool


@dataclass(frozen=True)
class Round:
    """Some steps, and the `up` after them."""

    steps: tuple[Step, ...]
    options: tuple[str, ...] = ()
    strike: Strike | None = None


History = tuple[Round, ...]


def drawn(seed: int) -> History:
    """A history of three to five rounds."""
    return _Drawing(Random(seed)).history()


class _Drawing:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._declared: dict[str, dict[str, Any]] = {}
        self._joined = 0

    def history(self) -> History:
        return tuple(self._round(first=number == 0) for number in range(self._random.randint(3, 5)))

    def _round(self, first: bool) -> Round:
        if first:
            steps = [self._declare() for _ in range(self._random.randint(2, 3))]
        else:
            steps = [self._step() for _ in range(self._random.randint(2, 5))]
        options = ("--continue-on-error",) if self._random.random() < 0.3 else ()
        options += ("--parallel", "1") if self._random.random() < 0.3 else ()
        return Round(tuple(steps), options, self._strike() if self._random.random() < 0.25 else None)

    def _strike(self) -> Strike:
        sent = self._random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT])
        return Strike(sent, self._random.randint(1, 4), self._random.random() < 0.5)

    def _step(self) -> Step:
        draws: list[tuple[int, Callable[[], Step]]] = [
            (2, self._declare),
            (2, self._undeclare),
            (4, self._change),
            (3, self._rename_the_resource),
            (3, self._rename_the_room),
            (3, self._swap),
            (2, self._shift),
            (3, self._force),
            (7, self._join),
            (2, lambda: Leave(self._room())),
            (2, lambda: End(self._room(), expires=self._random.random() < 0.5)),
            (3, lambda: ByHand(self._room(), self._settings())),
        ]
        (draw,) = self._random.choices([draw for _, draw in draws], [weight for weight, _ in draws])
        return draw()

    def _declares(self, how: str) -> Declare:
        return Declare({resource: dict(room) for resource, room in self._declared.items()}, how)

    def _declare(self) -> Step:
        resource, room = self._free(RESOURCES, self._declared), self._free(ROOMS, self._names())
        if not resource or not room or len(self._declared) == 3:
            return self._change()
        self._declared[resource] = {"name": room, **self._settings()}
        return self._declares(f"declare {resource}")

    def _undeclare(self) -> Step:
        resource = self._resource()
        self._declared.pop(resource, None)
        return self._declares(f"undeclare {resource}")

    def _change(self) -> Step:
        if resource := self._resource():
            kept = {key: self._declared[resource].get(key) for key in ("name", "forceDestroy")}
            self._declared[resource] = {**_given(kept), **self._settings()}
        return self._declares(f"change {resource}")

    def _rename_the_resource(self) -> Step:
        before, after = self._resource(), self._free(RESOURCES, self._declared)
        if before and after:
            self._declared[after] = self._declared.pop(before)
        return self._declares(f"rename resource {before} to {after}")

    def _rename_the_room(self) -> Step:
        resource, room = self._resource(), self._free(ROOMS, self._names())
        if resource and room:
            self._declared[resource]["name"] = room
        return self._declares(f"rename the room of {resource}")

    def _swap(self) -> Step:
        return self._turn(sorted(self._declared)[:2], "swap")

    def _shift(self) -> Step:
        return self._turn(sorted(self._declared), "shift")

    def _turn(self, resources: list[str], how: str) -> Step:
        """Each takes the name of the next one's room, the last one the first one's."""
        names = [self._declared[resource]["name"] for resource in resources]
        for resource, name in zip(resources, names[1:] + names[:1], strict=True):
            self._declared[resource]["name"] = name
        return self._declares(how)

    def _force(self) -> Step:
        resource = self._resource()
        if resource and self._declared[resource].pop("forceDestroy", None) is None:
            self._declared[resource]["forceDestroy"] = True
        return self._declares(f"set or unset forceDestroy of {resource}")

    def _join(self) -> Step:
        self._joined += 1
        return Join(self._room(), f"p{self._joined}")

    def _names(self) -> list[str]:
        return [settings["name"] for settings in self._declared.values()]

    def _resource(self) -> str:
        return self._random.choice(sorted(self._declared)) if self._declared else ""

    def _room(self) -> str:
        return self._random.choice(ROOMS)

    def _free(self, names: tuple[str, ...], taken: Any) -> str:
        free = [name for name in names if name not in taken]
        return self._random.choice(free) if free else ""

    def _settings(self) -> dict[str, Any]:
        # Long timeouts: no room expires by itself, however slow the machine is.
        return _given(
            {
                "maxParticipants": self._random.choice([None, 20, 30]),
                "emptyTimeout": self._random.choice([3600, 7200]),
                "metadata": self._random.choice([None, "x", '{"team":"core"}']),
            }
        )


def _given(settings: Settings) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}
