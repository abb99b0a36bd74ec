"""The loop of one project: look, recreate what is missing, say what is changed, wait."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from relay_provider import guard
from relay_provider.backends.base import CONCURRENCY
from relay_provider.changes import outputs
from relay_provider.drift import ChangedRoom, compare, counting
from relay_provider.errors import (
    RateLimited,
    RelayError,
    RoomDiffers,
    RoomOccupied,
    RoomUnsure,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    quoted,
)
from relay_provider.keep.log import Event
from relay_provider.keep.state import ProjectState, State
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.run import Run

T = TypeVar("T")

JITTER: Final = (0.75, 0.95)
"""The parts of an interval between which the next look begins: many `keep`s do not ask at once, and a room that
vanished right after a look is back within an interval all the same."""
LONGEST_PAUSE: Final = 120.0
"""Seconds between two looks in a long outage, unless the interval is longer."""
BREATH: Final = 0.05
"""Seconds after a hint in which further ones share its look."""
ENDED_WAITS: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each attempt while a server still answers with the room that it is just ending."""
ASKED: Final = 100
"""Rooms whose people are asked for in one look, for the status page."""

_NO_ANSWER: Final = (Unavailable, RateLimited, Unauthorized, UnexpectedAnswer)
"""What most likely happens to the next room too."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How rooms are kept: seconds from look to look at most, and whether changed rooms are repaired when empty."""

    interval: float
    repair: bool = False


class Keeper:
    """Keeps one project's rooms as long as `run` runs.

    `sharing` answers with the rooms that each label of the same project declares.
    """

    def __init__(
        self,
        project: ProjectState,
        rooms: Rooms,
        manner: Manner,
        state: State,
        *,
        sharing: Callable[[], Mapping[str, Collection[str]]],
        timeout: float,
    ) -> None:
        self.project = project
        self._rooms = rooms
        self._manner = manner
        self._state = state
        self._sharing = sharing
        self._limit = max(manner.interval, timeout)
        self._hint = asyncio.Event()
        self._failures = 0
        self._told: dict[str, str] = {}
        self._changes: dict[str, ChangedRoom] = {}
        self._ended: dict[str, str] = {}
        self._moved()

    def declare(self, declared: Iterable[RoomInputs]) -> None:
        """From now on these rooms are kept. Whatever a manifest allows `up` to do, nobody is disconnected here."""
        self.project.declared = {room.name: room.model_copy(update={"force_destroy": False}) for room in declared}
        known = self.project.declared
        self._told = {name: told for name, told in self._told.items() if name in known or not name}
        if self.project.found is not None:
            self._compare()

    def hint(self, name: str = "", sid: str = "") -> None:
        """Something may have happened: look now. The session `sid` of the room `name` is said to have ended."""
        if name and name not in self.project.declared:
            return
        if name and sid:
            self._ended[name] = sid
        self._hint.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began = time.monotonic()
            fine = await self.look()
            took = time.monotonic() - began
            self._state.on_look(took)
            await self._wait(max(0.0, self._pause(fine) - took))

    async def look(self) -> bool:
        """Look once, and put right what is to be put right; answers whether the API could be asked."""
        self._hint.clear()
        try:
            live = await self._limited(self._rooms.list())
        except RelayError as error:
            self._unreachable(error)
            return False
        if self.project.problem:
            self.project.problem = ""
            self._tell("reachable", f"{self._label}: the API answers again")
        self.project.live = {room.name: room for room in live}
        self.project.listed_at = time.time()
        self._compare()
        found = self.project.found
        assert found is not None
        # What a server is said to have ended it may list, and hand out, for a moment longer.
        self._ended = {name: sid for name, sid in self._ended.items() if self._sid(name) in (sid, None)}
        lacking = [name for name in self.project.declared if name in found.missing or name in self._ended]
        changed = [one for one in found.changed if one.room not in self._ended]
        fine = await self._each(lacking, self._make)
        if fine and self._manner.repair:
            fine = await self._each(changed, self._repair)
        await self._look_for_people()
        return fine

    async def _make(self, name: str) -> None:
        ended = self._ended.pop(name, None)
        for wait in ENDED_WAITS if ended else (0.0,):
            await asyncio.sleep(wait)
            try:
                live = await self._limited(self._rooms.create(self.project.declared[name], Run()))
            except RoomDiffers:
                if ended is None:
                    raise
                continue
            if live.sid != ended:
                break
        else:
            return  # it lives on: a hint is no truth, and the next look goes by the list alone
        self._state.recreated += 1
        self._took(live)
        self._tell("created", f"created {self._label}/{name}", name, sid=live.sid)

    async def _repair(self, change: ChangedRoom) -> None:
        name, live = change.room, self.project.live[change.room]
        if live.num_participants:
            return
        wanted = self.project.declared[name]
        before = outputs(wanted.props(), live)
        run = Run()
        # The room as it was seen, and no other session, may be ended; the guard has to find it empty.
        run.knows((self._rooms.project, name), {**before, **wanted.props(), "sid": live.sid})
        if all(one.field in self._rooms.backend.in_place for one in change.fields):
            made = await self._limited(self._rooms.update(before, wanted, run))
        else:
            made = await self._limited(self._rooms.create(wanted, run))
        if made is not None:
            self._took(made)
            self._changes.pop(name, None)
            self._tell("repaired", f"repaired {self._label}/{name}: {_said(change)}", name, sid=made.sid)

    async def _each(self, what: Collection[T], do: Callable[[T], Awaitable[None]]) -> bool:
        """Do it with each of them, several at once. What fails is told, once. Where there is no answer for many, the
        rest is left, and False answered; a single room that fails again and again holds up no other."""
        slots = asyncio.Semaphore(CONCURRENCY)
        unanswered = 0

        async def one(item: T) -> None:
            nonlocal unanswered
            name = item.room if isinstance(item, ChangedRoom) else str(item)
            async with slots:
                if unanswered >= CONCURRENCY:
                    return
                try:
                    await do(item)
                    self._told.pop(name, None)
                except RelayError as error:
                    self._failed(name, error)
                    unanswered += isinstance(error, _NO_ANSWER)

        if what:
            await asyncio.gather(*map(one, what))
            self._compare()
        return unanswered < CONCURRENCY

    async def _look_for_people(self) -> None:
        """Who is in the rooms, while somebody looks at the status page: a request for each, so not in all at once."""
        if not self._state.watched:
            self.project.people = {}
            return
        occupied = {name for name, room in self.project.live.items() if room.num_participants}
        self.project.people = {name: who for name, who in self.project.people.items() if name in occupied}
        longest_unasked = [*sorted(occupied - self.project.people.keys()), *self.project.people]
        await asyncio.gather(*map(self._ask_for_people, longest_unasked[:ASKED]))
        self._state.touch()

    async def _ask_for_people(self, name: str) -> None:
        with contextlib.suppress(RelayError):  # the list's count is shown all the same
            room = await self._limited(self._rooms.backend.get(name))
            self.project.people.pop(name, None)  # last in line for the next look
            self.project.people[name] = tuple(one.identity for one in guard.present(room)) if room else ()

    async def _limited(self, answer: Awaitable[T]) -> T:
        """The answer, if it comes in time; a request that hangs must not hold up the loop."""
        self._moved()
        try:
            async with asyncio.timeout(self._limit):
                return await answer
        except TimeoutError:
            raise Unavailable(f"{self.project.address} did not answer within {self._limit:g} s.") from None
        finally:
            self._moved()

    def _compare(self) -> None:
        project = self.project
        live = counting(project.label, self._sharing(), project.live.values())
        project.found = compare(project.label, project.declared.values(), live, self._rooms.backend.unreported)
        self._state.touch()
        changes = {one.room: one for one in project.found.changed}
        for name, change in changes.items():
            if self._changes.get(name) != change:
                fields = [{"field": f.field, "declared": f.declared, "live": f.live} for f in change.fields]
                said = f"{self._label}/{name} is not as declared: {_said(change)}"
                self._state.tell(Event("changed", said, "warning", self._label, name, {"fields": fields}))
        for name in self._changes.keys() - changes.keys():
            if name in project.live and name in project.declared:
                self._tell("as_declared", f"{self._label}/{name} is as declared again", name)
        self._changes = changes

    def _took(self, live: LiveRoom) -> None:
        self.project.live[live.name] = live

    def _sid(self, name: str) -> str | None:
        live = self.project.live.get(name)
        return live.sid if live else None

    def _failed(self, name: str, error: RelayError) -> None:
        """Say it once, however often it happens."""
        # Somebody else made or changed the room just now: the next look tells how it is.
        if self._told.get(name) == str(error) or isinstance(error, RoomDiffers):
            return
        self._told[name] = str(error)
        said = f"{self._label}/{name}: {error}"
        refused = isinstance(error, RoomOccupied | RoomUnsure)
        event = Event("refused", said, "warning") if refused else Event("failed", said, "error")
        self._state.tell(replace(event, project=self._label, room=name))

    def _unreachable(self, error: RelayError) -> None:
        if self.project.problem != str(error):
            self.project.problem = str(error)
            self._state.tell(Event("unreachable", f"{self._label}: {error}", "error", self._label))

    def _tell(self, what: str, message: str, name: str = "", **more: object) -> None:
        self._state.tell(Event(what, message, "info", self._label, name, more))

    @property
    def _label(self) -> str:
        return self.project.label

    def _pause(self, fine: bool) -> float:
        """Seconds from the beginning of this look to that of the next."""
        self._failures = 0 if fine else self._failures + 1
        interval, failures = self._manner.interval, max(self._failures - 1, 0)
        longest = max(interval, min(LONGEST_PAUSE, 10 * interval))
        return min(longest, math.ldexp(interval, min(failures, 10))) * random.uniform(*JITTER)  # noqa: S311

    async def _wait(self, seconds: float) -> None:
        self._moved(seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._hint.wait()
            await asyncio.sleep(BREATH)
        except TimeoutError:
            pass

    def _moved(self, wait: float = 0.0) -> None:
        self.project.move_by = time.monotonic() + max(2 * self._limit, wait + self._limit)


def _said(change: ChangedRoom) -> str:
    def shown(value: object) -> str:
        return f'"{quoted(value, limit=120)}"' if isinstance(value, str) else str(value)

    return "; ".join(f"{one.field} is {shown(one.live)}, declared {shown(one.declared)}" for one in change.fields)
