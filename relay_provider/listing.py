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
        self._answers = 0
        self._failure: Exception | None = None

    def wrote(self) -> None:
        """This process changed a room just now: lists that were asked for earlier no longer count."""
        self._writes += 1

    async def find(self, name: str) -> LiveRoom | None:
        """The room, or None when the last two lists, the second asked for after the first, both lack it.

        Ends after `PATIENCE` lists, or one more: while this process keeps writing, no list is younger than its last
        write, but one that was asked for after the question was put is true all the same.
        """
        put, written = self._clock(), self._writes
        for lists in count():
            needed = self._writes if lists < PATIENCE else written
            usable = [s for s in self._snapshots if s.writes >= needed and s.asked >= put - FRESH_FOR]
            if usable and name in usable[-1].rooms:
                return usable[-1].rooms[name]
            if len(usable) == 2 and name not in usable[0].rooms:
                return None
            await self._list()
        raise AssertionError("unreachable")

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
