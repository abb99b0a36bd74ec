"""The example policy pack, run by the real engine on rooms of both doors."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.engine import Project
from tests.plugin.doors import program, room
from tests.served import Served
from toolchain.programs import CACHE

pytestmark = pytest.mark.e2e

PACK = ROOT / "examples" / "policies"
ROOMS: dict[str, dict[str, Any]] = {
    "Standup": {"forceDestroy": True},
    "as-it-should-be": {"maxParticipants": 5},
}
SET: dict[str, dict[str, Any]] = {"Math": {"forceDestroy": True}, "big": {"maxParticipants": 2000}}
PYTHON = """
import relay_provider as relay

relay.Room("Standup", force_destroy=True)
relay.Room("as-it-should-be", max_participants=5)
relay.RoomSet("classes", rooms={"Math": {"force_destroy": True}, "big": {"max_participants": 2000}})
"""


@pytest.fixture(scope="session")
def environment() -> Path:
    """The pack's environment, made once for all checkouts as its requirements are the same."""
    requirements = PACK / "requirements.txt"
    made_from = requirements.read_bytes() + sys.version.encode()
    made = CACHE / f"policies-{hashlib.sha256(made_from).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "policies.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "complete").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", made], check=True)
            pip = [made / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", requirements]
            subprocess.run(pip, check=True)
            (made / "complete").touch()
    return made


@pytest.fixture
def pack(environment: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(PACK, folder, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    (folder / "venv").symlink_to(environment)
    return folder


@pytest.fixture
def path(pack: Path, tmp_path: Path) -> str:
    """PATH with a `python3` that does what language hosts do since packs are plugins to them, and the one that setup
    builds does not: it runs the pack, of which it is told nothing, in the pack's environment."""
    shim = tmp_path / "shim" / "python3"
    shim.parent.mkdir()
    shim.write_text(
        f'#!/bin/sh\nif [ -z "$1" ]; then shift; exec {pack}/venv/bin/python {pack} "$@"; fi\n'
        f'exec {sys.executable} "$@"\n'
    )
    shim.chmod(0o755)
    return f"{shim.parent}{os.pathsep}"


def python(project: Project) -> None:
    project.write("Pulumi.yaml", "name: rooms\nruntime: python\n")
    project.write("__main__.py", PYTHON)


def plugin(project: Project) -> None:
    resources = {name: room(properties) for name, properties in ROOMS.items()}
    resources["classes"] = {"type": "relay:RoomSet", "properties": {"rooms": SET}}
    project.write("Pulumi.yaml", program(resources, options={}))


@pytest.mark.parametrize("door", [python, plugin])
def test_the_policies_refuse_rooms_and_rooms_of_sets_and_can_be_set(
    door: Any, pack: Path, path: str, served: Served, tmp_path: Path
) -> None:
    project = Project(tmp_path / "program", served.env, stack="prod")
    project.env["PATH"] = path + project.env["PATH"]
    door(project)
    project.init()

    ran = project.pulumi("preview", "--policy-pack", str(pack), check=False)

    assert ran.code != 0
    assert sorted(line.strip() for line in ran.out.splitlines() if line.strip().startswith('Room "')) == [
        'Room "Math" has forceDestroy, which lets a run disconnect the people in it.',
        'Room "Math" has no maxParticipants, so anybody may join: set it, to 10000 at most.',
        'Room "Math" is not named by the convention, [a-z0-9]+([.-][a-z0-9]+)*.',
        'Room "Standup" has forceDestroy, which lets a run disconnect the people in it.',
        'Room "Standup" has no maxParticipants, so anybody may join: set it, to 10000 at most.',
        'Room "Standup" is not named by the convention, [a-z0-9]+([.-][a-z0-9]+)*.',
    ]

    config = tmp_path / "policies.json"
    config.write_text(
        json.dumps(
            {
                "no-force-destroy-in-production": {"stacks": ["live"]},
                "max-participants-required": {"atMost": 1000, "enforcementLevel": "advisory"},
                "names-by-convention": {"pattern": "[A-Za-z-]+"},
            }
        )
    )

    ran = project.pulumi("preview", "--policy-pack", str(pack), "--policy-pack-config", str(config))

    assert "forceDestroy" not in ran.out
    assert "convention" not in ran.out
    assert "[advisory]  max-participants-required" in ran.out
    assert 'Room "big" has maxParticipants 2000, and at most 1000 may be' in ran.out
