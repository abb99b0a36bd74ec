"""`relay-rooms serve`: the gateway on a socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, cast

import click

from relay_provider.address import is_loopback
from relay_provider.config import load
from relay_provider.errors import ConfigError
from relay_provider.gateway.app import Gateway
from relay_provider.gateway.connections import Limits
from relay_provider.gateway.engine import Engine
from relay_provider.gateway.http_server import Server, listening, url_of
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
    with listening(host, port, "The Rooms API") as sock, seldom():

        def started() -> None:
            announce(f"Rooms API on {url_of(host, sock)}/v1")
            if new_key:
                announce(f"Key: {new_key}")

        development = engine == "memory" and is_loopback(host)
        gateway = Gateway(_engine(engine, environ), keys, jwt_secret=secret or None, development=development)

        def answer(answering: Callable[[], None], parent: int | None = None) -> None:
            server = _Server(gateway, limits or Limits.of_this_process(), answering, parent)
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


class _Server(Server):
    """Ends quietly on a signal, where uvicorn would raise it again, and when its parent process is gone."""

    def __init__(self, gateway: Gateway, limits: Limits, started: Callable[[], None], parent: int | None) -> None:
        super().__init__(gateway, limits, started)
        self._parent = parent

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)  # until the loop is closed
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._parent_is_gone)
        yield

    def _parent_is_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(cast(int, self._parent))  # it stays readable
        self.stop()
