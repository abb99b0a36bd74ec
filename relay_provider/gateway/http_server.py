"""A socket, and an ASGI application on it that bears floods: what `serve` and `keep --listen` share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from relay_provider.errors import ConfigError
from relay_provider.gateway.connection import Connection
from relay_provider.gateway.connections import Doorkeeper, Limits


@contextmanager
def listening(host: str, port: int, what: str) -> Generator[socket.socket]:
    """A socket that listens there, port 0 being a free one. ConfigError says that `what` cannot be served, and why."""
    # getaddrinfo takes 65536 for 0, and so on.
    if not 0 <= port <= 65_535:
        raise ConfigError(f"{what} cannot be served on {host} port {port}: a port is a number up to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{what} cannot be served on {host}: {_reason(error)}.") from None
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
            sock.listen(2048)
        except OSError as error:
            raise ConfigError(
                f"{what} cannot be served on {host} port {port}: {_reason(error)}; "
                "end what uses it, or take another port (0 takes a free one)."
            ) from None
        yield sock


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def url_of(host: str, sock: socket.socket) -> str:
    """Where the socket answers, as an address without a path."""
    return f"http://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}"


class Server(uvicorn.Server):
    """Bears floods, and says when it answers. Whoever runs it ends it, by `stop`: signals are none of its business."""

    def __init__(self, app: ASGIApp, limits: Limits, started: Callable[[], None] = lambda: None) -> None:
        super().__init__(_config(app, limits))
        self._limits = limits
        self._say_started = started
        self._doing: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # none, since connections are accepted here
        keeper = Doorkeeper(self._limits, cast(set[Connection], self.server_state.connections), self._connection)
        work = [keeper.watch(), *(keeper.accept(sock) for sock in sockets or ())]
        self._doing = [asyncio.create_task(coroutine) for coroutine in work]
        for task in self._doing:
            task.add_done_callback(lambda _: self.stop())
        self._say_started()

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._doing:
            task.cancel()
        await asyncio.wait(self._doing)
        await super().shutdown(sockets)
        for task in self._doing:
            if not task.cancelled():
                task.result()  # raises what it ended with

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    def stop(self) -> None:
        """Let `serve` come to its end."""
        self.should_exit = True


def _config(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=cast(int, limits.idle),
        # Below a second, so that a client which is slow to send a body does not hold up the end.
        timeout_graceful_shutdown=cast(int, 0.6),
    )
