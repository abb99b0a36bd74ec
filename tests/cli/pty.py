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
from contextlib import contextmanager, suppress
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

    def interrupt(self) -> int:
        """Press Ctrl-C at a prompt, again where it was lost, as a person does; the exit code.

        CPython loses one that comes in the instant before it begins to read.
        """
        for _ in range(20):
            self.type("\x03")
            if select.select([self._master], [], [], 1)[0] and (not self._read() or self._ended()):
                break
        return self.wait()

    def _ended(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        return self.process.poll() is not None

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
