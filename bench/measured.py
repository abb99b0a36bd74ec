"""Run one command and tell what it took, as JSON: `measured.py SPEC.json`, in a process that has no other child.

Time: from the start to the end of the command.
CPU: of it and all that it started, as the kernel adds it up for a parent; on Linux this process adopts what the command
leaves behind, so that nothing escapes.
Memory: the provider's peak, which the kernel keeps (VmHWM), read 20 times a second; Linux only. Besides,
the peak of the largest of all processes (ru_maxrss).
Writes of the state: its file is another one after each, and looked at every millisecond.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOK_EVERY = 0.001
MEMORY_EVERY = 50  # looks
PR_SET_CHILD_SUBREAPER = 36
AFTERLIFE = 10.0  # seconds that providers may take to end after the command


@dataclass
class Writes:
    """How often a file was written."""

    file: Path | None
    count: int = 0
    last: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self.last = self._now()

    def look(self) -> None:
        if (now := self._now()) and now != self.last:
            self.count += 1
            self.last = now

    def _now(self) -> tuple[int, int] | None:
        if not self.file:
            return None
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


@dataclass
class Memory:
    """The peak of the processes below this one whose command line has a mark."""

    mark: str
    peaks: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        for pid in below(os.getpid()) if self.mark else ():
            if pid in self.peaks or self.mark.encode() in _read(f"/proc/{pid}/cmdline").replace(b"\0", b" "):
                found = re.search(rb"VmHWM:\s+(\d+) kB", _read(f"/proc/{pid}/status"))
                self.peaks[pid] = max(self.peaks.get(pid, 0), int(found[1]) if found else 0)

    @property
    def kilobytes(self) -> int | None:
        return max(self.peaks.values(), default=None)


def below(pid: int) -> list[int]:
    """All that this process started, and so on; Go starts processes from any of its threads."""
    try:
        threads = [*Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    found = [int(child) for thread in threads for child in _read(thread / "children").split()]
    return [*found, *(deeper for child in found for deeper in below(child))]


def _read(file: str | Path) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""


def measured(
    command: list[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: str | None = None,
    state: Path | None = None,
    provider: str = "",
) -> dict[str, Any]:
    """Have a command measured. `state` is the file whose writes count, `provider` is in that process's command line."""
    # By way of a file: a program of many rooms is too long for a command line.
    spec = {"command": command, "cwd": str(cwd), "stdin": stdin, "state": state and str(state), "provider": provider}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(spec, file)
        file.flush()
        here = [sys.executable, "-P", __file__, file.name]
        done = subprocess.run(here, env=env, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure(command: list[str], cwd: str, stdin: str | None, state: str | None, provider: str) -> dict[str, Any]:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # It looks in time, however busy the machine; what it starts is scheduled as usual.
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    # A shell's job in the background ignores it, and the engine waits 5 s for a program that does not hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    writes, memory = Writes(Path(state) if state else None), Memory(provider)
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        assert process.stdin
        with process.stdin as pipe:
            pipe.write((stdin or "").encode())
        looks = 0
        while process.poll() is None:
            writes.look()
            if (looks := looks + 1) % MEMORY_EVERY == 0:
                memory.look()
            time.sleep(LOOK_EVERY)
        seconds = time.perf_counter() - start
        writes.look()
        until = time.monotonic() + AFTERLIFE
        while time.monotonic() < until and _left():
            time.sleep(0.01)
        output.seek(0)
        said = output.read()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "code": process.returncode,
        "said": said,
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": memory.kilobytes,
        "largest": used.ru_maxrss // (1024 if sys.platform == "darwin" else 1),
        "writes": writes.count,
    }


def _left() -> bool:
    """Is anything still running? Takes up what has ended."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(_measure(**json.loads(Path(sys.argv[1]).read_text()))))
