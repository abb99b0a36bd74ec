"""A proxy in front of a served Rooms API that counts the requests and answers some of them wrongly, as networks do."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """An answer in the API's stead."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """No answer for so many seconds, then a closed connection."""

    seconds: float = 5.0


@dataclass(frozen=True)
class Lost:
    """The API acts, and the connection drops before its answer is through."""


Fault = Answer | Silence | Lost
Rule = Callable[[str, str], Fault | None]


@dataclass
class Proxy:
    """Set `rule` to misbehave; `requests` holds what was asked so far."""

    url: str
    requests: list[tuple[str, str]]
    rule: Rule | None = None

    def count(self, method: str, path: str) -> int:
        return self.requests.count((method, path))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    proxy: Proxy
    target: str

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.removeprefix("/v1")
        proxy.requests.append((self.command, path))
        match proxy.rule(self.command, path) if proxy.rule else None:
            case Answer(status, text, headers):
                self._send(status, text.encode(), headers)
            case Silence(seconds):
                time.sleep(seconds)
                self._drop()
            case Lost():
                self._forward(body)
                self._drop()
            case None:
                status, headers, answer = self._forward(body)
                self._send(status, answer, headers)

    do_GET = do_POST = do_DELETE = do  # noqa: N815 — the base class's names

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, {"Content-Type": response.headers.get("Content-Type", "")}, answer

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if "Content-Length" in headers:  # more was promised than comes
            self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def proxying(url: str) -> Iterator[Proxy]:
    """Stand in front of the API at `url` until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.target = urlsplit(url).netloc
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}/v1", [])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()
