"""Whatever happens to a build, the cache holds whole ones only, and one process at a time makes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolchain import cache, say

pytestmark = pytest.mark.unit

CHILD = """
import sys, time
from pathlib import Path
from toolchain import cache
base, seconds = Path(sys.argv[1]), float(sys.argv[2])
def make(folder):
    (folder / "tool").write_text("half")
    (folder / "tool").chmod(0o755)
    with (base / "made").open("a") as notes:
        notes.write("once\\n")
    time.sleep(seconds)
    (folder / "tool").write_text("whole")
print((cache.ensure(base, "tool", "key", ["tool"], make) / "tool").read_text())
"""


def child(base: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CHILD, str(base), str(seconds)], stdout=subprocess.PIPE, text=True)


def until(condition: object) -> None:
    end = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def good(folder: Path) -> None:
    (folder / "tool").write_text("whole")
    (folder / "tool").chmod(0o755)


def entries(base: Path) -> set[str]:
    return {entry.name for entry in (base / "tool").iterdir()}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"RELAY_TOOLCHAIN_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/relay-provider")),
    ],
)
def test_the_place_can_be_chosen(environ: dict[str, str], expected: Path) -> None:
    assert cache.root(environ) == expected


@pytest.mark.parametrize(("platform", "folder"), [("linux", ".cache"), ("darwin", "Library/Caches")])
def test_the_place_is_the_systems_own(monkeypatch: pytest.MonkeyPatch, platform: str, folder: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    # XDG says that a relative path is to be ignored.
    assert cache.root({"XDG_CACHE_HOME": "relative"}) == Path.home() / folder / "relay-provider"


def test_a_build_is_made_once(tmp_path: Path) -> None:
    folder = cache.ensure(tmp_path, "tool", "key", ["tool"], good)
    assert folder == tmp_path / "tool" / "key"
    assert cache.ensure(tmp_path, "tool", "key", ["tool"], lambda _: pytest.fail("made twice")) == folder
    assert entries(tmp_path) == {"key", "lock"}


def test_nothing_is_published_before_it_is_whole(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        good(folder)
        assert not (tmp_path / "tool" / "key").exists()

    cache.ensure(tmp_path, "tool", "key", ["tool"], make)


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        good(folder)
        raise say.CommandError("no")

    with pytest.raises(say.CommandError):
        cache.ensure(tmp_path, "tool", "key", ["tool"], make)
    assert entries(tmp_path) == {"lock"}


def test_a_build_without_its_files_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(say.SetupError, match="left out other"):
        cache.ensure(tmp_path, "tool", "key", ["tool", "other"], good)
    assert entries(tmp_path) == {"lock"}


def test_a_folder_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    folder = cache.ensure(tmp_path, "tool", "key", ["tool"], good)
    (folder / "tool").unlink()
    cache.ensure(tmp_path, "tool", "key", ["tool"], good)
    assert (folder / "tool").read_text() == "whole"
    assert entries(tmp_path) == {"key", "lock"}


def test_two_runs_at_once_build_once(tmp_path: Path) -> None:
    first = child(tmp_path, 1.0)
    until((tmp_path / "made").exists)
    second = child(tmp_path, 1.0)
    out = [process.communicate(timeout=30)[0] for process in (first, second)]
    assert (tmp_path / "made").read_text() == "once\n"
    assert out[0] == "whole\n"
    assert out[1] == "waiting for another run: it is building tool\nwhole\n"


def test_a_killed_build_is_not_mistaken_for_a_finished_one(tmp_path: Path) -> None:
    process = child(tmp_path, 60)
    until((tmp_path / "made").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert any(name.startswith("tmp-") for name in entries(tmp_path))
    # The dead one's lock is free, and what it left is taken away.
    assert (cache.ensure(tmp_path, "tool", "key", ["tool"], good) / "tool").read_text() == "whole"
    assert entries(tmp_path) == {"key", "lock"}
