"""Runs the engine and ends what it leaves behind, for `relay-rooms`, on Linux: `guardian.py PULUMI ARGUMENTS…`.

An engine that is killed, or loses its program, while a provider is starting ends without it, and a provider that no
engine ever spoke to would wait for ever. What an engine started becomes this process's own when the engine is gone.

A process of its own, since `relay-rooms` may be killed too. It imports nothing of the package: it has to start at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

GRACE: Final = 5.0
"""Seconds that providers have to finish what they were asked for; they notice by themselves that the engine is gone."""
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


def guarded(command: list[str]) -> list[str]:
    """The command line that runs a command under a guardian."""
    return [sys.executable, "-I", "-S", __file__, *command]


def main(command: list[str]) -> None:
    """Exits as the command does, 128 and the signal's number when one ended it; signals are passed on to it."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    early: list[int] = []
    _on_signal(early.append)
    # Should this process be killed, the engine is asked to end.
    engine = subprocess.Popen(command, preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT))  # noqa: S603, PLW1509
    _on_signal(engine.send_signal)
    for number in early:
        engine.send_signal(number)
    code = engine.wait()
    _clear_up()
    sys.exit(code if code >= 0 else 128 - code)


def _on_signal(do: Callable[[int], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: do(number))


def _clear_up() -> None:
    """Until nothing is left that the engine started."""
    end = time.monotonic() + GRACE
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            if time.monotonic() > end:
                for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                    os.kill(int(child), signal.SIGKILL)
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1:])
