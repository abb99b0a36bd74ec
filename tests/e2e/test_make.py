"""`make up` as a newcomer runs it, on a fresh clone, and what stays and goes after it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The files of this checkout in a folder of their own, with what setup made lent to it."""
    clone = tmp_path / "clone"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    for made in (".venv", ".toolchain"):
        (clone / made).symlink_to(ROOT / made)
    yield clone
    subprocess.run(["make", "down"], cwd=clone, check=True, capture_output=True)


def make(target: str, clone: Path, **env: str) -> str:
    done = subprocess.run(
        ["make", target],
        cwd=clone,
        env={**os.environ, "PULUMI_HOME": str(clone.parent / "home"), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_make_up_ends_with_the_table_and_no_drift_and_a_second_one_changes_nothing(clone: Path) -> None:
    first = make("up", clone)
    assert "+ 5 created" in first  # four rooms and the stack
    assert re.search(r"^Room +People", first, re.MULTILINE)
    assert re.search(r"^No drift: 4 rooms as declared\.$", first, re.MULTILINE)
    url, key = re.findall(r"^Rooms API on (\S+)\nKey: (\S+)$", first, re.MULTILINE)[-1]
    rooms = {"Authorization": f"Bearer {key}"}
    live = httpx.get(f"{url}/rooms", headers=rooms, trust_env=False).json()["rooms"]
    assert [room["room"] for room in live] == ["all-hands", "lobby", "standup", "support"]

    second = make("up", clone)
    assert "5 unchanged" in second
    assert "created" not in second.replace("Created", "")
    assert httpx.get(f"{url}/rooms", headers=rooms, trust_env=False).json()["rooms"] == live

    assert "was stopped" in make("down", clone)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/rooms", headers=rooms, trust_env=False)
    assert "No local Rooms API is running" in make("down", clone)

    [pasted] = re.findall(r"^  export (RELAY_API_KEY=\S+ RELAY_BASE_URL=\S+)$", second, re.MULTILINE)
    shell = dict(one.split("=", 1) for one in pasted.split())
    third = make("up", clone, **shell)  # the rooms ended with their API
    assert "No drift: 4 rooms as declared." in third
    assert pasted in third  # and is as true as before
    assert "was stopped" in make("down", clone, COLUMNS="40")


@pytest.mark.parametrize(
    ("file", "text"),
    [("clone/.relay/api.log", ""), ("said", "Updating (dev)")],
    ids=["its API starts", "it makes rooms"],
)
def test_ctrl_c_while(file: str, text: str, clone: Path) -> None:
    seen, said = clone.parent / file, clone.parent / "said"
    with said.open("w") as output:
        process = subprocess.Popen(
            ["make", "up"],
            cwd=clone,
            env={**os.environ, "PULUMI_HOME": str(clone.parent / "home")},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    end = time.monotonic() + 100
    while not (seen.exists() and text in seen.read_text()):
        assert process.poll() is None and time.monotonic() < end, said.read_text()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(100)
    assert "Interrupted: `make up` goes on from here" in said.read_text()
    assert "Traceback" not in said.read_text()
    assert "No drift: 4 rooms as declared." in make("up", clone)
    assert "5 unchanged" in make("up", clone)


def test_make_up_with_a_key_uses_that_key_and_starts_no_api(clone: Path, served: object) -> None:
    from tests.served import Served

    assert isinstance(served, Served)
    out = make("up", clone, **served.env)
    assert "No drift: 4 rooms as declared." in out
    assert "Rooms API on" not in out
    assert served.key not in out
    assert len(served.rooms()) == 4
    assert not (clone / ".relay" / "api.json").exists()
