"""What a person sees while something slow runs, and the one kind of failure that is expected."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TERMINAL_EVERY = 1.0
PLAIN_EVERY = 30.0
TAIL = 15


class SetupError(Exception):
    """Something a person can do something about: its text is all they get to see."""


class CommandError(SetupError):
    """A command failed; the text names its log and shows the end of it."""


def line(text: str) -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def elapsed(seconds: float) -> str:
    """45 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


class Heartbeat:
    """Shows that time passes: one rewritten line on a terminal, a line now and then elsewhere."""

    def __init__(self, label: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.label = label
        self.clock = clock
        self.started = clock()
        self.rewrites = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.every = TERMINAL_EVERY if self.rewrites else PLAIN_EVERY
        self.shown = self.started
        self.width = 0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self.started

    def tick(self) -> None:
        """Say the time when it is due."""
        now = self.clock()
        if now - self.shown < self.every:
            return
        self.shown = now
        text = f"  {self.label}: {elapsed(self.seconds)}"
        if self.rewrites:
            sys.stdout.write("\r" + text.ljust(self.width))
            sys.stdout.flush()
            self.width = len(text)
        else:
            line(text + " …")

    def close(self) -> None:
        """Take the rewritten line away, so that the next one starts clean."""
        if self.width:
            sys.stdout.write("\r" + " " * self.width + "\r")
            sys.stdout.flush()
            self.width = 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it started: Go's compilers outlive a `go build` that is ended alone."""
    for signal_number in (15, 9):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(timeout=5)
        except (ProcessLookupError, PermissionError):
            # Gone already; macOS answers with the second for one that is not reaped yet.
            return
        except subprocess.TimeoutExpired:
            continue
        return


def command(
    arguments: Sequence[str],
    *,
    log: Path,
    beat: Heartbeat,
    cwd: Path,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command with its output in a log file; on failure say where the log is and how it ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {shlex.join(arguments)}\n".encode())
        output.flush()
        try:
            # A group of its own, so that stop() reaches all of it.
            process = subprocess.Popen(
                list(arguments),
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError(f"{arguments[0]} cannot be run: {error.strerror}") from error
        try:
            while True:
                try:
                    status = process.wait(timeout=0.25)
                    break
                except subprocess.TimeoutExpired:
                    beat.tick()
        except BaseException:
            stop(process)
            raise
        finally:
            beat.close()
    if status:
        raise CommandError(f"{beat.label} failed (exit status {status}):\n{tail(log)}\nthe whole log: {log}")


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL:]
    return "\n".join("  " + text for text in lines)
