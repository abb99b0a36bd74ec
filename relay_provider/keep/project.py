"""The loop of one project: look, recreate what is missing, repair what may be, wait."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from relay_provider import guard
from relay_provider.backends.base import CONCURRENCY
from relay_provider.changes import outputs
from relay_provider.drift import compare, counting, differences
from relay_provider.errors import (
    RateLimited,
    RelayError,
    ReplacementFailed,
    RoomDiffers,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from relay_provider.keep.state import ProjectState, State
from relay_provider.keep.telling import Telling
from relay_provider.keep.tempo import Tempo
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.run import Run

T = TypeVar("T")
OnChange = Literal["report", "repair-empty", "repair"]
"""What is done about a room that is live with other settings: it is told; and repaired when nobody is in it; and what
disconnects nobody is repaired at once."""

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
    """How rooms are kept: seconds from look to look at most, and what is done about changed ones."""

    interval: float
    on_change: OnChange = "report"


class Keeper:
    """Keeps one project's rooms as long as `run` runs.

    `sharing` answers with the rooms that each label of the same project declares, `others` with patterns of the names
    that other projects' rooms have; `timeout` is the seconds that one request may take.
    """

    def __init__(
        self,
        project: ProjectState,
        rooms: Rooms,
        manner: Manner,
        state: State,
        *,
        sharing: Callable[[], Mapping[str, Collection[str]]],
        others: Callable[[], Collection[str]] = tuple,
        timeout: float,
    ) -> None:
        self.project = project
        self._rooms = rooms
        self._manner = manner
        self._state = state
        self._sharing = sharing
        self._others = others
        self._limit = max(manner.interval, timeout)
        self._tempo = Tempo(manner.interval)
        self._telling = Telling(project, state)
        self._hint = asyncio.Event()
        self._ended: dict[str, set[str]] = {}
        """Sessions that have ended, by room. A server may list them, and hand them out, for a moment longer."""
        self._moved()

    def declare(self, declared: Iterable[RoomInputs]) -> None:
        """From now on these rooms are kept. Whatever a manifest allows `up` to do, nobody is disconnected here."""
        self.project.declared = {room.name: room.model_copy(update={"force_destroy": False}) for room in declared}
        if self.project.found is not None:
            self._compare()

    def hint(self, name: str = "", sid: str = "") -> None:
        """Something may have happened: look now. The session `sid` of the room `name`, or else the one that was last
        seen, is said to have ended."""
        if name and name not in self.project.declared:
            return
        if name:
            self._has_ended(name, sid or self._sid(name))
        self._hint.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began = time.monotonic()
            fine = await self.look()
            took = time.monotonic() - began
            self._state.on_look(took)
            await self._wait(max(0.0, self._tempo.pause(fine) - took))

    async def look(self) -> bool:
        """Look once, and put right what is to be put right; answers whether the API could be asked."""
        self._hint.clear()
        try:
            live = await self._limited(self._listed())
        except RelayError as error:
            self._telling.unreachable(error)
            return False
        self._telling.answers()
        now = {room.name: room for room in live}
        for name in self.project.declared.keys() - now.keys():
            self._has_ended(name, self._sid(name))
        self.project.live = now
        self.project.listed_at = time.time()
        self._compare()
        self._ended = {name: sids for name, sids in self._ended.items() if self._sid(name) in (*sids, None)}
        missing, changed = self._wrong()
        fine = await self._each(missing, self._make)
        if fine and self._manner.on_change != "report":
            fine = await self._each(changed, self._repair)
        await self._look_for_people()
        return fine

    async def _listed(self) -> list[LiveRoom]:
        live = await self._rooms.list()
        ending = {room.name for room in live if room.sid in self._ended.get(room.name, ())}
        return await self._rooms.with_agents(live, (r for n, r in self.project.declared.items() if n not in ending))

    def _wrong(self) -> tuple[list[str], list[str]]:
        """The rooms that are missing, or about to be, and the others that are changed."""
        found = self.project.found
        assert found is not None
        missing = {*found.missing, *self._ended} & self.project.declared.keys()
        return sorted(missing), [one.room for one in found.changed if one.room not in missing]

    async def _make(self, name: str) -> None:
        ended = self._ended.get(name, set())
        for wait in ENDED_WAITS if ended else (0.0,):
            await asyncio.sleep(wait)
            if name not in self.project.declared:
                return  # by a manifest that came meanwhile
            try:
                live = await self._limited(self._rooms.create(self.project.declared[name], Run(), ended=ended))
                break
            except ReplacementFailed:
                continue
            except RoomDiffers:
                if self._ended.pop(name, None):
                    self._hint.set()  # a join was faster: how the room is, tells a look, and not an interval later
                raise
        else:
            del self._ended[name]
            return  # it lives on: a hint is no truth, and the next look goes by the list alone
        self._ended.pop(name, None)
        self._state.recreated += 1
        self.project.live[name] = live
        self._telling.created(name, live.sid)

    async def _repair(self, name: str) -> None:
        live, wanted = self.project.live[name], self.project.declared.get(name)
        fields = differences(wanted, live) if wanted else ()
        if live.num_participants:
            at_once = self._rooms.backend.in_place if self._manner.on_change == "repair" else ()
            fields = tuple(one for one in fields if one.field in at_once)
        if wanted is None or not fields:
            return
        before = outputs(wanted.props(), live)
        run = Run()
        # The room as it was seen, and no other session, may be ended; the guard has to find it empty.
        run.knows((self._rooms.project, name), {**before, **wanted.props(), "sid": live.sid})
        if all(one.field in self._rooms.backend.in_place for one in fields):
            made = await self._limited(self._rooms.update(before, wanted, run))
        else:
            made = await self._limited(self._rooms.create(wanted, run))
        if made is not None:
            self.project.live[name] = made
            self._telling.repaired(name, made.sid, fields)

    async def _each(self, names: Collection[str], do: Callable[[str], Awaitable[None]]) -> bool:
        """Do it with each of these rooms, several at once; False where there was no answer for many, and the rest was
        left. A single room that fails again and again holds up no other."""
        slots = asyncio.Semaphore(CONCURRENCY)
        unanswered = 0

        async def one(name: str) -> None:
            nonlocal unanswered
            async with slots:
                if unanswered >= CONCURRENCY:
                    return
                try:
                    await do(name)
                    self._telling.done(name)
                except RelayError as error:
                    self._telling.failed(name, error)
                    unanswered += isinstance(error, _NO_ANSWER)

        if names:
            await asyncio.gather(*map(one, names))
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
        live = counting(project.label, self._sharing(), project.live.values(), self._others())
        project.found = compare(project.label, project.declared.values(), live, self._rooms.backend.unreported)
        self._state.touch()
        self._telling.compared()

    def _has_ended(self, name: str, sid: str | None) -> None:
        if sid:
            self._ended.setdefault(name, set()).add(sid)

    def _sid(self, name: str) -> str | None:
        live = self.project.live.get(name)
        return live.sid if live else None

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
