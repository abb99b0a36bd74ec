"""`relay-rooms serve`: the gateway on a socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, cast

import click
import uvicorn

from relay_provider.config import is_loopback, load
from relay_provider.errors import ConfigError
from relay_provider.gateway.app import Gateway
from relay_provider.gateway.connections import Connection, Doorkeeper, Limits
from relay_provider.gateway.engine import Engine
from relay_provider.gateway.keys import DEVELOPMENT_PROJECT, KEYS_VARIABLE, Keys, new_development_key, parse_keys
from relay_provider.gateway.memory import MemoryEngine
from relay_provider.gateway.seldom import seldom
from relay_provider.gateway.workers import supervise

JWT_VARIABLE: Final = "RELAY_GATEWAY_JWT_SECRET"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8790

_log = logging.getLogger("relay_provider.gateway")

EngineName = Literal["memory", "livekit"]


def serve(
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    engine: EngineName = "memory",
    *,
    workers: int = 1,
    environ: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    announce: Callable[[str], None] = click.echo,
) -> None:
    """Serve the Rooms API until SIGINT or SIGTERM; port 0 takes a free one. Several `workers` share the port.

    Announces `Rooms API on http://HOST:PORT/v1` once it answers and, where it made a key, `Key: sk_live_…`.
    Raises ConfigError, before anything is served, when it cannot.
    """
    environ = os.environ if environ is None else environ
    if engine == "memory" and workers > 1:
        raise ConfigError("The memory engine's rooms live in one process; several workers are for --engine livekit.")
    keys, new_key = _keys(host, engine, environ)
    secret = environ.get(JWT_VARIABLE, "").strip()
    if not secret and not is_loopback(host):
        _log.warning(
            "Whoever can reach %s may look into any room at /livekit/rooms/…; %s closes that.", host, JWT_VARIABLE
        )
    with _listening(host, port) as sock, seldom():
        shown = f"[{host}]" if ":" in host else host

        def started() -> None:
            announce(f"Rooms API on http://{shown}:{sock.getsockname()[1]}/v1")
            if new_key:
                announce(f"Key: {new_key}")

        development = engine == "memory" and is_loopback(host)
        gateway = Gateway(_engine(engine, environ), keys, jwt_secret=secret or None, development=development)

        def answer(answering: Callable[[], None], parent: int | None = None) -> None:
            server = _Server(_config(gateway), limits or Limits.of_this_process(), answering, parent)
            asyncio.run(server.serve([sock]))

        if workers > 1:
            supervise(workers, answer, started)
        else:
            answer(started)


def _keys(host: str, engine: EngineName, environ: Mapping[str, str]) -> tuple[Keys, str | None]:
    if text := environ.get(KEYS_VARIABLE, "").strip():
        return parse_keys(text), None
    if not is_loopback(host):
        raise ConfigError(f"{host} can be reached by other machines, so {KEYS_VARIABLE} must say who may ask.")
    if engine != "memory":
        raise ConfigError(f"{KEYS_VARIABLE} is not set; the {engine} engine needs it (sk_live_…=projectId,…).")
    key = new_development_key()
    return Keys([(key, DEVELOPMENT_PROJECT)]), key


def _engine(name: EngineName, environ: Mapping[str, str]) -> Engine:
    if name == "memory":
        return MemoryEngine()
    from relay_provider.gateway.livekit import LiveKitEngine  # slow to import, and not always needed

    return LiveKitEngine(load(None, environ))


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    # getaddrinfo takes 65536 for 0, and so on.
    if not 0 <= port <= 65_535:
        raise ConfigError(f"The Rooms API cannot be served on {host} port {port}: a port is a number up to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"The Rooms API cannot be served on {host}: {_reason(error)}.") from None
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
            sock.listen(2048)
        except OSError as error:
            raise ConfigError(
                f"The Rooms API cannot be served on {host} port {port}: {_reason(error)}; "
                "end what uses it, or take another port (0 takes a free one)."
            ) from None
        yield sock


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


class _Server(uvicorn.Server):
    """Bears floods, says when it answers, and ends quietly on a signal, where uvicorn would raise it again."""

    def __init__(self, config: uvicorn.Config, limits: Limits, started: Callable[[], None], parent: int | None) -> None:
        super().__init__(config)
        self._parent = parent
        self._limits = limits
        self._say_started = started
        self._doing: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # none, since connections are accepted here
        keeper = Doorkeeper(self._limits, cast(set[Connection], self.server_state.connections), self._connection)
        work = [keeper.watch(), *(keeper.accept(sock) for sock in sockets or ())]
        self._doing = [asyncio.create_task(coroutine) for coroutine in work]
        for task in self._doing:
            task.add_done_callback(lambda _: self._stop())
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
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)  # until the loop is closed
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._parent_is_gone)
        yield

    def _parent_is_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(cast(int, self._parent))  # it stays readable
        self._stop()

    def _stop(self) -> None:
        self.should_exit = True


def _config(gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        gateway,
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        # Longer than clients keep idle connections, so that none is closed just as it is used again.
        timeout_keep_alive=75,
        # Below a second, so that a client which is slow to send a body does not hold up the end.
        timeout_graceful_shutdown=cast(int, 0.6),
    )
