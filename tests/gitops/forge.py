"""A stand-in for a forge's API: an HTTP server on a free loopback port, whose routes are methods with a pattern."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Route = Callable[..., Any]


@dataclass
class Forge:
    """`routes`: (method, pattern of the path) → what answers, with the pattern's groups, the query and the body."""

    url: str = ""
    token: str = "forge-token"
    header: tuple[str, str] = ("Authorization", "Bearer forge-token")
    routes: list[tuple[str, str, Route]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, sent: str, body: bytes) -> tuple[int, Any]:
        split = urlsplit(target)
        self.log.append(f"{method} {split.path}")
        if sent != self.header[1]:
            return 401, {"message": "who is that?"}
        for known, pattern, route in self.routes:
            if method == known and (found := re.fullmatch(pattern, split.path)):
                return 200, route(*found.groups(), query=dict(parse_qsl(split.query)), body=json.loads(body or b"{}"))
        return 404, {"message": f"no {method} {split.path}"}

    @contextmanager
    def serving(self) -> Iterator[Forge]:
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = self.headers.get(forge.header[0], "")
                status, found = forge.answer(self.command, self.path, sent, body)
                data = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = handle_one  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def page(found: list[Any], query: dict[str, str]) -> list[Any]:
    """Of a long list what was asked for, as forges page."""
    size = int(query.get("per_page", 30))
    start = (int(query.get("page", 1)) - 1) * size
    return found[start : start + size]
