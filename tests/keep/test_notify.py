"""systemd's notify protocol, spoken to a socket that is ours."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay_provider.keep.notify import notify, watchdog
from tests.keep.keeping import declare, keeping
from tests.served import Served

pytestmark = pytest.mark.unit


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind(str(tmp_path / "notify"))
        opened.settimeout(30)
        yield opened


def test_the_manager_is_told_of_the_start_of_each_period_and_of_the_end(
    served: Served, tmp_path: Path, manager: socket.socket
) -> None:
    declare(tmp_path, served.url)
    with keeping(tmp_path, NOTIFY_SOCKET=manager.getsockname(), WATCHDOG_USEC="300000") as keep:
        told = {manager.recv(1000).decode() for _ in range(4)}
        assert told == {"READY=1\nSTATUS=Keeping 2 rooms of 1 project", "WATCHDOG=1"}
        keep.end(signal.SIGTERM)
    assert keep.process.returncode == 0
    rest = []
    manager.setblocking(False)
    while True:
        try:
            rest.append(manager.recv(1000))
        except BlockingIOError:
            break
    assert rest[-1] == b"STOPPING=1"


@pytest.mark.anyio
async def test_the_watchdog_is_not_fed_while_a_loop_is_stuck(
    monkeypatch: pytest.MonkeyPatch, manager: socket.socket
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "3000")
    answers = iter([False, False, True])
    asked = asyncio.Event()

    def alive() -> bool:
        try:
            return next(answers)
        except StopIteration:
            asked.set()
            return False

    task = asyncio.create_task(watchdog(alive))
    await asked.wait()
    task.cancel()
    manager.setblocking(False)
    assert manager.recv(100) == b"WATCHDOG=1"
    with pytest.raises(BlockingIOError):
        manager.recv(100)


@pytest.mark.anyio
@pytest.mark.parametrize("env", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "3000", "WATCHDOG_PID": "1"}])
async def test_there_is_no_watchdog_that_is_not_this_process_s(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str]
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    await watchdog(lambda: pytest.fail("nobody asked for it"))


@pytest.mark.skipif(not hasattr(socket, "SO_PASSCRED"), reason="abstract addresses are Linux's")
def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"relay-rooms-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket"])
def test_a_manager_that_is_not_there_is_no_failure(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")
