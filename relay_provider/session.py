"""This process's connections: one `Rooms` per connection, shared by whoever asks, on one event loop.

Doors that are called on threads (the dynamic provider, plain functions in a program) go through `run`.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from relay_provider.backends import connect
from relay_provider.config import Settings
from relay_provider.lifecycle import Rooms

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class Session:
    """The open connections of one event loop, by their settings."""

    def __init__(self) -> None:
        self._rooms: dict[Settings, Rooms] = {}

    def rooms(self, settings: Settings) -> Rooms:
        """The project's rooms; equal settings share one client and one list."""
        if settings not in self._rooms:
            self._rooms[settings] = Rooms(connect(settings))
        return self._rooms[settings]

    async def aclose(self) -> None:
        """Close every connection."""
        open_rooms, self._rooms = self._rooms, {}
        for rooms in open_rooms.values():
            await rooms.aclose()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Shared:
    """The one event loop behind every thread of this process, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._session = Session()

    def run(self, settings: Settings, work: Callable[[Rooms], Awaitable[T]]) -> T:
        async def on_loop() -> T:
            return await work(self._session.rooms(settings))

        return self._started().call(on_loop)

    def _started(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._portal = self._stack.enter_context(start_blocking_portal(name="relay-provider"))
                atexit.register(self._close)
            return self._portal

    def _close(self) -> None:
        with self._lock:
            portal, self._portal = self._portal, None
            if portal is not None:
                portal.call(self._session.aclose)
                self._stack.close()


_shared = _Shared()
run = _shared.run
"""Carry out `work` with the project's rooms on the shared event loop, from any thread; blocks for its result."""

__all__ = ["Session", "run"]
