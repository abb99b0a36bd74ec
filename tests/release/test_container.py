"""The image of the Containerfile, built on this machine's Python, without a shell in it: what pipelines, `keep` and
`serve` do works, as a user without rights."""

from __future__ import annotations

import os
import re
import shutil
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import ROOT, TOOLS
from tests.release.image import Image, built, ended
from tests.release.made import made
from tests.served import KEY, Served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.getuid() != 0 or not shutil.which("unshare"), reason="mounts and chroot need root, and unshare"
    ),
]

MANIFEST = """
version: 1
name: rooms
projects:
  acme:
    apiKey: {env: RELAY_API_KEY}
    rooms: {standup: {maxParticipants: 12}, lobby: }
"""
YAML = "name: program\nruntime: yaml\nresources: {standup: {type: 'relay:Room'}}\n"
PYTHON = "import relay_provider as relay\n\nrelay.Room('standup')\n"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    folder.parent.chmod(0o755)
    context = folder / "context"
    shutil.copytree(ROOT / "toolchain", context / "toolchain")
    made(context / "dist")
    pulumi = folder / "pulumi"
    shutil.copytree(TOOLS, pulumi / "pulumi/bin")
    [name] = re.findall(r"--from=(\S+/pulumi-base\S*)", (ROOT / "Containerfile").read_text())
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return built(ROOT / "Containerfile", context, {name: pulumi}, folder / "stages", **pip)


@pytest.fixture
def rooms(image: Image) -> Path:
    """The folder that it works in, empty."""
    for file in (image.root / "rooms").iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    return image.root / "rooms"


def test_there_is_no_shell_and_no_root(image: Image) -> None:
    assert not [name for name in ("bin/sh", "usr/bin/sh", "usr/bin/env") if (image.root / name).exists()]
    assert (
        image.run("python3", "-c", "import os; print(os.getuid(), os.getgid(), os.getcwd())") == "10001 10001 /rooms\n"
    )
    assert "Usage: relay-rooms" in image.run(*image.command)


def test_a_manifest_s_rooms_are_made_planned_and_ended(image: Image, rooms: Path, served: Served) -> None:
    (rooms / "rooms.yaml").write_text(MANIFEST)
    assert "2 rooms created" in image.run("relay-rooms", "up", "--yes", **served.env)
    assert served.rooms().keys() == {"standup", "lobby"}
    assert "2 rooms as declared" in image.run("relay-rooms", "preview", **served.env)
    image.run("relay-rooms", "destroy", "--yes", **served.env)
    assert served.rooms() == {}


@pytest.mark.parametrize("language", ["yaml", "python"])
def test_a_program_s_rooms_are_made_and_ended(image: Image, rooms: Path, served: Served, language: str) -> None:
    (rooms / "Pulumi.yaml").write_text(YAML if language == "yaml" else "name: program\nruntime: python\n")
    if language == "python":
        (rooms / "__main__.py").write_text(PYTHON)
    env = {**served.env, "PULUMI_BACKEND_URL": "file:///rooms", "PULUMI_CONFIG_PASSPHRASE": ""}
    image.run("pulumi", "stack", "init", "test", **env)
    image.run("pulumi", "up", "--yes", "--skip-preview", **env)
    assert list(served.rooms()) == ["standup"]
    image.run("pulumi", "destroy", "--yes", "--skip-preview", **env)
    assert served.rooms() == {}


def test_the_rooms_api_is_served_and_rooms_are_kept(image: Image, rooms: Path) -> None:
    (rooms / "rooms.yaml").write_text(MANIFEST)
    api = image.start("relay-rooms", "serve", "--port", "0", RELAY_GATEWAY_KEYS=f"{KEY}=acme", PYTHONUNBUFFERED="1")
    keep = None
    try:
        assert api.stdout
        found = re.match(r"Rooms API on (\S+)", api.stdout.readline())
        assert found
        env = {"RELAY_API_KEY": KEY, "RELAY_BASE_URL": found[1], "PYTHONUNBUFFERED": "1"}
        keep = image.start("relay-rooms", "keep", "--listen", "127.0.0.1:0", "--interval", "1", **env)
        assert keep.stdout
        said = ""
        while "created acme/standup" not in said or "created acme/lobby" not in said:
            line = keep.stdout.readline()
            assert line, said
            said += line
        assert Served(found[1], api, KEY).rooms().keys() == {"standup", "lobby"}
        page = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert page, said
        assert urllib.request.urlopen(f"{page[0]}/healthz", timeout=20).status == 200
        assert (ended(keep), ended(api)) == (0, 0)
    finally:
        for process in filter(None, (keep, api)):
            process.kill()
            process.communicate(timeout=30)
