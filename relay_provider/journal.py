"""What the providers of one engine tell each other: to an engine, each provider is a process of its own.

A file in a private temporary folder, by the engine's address. It counts for as long as a process has it open, so what
an engine of an earlier day wrote under the same address is never read.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

KEPT: Final = 24 * 3600
"""Seconds that a file stays after it was last written."""
_LOOKED_AT: Final = 100
"""Files that a start looks at to find old ones: on a busy machine there are thousands of young ones."""

_ENCODER: Final = json.JSONEncoder()


class Journal:
    """Entries that every process of one engine appends and reads, on one thread at a time; a short JSON list each."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._read = 0
        weakref.finalize(self, os.close, file)

    @classmethod
    def of(cls, engine: str | None) -> Journal | None:
        """The journal of the engine at this address; None where there is none, or no place that is ours alone."""
        if not engine or os.name != "posix":
            return None
        try:
            return cls(_opened(_folder() / f"{engine.rpartition(':')[2]}.jsonl"))
        except OSError:
            return None

    def append(self, *entries: Sequence[str]) -> None:
        """Tell the others."""
        text = "".join(_ENCODER.encode(entry) + "\n" for entry in entries).encode()
        written = os.write(self._file, text)
        if os.lseek(self._file, 0, os.SEEK_CUR) - written == self._read:  # nobody else has written meanwhile
            self._read += written

    def news(self) -> list[list[str]]:
        """What was written since the last call, one's own entries perhaps among it, in the order of writing."""
        if (size := os.fstat(self._file).st_size) == self._read:
            return []
        text = os.pread(self._file, size - self._read, self._read)
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]


def _folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"relay-rooms-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
        raise PermissionError(f"{folder} is not this user's alone")
    with os.scandir(folder) as files:
        for file in islice(files, _LOOKED_AT):
            with suppress(FileNotFoundError):  # another start was quicker
                if file.stat().st_mtime < time.time() - KEPT:
                    Path(file).unlink()
    return folder


def _opened(path: Path) -> int:
    import fcntl  # which Windows lacks

    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # others of this engine are there
        pass
    else:
        os.ftruncate(file, 0)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file
