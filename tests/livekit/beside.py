"""A process beside the tests, with LiveKit's native threads in it: it ends when its standard input does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.livekit.server import LiveKit


@contextmanager
def beside(module: str, livekit: LiveKit, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The module's process, on that server, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, livekit.url, livekit.key, livekit.secret, *arguments],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
