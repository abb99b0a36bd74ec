"""`keep --listen`: the socket, who may ask, and the server on it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from relay_provider.errors import ConfigError
from relay_provider.gateway.connections import Limits
from relay_provider.gateway.http_server import Server, listening, url_of
from relay_provider.gateway.seldom import seldom
from relay_provider.keep.log import Event
from relay_provider.keep.service import Service
from relay_provider.keep.web import TOKEN_VARIABLE, Web, checked_token
from relay_provider.keep.webhook import Webhooks


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits, and the token that readers have to bring."""

    sock: socket.socket
    url: str
    token: bytes | None

    async def serve(self, service: Service) -> None:
        """Answer until cancelled."""
        webhooks = Webhooks(service.connections, service.keepers)
        web = Web(service.state, self.token, service.look_now, webhooks.__call__)
        event = Event("listening", f"Status on {self.url}/", more={"url": f"{self.url}/"})
        server = Server(web.app, Limits.of_this_process(), lambda: service.state.tell(event))
        try:
            await server.serve([self.sock])
        except asyncio.CancelledError:
            if server.started:
                await server.shutdown([])
            raise


@contextmanager
def listener(address: str, environ: Mapping[str, str] | None = None) -> Iterator[Listener]:
    """Listen at HOST:PORT. Raises ConfigError, before anything is served, when that cannot be."""
    host, port = _parsed(address)
    token = checked_token(host, (os.environ if environ is None else environ).get(TOKEN_VARIABLE, "").strip())
    with listening(host, port, "The status page") as sock, seldom():
        yield Listener(sock, url_of(host, sock), token)


def _parsed(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not (host and colon and port.isdecimal() and port.isascii()):
        raise ConfigError("--listen must be HOST:PORT, such as 127.0.0.1:9090 or [::1]:9090; port 0 takes a free one.")
    return host, int(port)
