"""The process above the engine: what it passes on, and what it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from relay_provider.cli.guardian import guarded

pytestmark = [pytest.mark.unit, pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands over orphans")]


def run(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(guarded(["/bin/sh", "-c", script]), stdout=subprocess.PIPE, text=True)


def test_an_exit_code_is_passed_on() -> None:
    assert run("exit 3").wait(20) == 3


def test_what_a_killed_engine_leaves_behind_is_ended_with_all_below_it() -> None:
    script = "setsid sh -c 'echo $$; sleep 1000 & echo $!; wait' & sleep 0.5; kill -9 $$"
    process = run(script)
    assert process.stdout
    left = [process.stdout.readline().strip() for _ in range(2)]
    assert process.wait(30) == 128 + signal.SIGKILL
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


def test_what_ends_by_itself_has_time_to(tmp_path: Path) -> None:
    process = run(f"setsid sh -c 'sleep 1; echo done > {tmp_path}/done' & exit 1")
    assert process.wait(30) == 1
    assert (tmp_path / "done").read_text() == "done\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_reach_the_engine_and_not_the_guardian(number: signal.Signals) -> None:
    process = run(f"trap 'echo told; exit 7' {number.name[3:]}; echo ready; while :; do sleep 0.05; done")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)  # the guardian's own handlers are there as soon as the engine is
    process.send_signal(number)
    assert process.wait(20) == 7
    assert process.stdout.read() == "told\n"


def test_without_its_guardian_the_engine_ends(tmp_path: Path) -> None:
    process = run(f"trap 'echo told > {tmp_path}/told; exit' INT; echo ready; while :; do sleep 0.05; done")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.kill()
    assert process.stdout.read() == ""  # which the engine held open, too
    assert (tmp_path / "told").read_text() == "told\n"
