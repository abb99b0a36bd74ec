"""Several processes on one port: they start as one, end as one, and make up for each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from relay_provider.errors import ConfigError
from relay_provider.gateway import serve
from tests.gateway.process import running

pytestmark = pytest.mark.unit

ENV = {
    "RELAY_GATEWAY_KEYS": "sk_live_given=acme",
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a-secret-of-more-than-thirty-two-bytes",
}
THREE = ("--engine", "livekit", "--workers", "3")


def workers(parent: int) -> set[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid) for pid, of, state in rows if int(of) == parent and not state.startswith("Z")}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("it did not come true in 30 s")


def answers(root: str) -> bool:
    return httpx.get(f"{root}/openapi.json", trust_env=False).status_code == 200


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_they_say_once_where_they_are_and_a_signal_ends_them_all(sent: signal.Signals) -> None:
    with running(*THREE, env=ENV) as gateway:
        found = workers(gateway.process.pid)
        assert len(found) == 3
        assert answers(gateway.root)
        gateway.process.send_signal(sent)
        assert gateway.process.wait(30) == 0
        assert gateway.process.stdout
        assert gateway.process.stdout.read() == ""
    assert not any(map(alive, found))


def test_one_that_dies_is_replaced() -> None:
    with running(*THREE, env=ENV) as gateway:
        before = workers(gateway.process.pid)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers(gateway.process.pid) - {min(before)}) == 3)
        assert answers(gateway.root)


def test_none_outlives_the_one_that_started_them() -> None:
    with running(*THREE, env=ENV) as gateway:
        found = workers(gateway.process.pid)
        gateway.process.kill()
        gateway.process.wait(30)
        until(lambda: not any(map(alive, found)))
        with pytest.raises(httpx.ConnectError):
            answers(gateway.root)


def test_one_that_cannot_answer_ends_them_all_with_an_error(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from relay_provider.errors import RelayError
from relay_provider.gateway import workers
def work(answers, parent):
    try:
        os.open(sys.argv[1], os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        answers()
    else:
        raise RelayError("It cannot.")
    signal.pause()
try: workers.supervise(3, work, lambda: print("Rooms API on http://nowhere", flush=True))
except RelayError as error: print(error)
"""
    command = [sys.executable, "-c", script, tmp_path / "first"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "A worker ended before it could answer (1), so the others were ended, too.\n"


def test_the_memory_engine_is_one_process() -> None:
    with pytest.raises(ConfigError, match="rooms live in one process; several workers are for --engine livekit"):
        serve(port=0, workers=2, environ={})
