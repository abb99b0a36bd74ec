"""Connections that clients keep waiting, and how many there may be.

No proxy stands in front of the served API, so it bears a flood by itself: there are fewer connections than the process
may open files; each phase in which the server waits for a client has an end; and where all places are taken, whoever
has been waited for the longest makes room for the next.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import resource
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from relay_provider.gateway.connection import Connection, Wait

# What the process itself opens: its libraries' files, the event loop, and connections to LiveKit.
_OWN_FILES: Final = 128
_MOST: Final = 4096
_MOST_CLOSED_AT_ONCE: Final = 16
_MOST_UNREAD: Final = 256 * 2**20

_log = logging.getLogger("relay_provider.gateway")


@dataclass(frozen=True)
class Limits:
    """How many connections there may be, and how many seconds a client may take for each part of a request."""

    connections: int
    headers: float = 10.0
    body: float = 30.0
    answer: float = 30.0
    idle: float = 75.0  # longer than clients keep connections, so that none is closed just as it is used again

    @classmethod
    def of_this_process(cls) -> Limits:
        """As many connections as leave room for the files that the process opens itself."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls(_MOST if files == resource.RLIM_INFINITY else min(_MOST, max(files // 2, files - _OWN_FILES)))


class Doorkeeper:
    """Accepts connections while there are places, and closes those that it has waited for too long."""

    def __init__(
        self, limits: Limits, connections: Collection[Connection], protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._limits = limits
        self._connections = connections
        self._protocol = protocol

    async def accept(self, sock: socket.socket) -> None:
        """Accept until cancelled. asyncio's own way accepts many at once, however many there are already."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        while True:
            if len(self._connections) >= self._limits.connections:
                # Where nobody is waited for, the next ones wait in the kernel's queue.
                await asyncio.sleep(0 if self._make_room() else 0.02)
                continue
            try:
                accepted, _ = await loop.sock_accept(sock)
            except OSError as error:
                _log.error("A connection could not be accepted: %s", error.strerror)
                self._make_room()
                await asyncio.sleep(0.1)
                continue
            try:
                await loop.connect_accepted_socket(self._protocol, accepted)
            except OSError:
                accepted.close()

    async def watch(self) -> None:
        """Close whoever takes longer than allowed, or leaves too much unread, until cancelled."""
        unread_closed = False
        while True:
            await asyncio.sleep(0.5)
            if unread_closed:
                _give_back_memory()
            unread_closed = False
            for wait, connection in self._overdue(time.monotonic()):
                connection.transport.abort()
                unread_closed |= wait.phase == "answer"

    def _overdue(self, now: float) -> Iterator[tuple[Wait, Connection]]:
        allowed = asdict(self._limits)
        unread = 0
        for wait, connection in reversed(self._waiting(now)):
            unread += connection.transport.get_write_buffer_size()
            too_much = wait.phase == "answer" and unread > _MOST_UNREAD
            if too_much or now - wait.since > allowed[wait.phase]:
                yield wait, connection

    def _make_room(self) -> bool:
        """Close those that were waited for the longest: several at once, so that a flood costs little."""
        waiting = self._waiting(time.monotonic())
        for _, connection in waiting[: min(_MOST_CLOSED_AT_ONCE, len(waiting) // 4 + 1)]:
            connection.transport.abort()
        return bool(waiting)

    def _waiting(self, now: float) -> list[tuple[Wait, Connection]]:
        """Whoever is waited for, the longest first."""
        found = [(wait, connection) for connection in self._connections if (wait := connection.waits(now))]
        return sorted(found, key=lambda waiting: waiting[0].since)


def _give_back_memory() -> None:
    """Return freed memory to the system, which the GNU library keeps where big answers lay."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
