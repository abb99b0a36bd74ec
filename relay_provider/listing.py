"""One list request shared by everyone who asks for it within a few seconds.

Refreshing N rooms asks N times what is live; the server is asked once, and twice when rooms are gone.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio

from relay_provider.model import LiveRoom

FRESH_FOR: Final = 10.0
"""Seconds that one list serves. Long enough for the refresh of a large stack, short enough to be true."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live rooms by name, and when they were asked for and answered (monotonic seconds)."""

    rooms: dict[str, LiveRoom]
    asked: float
    answered: float


class SharedListing:
    """The project's rooms as last listed. For one event loop."""

    def __init__(
        self, fetch: Callable[[], Awaitable[list[LiveRoom]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = anyio.Lock()
        self._snapshots: list[Snapshot] = []  # the last two
        self._written = float("-inf")

    def wrote(self) -> None:
        """This process changed a room just now: lists that were asked for earlier no longer count."""
        self._written = self._clock()

    async def find(self, name: str) -> LiveRoom | None:
        """The room, or None when the last two lists, the second asked for after the first, both lack it."""
        while True:
            usable = self._usable()
            if usable and name in usable[-1].rooms:
                return usable[-1].rooms[name]
            if len(usable) == 2 and name not in usable[0].rooms:
                return None
            await self._list_after(usable)

    def _usable(self) -> list[Snapshot]:
        oldest = self._clock() - FRESH_FOR
        return [s for s in self._snapshots if s.asked > self._written and s.asked >= oldest]

    async def _list_after(self, seen: list[Snapshot]) -> None:
        """One more list than `seen`; all who wait for it share it."""
        async with self._lock:
            if seen != self._usable():
                return  # somebody else listed while this one waited
            asked = self._clock()
            rooms = await self._fetch()
            snapshot = Snapshot({room.name: room for room in rooms}, asked, self._clock())
            self._snapshots = [*self._snapshots[-1:], snapshot]
