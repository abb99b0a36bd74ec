"""How often the engine writes a state: told by the kernel, so none is missed."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MOVED_TO = 0x80  # the file backend writes beside the state and moves it there
_NONBLOCK = os.O_NONBLOCK


@dataclass
class Writes:
    """How often the file was put in its place, once the watching is over."""

    count: int = 0


@contextmanager
def writes_of(file: Path) -> Iterator[Writes]:
    """Count the writes of a file within this. Linux only."""
    libc, found = ctypes.CDLL(None, use_errno=True), Writes()
    watch = libc.inotify_init1(_NONBLOCK)
    assert watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(file.parent), _MOVED_TO) >= 0
    try:
        yield found
        events = os.read(watch, 1 << 24)
        while events:
            length = struct.unpack_from("iIII", events)[3]
            found.count += events[16 : 16 + length].rstrip(b"\0") == os.fsencode(file.name)
            events = events[16 + length :]
    except BlockingIOError:
        pass
    finally:
        os.close(watch)
