"""A cluster of one's own: LiveKit nodes that share a Redis, on free ports of loopback."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.livekit.server import LiveKit, serving_livekit

START_ATTEMPTS = 3
GIVE_UP_AFTER = 30.0


@contextmanager
def serving_redis() -> Iterator[int]:
    """A Redis that keeps nothing on disk; its port. Skips the test where the program is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    for _ in range(START_ATTEMPTS):  # another process may take a free port first
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = int(found.getsockname()[1])
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if _answers(port, process):
                yield port
                return
        finally:
            process.terminate()
            process.wait(10)
    pytest.fail("redis-server did not start")


@contextmanager
def serving_cluster(nodes: int) -> Iterator[list[LiveKit]]:
    """That many LiveKit servers that are one: same keys, one Redis."""
    secret = secrets.token_hex(32)
    with ExitStack() as stack:
        redis = {"redis": {"address": f"127.0.0.1:{stack.enter_context(serving_redis())}"}}
        yield [stack.enter_context(serving_livekit(redis, secret)) for _ in range(nodes)]


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + GIVE_UP_AFTER
    while process.poll() is None and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(b"PING\r\n")
                # The process must be ours still: a foreign one may have the port.
                return connection.recv(16) == b"+PONG\r\n" and process.poll() is None
        except OSError:
            time.sleep(0.05)
    return False
