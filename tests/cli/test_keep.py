from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.pty import RELAY_ROOMS
from tests.proxy import Answer, proxying
from tests.served import KEY, Served

pytestmark = pytest.mark.unit


@contextmanager
def keeping(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*RELAY_ROOMS, "keep", "--interval", "0.1"],
        cwd=folder,
        env={**os.environ, "ACME_KEY": KEY, "RELAY_MAX_RETRIES": "0", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def declare(folder: Path, url: str) -> None:
    rooms = {"standup": {"maxParticipants": 12, "forceDestroy": True}, "lobby": None}
    acme = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": url, "rooms": rooms}
    (folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": {"acme": acme}}))


def test_missing_rooms_are_made_again_and_nothing_else(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    served.create("standup", maxParticipants=3)  # another room than declared: it stays
    served.create("somebody-elses")
    with keeping(tmp_path) as process:
        assert line(process) == "Keeping 2 rooms of 1 project."
        assert line(process) == "created acme/lobby"
        before = served.rooms()
        served.end("lobby")
        assert line(process) == "created acme/lobby"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == ""
        assert process.returncode == 0
    after = served.rooms()
    assert after["lobby"]["sid"] != before["lobby"]["sid"]
    assert after["standup"] == before["standup"]
    assert sorted(after) == ["lobby", "somebody-elses", "standup"]


def test_an_outage_is_survived_and_told_once(served: Served, tmp_path: Path) -> None:
    with proxying(served.url) as proxy:
        declare(tmp_path, proxy.url)
        down = Answer(503, "<html>")
        proxy.rule = lambda method, path: down
        with keeping(tmp_path) as process:
            assert line(process) == "Keeping 2 rooms of 1 project."
            assert line(process).startswith(f"Error: acme: GET {proxy.url}/rooms failed on the server's side (503")
            seen = len(proxy.requests)
            while len(proxy.requests) < seen + 3:
                assert process.poll() is None
            proxy.rule = None
            assert line(process) == "acme: the API answers again"
            assert sorted([line(process), line(process)]) == ["created acme/lobby", "created acme/standup"]
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            assert process.returncode == 0


def test_what_it_cannot_do_at_all_is_an_error(run: Run, folder: Path) -> None:
    assert run("keep").exit_code == 1
    declare(folder, "http://127.0.0.1:9")
    missing = run("keep", env={"ACME_KEY": ""})
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert run("keep", "--interval", "0", env={"ACME_KEY": KEY}).exit_code == 1
