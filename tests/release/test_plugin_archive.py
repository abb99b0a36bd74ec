"""The plugin's launcher: which Python it takes, and its first start at once, interrupted, refused.

The wheel is a small one, with a program that prints a port: the real one is installed by test_from_dist.py."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.release.made import made

pytestmark = pytest.mark.e2e

SELF = "pulumi-resource-relay"
TOOLS = ("sh", "dirname")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = made(tmp_path_factory.mktemp("release") / "dist")
    return next(folder.glob(f"{SELF}-*-linux-amd64.tar.gz"))


@pytest.fixture
def plugin(archive: Path, tmp_path: Path) -> Path:
    """The archive as the engine unpacks it, with a small wheel in the place of ours."""
    folder = tmp_path / "a plugin's folder"
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    next(folder.glob("*.whl")).unlink()
    small_wheel(folder)
    (folder / "constraints.txt").write_text("")
    return folder


def small_wheel(folder: Path) -> None:
    files = {
        "small.py": "import sys\ndef main():\n    print(sys.argv[1:] + [4711])\n",
        "small-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1\n",
        "small-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "small-1.dist-info/entry_points.txt": f"[console_scripts]\n{SELF} = small:main\n",
    }
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        for name, text in files.items()
    ]
    with zipfile.ZipFile(folder / "small-1-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, "small-1.dist-info/RECORD": "\n".join(lines)}.items():
            wheel.writestr(name, text)


def start(plugin: Path, **env: str) -> subprocess.Popen[str]:
    settings = {**os.environ, "PIP_NO_INDEX": "1", "XDG_CACHE_HOME": str(plugin.parent / "cache"), **env}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [plugin / SELF, "127.0.0.1:1"], env=settings, text=True, cwd="/", start_new_session=True, **pipes
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    out, err = process.communicate(timeout=120)
    return out, err, process.returncode


def only(folder: Path, **programs: str) -> str:
    """A PATH with what the launcher calls, and these scripts."""
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


PORT = "['127.0.0.1:1', 4711]\n"
FIRST = f"{SELF}: first start, its Python packages are being installed, once …\n"


def test_without_a_python_it_says_so_in_a_sentence(plugin: Path, tmp_path: Path) -> None:
    out, err, code = ended(start(plugin, PATH=only(tmp_path / "bin", python3="exit 1")))
    assert (out, code) == ("", 1)
    assert err == (
        "pulumi-resource-relay needs Python 3.11 or newer, and there is none on PATH: install one and run this again.\n"
    )


def test_of_first_starts_at_once_the_next_makes_up_for_one_that_was_killed(plugin: Path, tmp_path: Path) -> None:
    newer = f"python3.{sys.version_info.minor}"  # beside a `python3` that is too old
    path = only(tmp_path / "bin", python3="exit 1", **{newer: f'exec {sys.executable} "$@"'})
    killed = start(plugin, PATH=path)
    until = time.monotonic() + 60
    while not list(plugin.glob("env/lib/*/site-packages/pip/__init__.py")) and time.monotonic() < until:
        time.sleep(0.01)
    others = [start(plugin, PATH=path) for _ in range(2)]
    killed.send_signal(signal.SIGKILL)  # and not what it started, which goes on in the same folder
    assert ended(killed)[0] == ""
    assert not (plugin / "env/ready").exists()
    done = [ended(process) for process in others]
    assert [(out, code) for out, _, code in done] == [(PORT, 0)] * 2
    assert "".join(err for _, err, _ in done) == FIRST
    assert ended(start(plugin, PATH=only(tmp_path / "none"))) == (PORT, "", 0)  # the next looks for no Python
    assert not (plugin.parent / "cache").exists()


@pytest.mark.soak
def test_a_first_start_that_cannot_install_says_the_way_out_and_is_tried_again(plugin: Path) -> None:
    (plugin / "constraints.txt").write_text("small==2\n")
    out, err, code = ended(start(plugin))
    assert (out, code) == ("", 1)
    last = err.splitlines()[-1]
    assert last.startswith(f"{SELF}: its environment cannot be made with ")
    assert last.endswith("(let pip reach a package index (PIP_INDEX_URL), and run this again).")
    (plugin / "constraints.txt").write_text("")
    assert ended(start(plugin))[::2] == (PORT, 0)


@pytest.mark.soak
def test_where_the_folder_cannot_be_written_the_cache_is_used(plugin: Path) -> None:
    unshare = ["unshare", "--map-root-user", "--mount"] if shutil.which("unshare") else ["false"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare is not allowed here")
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$1/$2" 127.0.0.1:1'
    env = {**os.environ, "PIP_NO_INDEX": "1", "XDG_CACHE_HOME": str(plugin.parent / "cache")}
    for says in (True, False):
        options = {"env": env, "capture_output": True, "text": True, "timeout": 120, "check": False}
        done = subprocess.run([*unshare, "sh", "-c", script, "sh", plugin, SELF], **options)
        assert (done.stdout, bool(done.stderr)) == (PORT, says), done.stderr
    assert list((plugin.parent / "cache" / SELF).glob("*/ready"))
    assert sorted(file.name for file in plugin.iterdir())[:2] == ["LICENSE", "constraints.txt"]
