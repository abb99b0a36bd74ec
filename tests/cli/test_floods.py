"""An answer that has no end, or unpacks to more than anybody has room for, through the command that asked for it."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

KIB = 400 * 1024
"""Memory that the command may take; without a bound, these answers take gigabytes."""

MEASURED = """
import resource, subprocess, sys
print(subprocess.call(sys.argv[1:]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small process in between: to the kernel, what is started has taken at least what its starter has."""


class Endless(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(b'{"rooms": [')
            while True:
                self.wfile.write(b"[]," * 100_000)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


class Packed(Endless):
    def do_GET(self) -> None:
        body = gzip.compress(b'{"rooms": [' + b"[]," * (30 << 20), compresslevel=1)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class WithinBounds(Endless):
    """As much as is read, of what is wrong in every entry."""

    def do_GET(self) -> None:
        body = b'{"rooms": [' + b"[]," * (8 << 20) + b"[]]}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Endless, "answered with more than 64 MiB"),
        pytest.param(Packed, "answered with more than 64 MiB", marks=pytest.mark.soak),
        (WithinBounds, "answered with rooms.0: Input should be an object"),
    ],
)
def test_an_answer_takes_bounded_memory(kind: type[BaseHTTPRequestHandler], said: str) -> None:
    command = Path(sys.executable).parent / "relay-rooms"
    with serving(kind) as url:
        env = {**os.environ, "RELAY_API_KEY": "sk_live_0123456789abcdef", "RELAY_BASE_URL": url}
        running = subprocess.run(
            [sys.executable, "-c", MEASURED, command, "list"], env=env, capture_output=True, text=True, check=True
        )
    status, taken = map(int, running.stdout.split()[-2:])
    assert status == 1
    assert said in running.stderr
    assert taken // (1024 if sys.platform == "darwin" else 1) < KIB
