"""A command on a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RELAY_ROOMS = (sys.executable, "-c", "from relay_provider.cli import main; main()")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """What the command wrote, and a keyboard."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.written = ""

    @property
    def text(self) -> str:
        """Without colours and cursor movements."""
        return ANSI.sub("", self.written).replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait_for(self, what: str, timeout: float = 120) -> None:
        end = time.monotonic() + timeout
        while what not in self.text:
            assert time.monotonic() < end, f"{what!r} was not written:\n{self.text}"
            assert self._read(), f"{what!r} was not written before the end:\n{self.text}"

    def wait(self) -> int:
        """The exit code, after everything that was written."""
        while self._read():
            pass
        return self.process.wait(120)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 120)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.written += data.decode(errors="replace")
        return bool(data)


@contextmanager
def terminal(*args: str, cwd: Path, env: dict[str, str] | None = None) -> Iterator[Terminal]:
    """Run `relay-rooms` on a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*RELAY_ROOMS, *args],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=cwd,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **(env or {})},
        start_new_session=True,
        preexec_fn=_controlling_terminal,
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _controlling_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
