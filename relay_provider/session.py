"""This process's connections: one `Rooms` per connection, shared by whoever asks, on one event loop.

Doors that are called on threads (the dynamic provider, plain functions in a program) go through `run`, or take `rooms`
for what waits for nothing.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from relay_provider.backends import connect
from relay_provider.config import Connection
from relay_provider.lifecycle import Rooms
from relay_provider.place import home_of

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from relay_provider.backends.base import Backend
    from relay_provider.backends.sayna import Sayna

T = TypeVar("T")


class Session:
    """The open connections of one event loop, by their settings. `made` makes a backend in place of `connect`."""

    def __init__(self, made: Callable[[Connection], Backend] | None = None) -> None:
        self._made = made
        self._lock = threading.Lock()
        self._rooms: dict[object, Rooms] = {}
        self._saynas: dict[Connection, Sayna] = {}

    def rooms(self, settings: Connection) -> Rooms:
        """The project's rooms; settings that lead to one project, however spelled, share a client and a list.

        Any thread may ask for them. Raises ConfigError for what the settings lack.
        """
        project = home_of(settings)
        limits = (settings.request_timeout, settings.max_retries, settings.allow_http)
        key = (project, settings.livekit_api_key, settings.livekit_api_secret, *limits)
        with self._lock:
            if key not in self._rooms:
                self._rooms[key] = Rooms((self._made or connect)(settings), project, opened=self._rooms.values())
            return self._rooms[key]

    def sayna(self, settings: Connection) -> Sayna:
        """The Sayna server of these settings; equal settings share one client."""
        if settings not in self._saynas:
            from relay_provider.backends.sayna import Sayna

            self._saynas[settings] = Sayna(settings)
        return self._saynas[settings]

    async def aclose(self) -> None:
        """Close every connection."""
        opened: list[Rooms | Sayna] = [*self._rooms.values(), *self._saynas.values()]
        self._rooms, self._saynas = {}, {}
        for client in opened:
            await client.aclose()

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
        self.rooms = self._session.rooms

    def run(self, settings: Connection, work: Callable[[Rooms], Awaitable[T]]) -> T:
        return self.run_in_session(lambda session: work(session.rooms(settings)))

    def run_in_session(self, work: Callable[[Session], Awaitable[T]]) -> T:
        with self._lock:
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._portal = self._stack.enter_context(start_blocking_portal(name="relay-provider"))
                atexit.register(self._close)
            portal = self._portal
        return portal.call(work, self._session)

    def _close(self) -> None:
        with self._lock:
            portal, self._portal = self._portal, None
            if portal is not None:
                portal.call(self._session.aclose)
                self._stack.close()


_shared = _Shared()
rooms = _shared.rooms
"""A project's rooms, for what needs no event loop."""
run = _shared.run
"""Carry out `work` with the project's rooms on the shared event loop, from any thread; blocks for its result."""
run_in_session = _shared.run_in_session
"""The same for work that needs more than one project's rooms."""
