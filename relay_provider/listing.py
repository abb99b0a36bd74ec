"""One list request shared by everyone who asks for it within a few seconds.

Refreshing N rooms asks N times what is live; the server is asked once, and twice when rooms are gone.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

import anyio

from relay_provider.model import LiveRoom

FRESH_FOR: Final = 10.0
"""Seconds that one list serves. Long enough for the refresh of a large stack, short enough to be true."""

PATIENCE: Final = 3
"""How many lists one question asks for in the hope of one that no write overtakes."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live rooms by name, when they were asked for (monotonic seconds), and how many writes were over by then."""

    rooms: dict[str, LiveRoom]
    asked: float
    writes: int


class SharedListing:
    """The project's rooms as last listed. For one event loop."""

    def __init__(
        self, fetch: Callable[[], Awaitable[list[LiveRoom]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = anyio.Lock()
        self._snapshots: list[Snapshot] = []  # the last two
        self._writes = 0
        self._written: dict[str, int] = {}
        self._answers = 0
        self._failure: Exception | None = None

    def wrote(self, name: str) -> None:
        """This process changed a room just now: lists that were asked for earlier no longer count."""
        self._writes += 1
        self._written[name] = self._writes

    async def rooms(self) -> dict[str, LiveRoom]:
        """Every live room by name: a list that is no older than `FRESH_FOR`, nor than this process's last write."""
        if not self._usable(self._clock() - FRESH_FOR, self._writes):
            await self._list()
        return self._snapshots[-1].rooms

    async def find(self, name: str, since: float = 0.0) -> LiveRoom | None:
        """The room, or None when the last two lists, the second asked for after the first, both lack it.

        The lists are not older than the moment `since` (monotonic seconds). Ends after `PATIENCE` lists, or one more:
        while this process keeps writing, no list is younger than its last write, but one that was asked for after the
        question was put is true all the same.
        """
        asked, written = max(self._clock() - FRESH_FOR, since), self._writes
        return await self._seen(name, asked, lambda lists: self._writes if lists < PATIENCE else written)

    async def witness(self, name: str, since: float = 0.0) -> LiveRoom | None:
        """What a list says of one room, to hold against the room's own answer; None only when two lists lack it.

        The list is not older than this process's last write to that very room, nor than the moment `since`
        (monotonic seconds): other rooms' writes do not make it less true.
        """
        asked = max(self._clock() - FRESH_FOR, since)
        return await self._seen(name, asked, lambda _: self._written.get(name, 0))

    def now(self) -> float:
        """This moment, for `since`."""
        return self._clock()

    async def _seen(self, name: str, asked: float, writes: Callable[[int], int]) -> LiveRoom | None:
        """The room in the last list that counts, None when it is in neither of the last two; `writes` is how many must
        have been over by then, after so many lists."""
        for lists in count():
            usable = self._usable(asked, writes(lists))
            if usable and name in usable[-1].rooms:
                return usable[-1].rooms[name]
            if len(usable) == 2 and name not in usable[0].rooms:
                return None
            await self._list()
        raise AssertionError("unreachable")

    def _usable(self, asked: float, writes: int) -> list[Snapshot]:
        return [one for one in self._snapshots if one.writes >= writes and one.asked >= asked]

    async def _list(self) -> None:
        """One more list; all who wait for it share its answer, or its failure."""
        seen = self._answers
        async with self._lock:
            if self._answers != seen:  # somebody else asked while this one waited
                if self._failure:
                    raise self._failure
                return
            asked, writes = self._clock(), self._writes
            try:
                rooms = await self._fetch()
            except Exception as error:
                self._answers, self._failure = self._answers + 1, error
                raise
            self._answers, self._failure = self._answers + 1, None
            self._snapshots = [*self._snapshots[-1:], Snapshot({room.name: room for room in rooms}, asked, writes)]
