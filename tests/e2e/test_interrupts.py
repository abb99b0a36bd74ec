"""An `up` that is interrupted in the middle: the next one completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.engine import Project
from tests.served import Served

pytestmark = pytest.mark.e2e

ROOMS = 100
PROGRAM = f"""
import relay_provider as relay
for number in range({ROOMS}):
    relay.Room(f"room-{{number:03}}", max_participants=12, empty_timeout=86400)
"""


def interrupt(engine: subprocess.Popen[bytes]) -> None:
    """Ctrl-C in a terminal: the whole foreground group gets it."""
    os.killpg(engine.pid, signal.SIGINT)


def kill_the_provider(engine: subprocess.Popen[bytes]) -> None:
    """What an out-of-memory killer does to the process that talks to the API."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,command="], capture_output=True, text=True, check=True)
    providers = [
        int(line.split()[0])
        for line in shown.stdout.splitlines()
        if "pulumi.dynamic" in line and "python" in line and os.getsid(int(line.split()[0])) == os.getsid(engine.pid)
    ]
    assert providers
    for pid in providers:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "strike",
    [pytest.param(interrupt, marks=pytest.mark.soak), kill_the_provider],
    ids=["SIGINT", "SIGKILL of the provider"],
)
def test_the_next_up_completes(
    strike: Callable[[subprocess.Popen[bytes]], None], served: Served, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", served.env)
    project.write("Pulumi.yaml", "name: rooms\nruntime: {name: python}\noptions: {refresh: always}\n")
    project.write("__main__.py", PROGRAM)
    project.init()
    command = ["pulumi", "up", "--yes", "--skip-preview", "--parallel", "8", "--non-interactive", "--color", "never"]
    with (tmp_path / "out").open("wb") as out:
        engine = subprocess.Popen(
            command, cwd=project.folder, env=project.env, stdout=out, stderr=out, start_new_session=True
        )
        deadline = time.monotonic() + 120
        while len(served.rooms()) < ROOMS // 4:
            assert engine.poll() is None and time.monotonic() < deadline, (tmp_path / "out").read_text()
            time.sleep(0.05)
        strike(engine)
        assert engine.wait(120) != 0
    made = len(served.rooms())
    assert ROOMS // 4 <= made < ROOMS, "the strike came in the middle"

    changes = project.up().changes
    assert changes["create"] + changes.get("same", 0) == ROOMS
    assert len(served.rooms()) == ROOMS
    assert project.up().changes == {"same": ROOMS}
