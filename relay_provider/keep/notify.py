"""systemd's notify protocol: `Type=notify` and `WatchdogSec=` of a unit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable


def notify(*lines: str) -> None:
    """Tell the service manager (`READY=1`, `STATUS=…`); nothing where there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A manager that has gone away is no reason to end.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto("\n".join(lines).encode(), "\0" + address[1:] if address.startswith("@") else address)


async def watchdog(alive: Callable[[], bool]) -> None:
    """Keep the manager's watchdog quiet while `alive` says so; ends at once where none is set."""
    period = os.environ.get("WATCHDOG_USEC", "")
    if not period.isdecimal() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        if alive():
            notify("WATCHDOG=1")
        await asyncio.sleep(int(period) / 1e6 / 3)
