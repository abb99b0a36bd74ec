"""Removing somebody from a real room, by every way there is: exactly one client is disconnected."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.target import Api, eventually
from tests.e2e.doors import PULUMI_YAML
from tests.e2e.engine import Project as Engine
from tests.gateway.process import running
from tests.livekit.conftest import Project
from tests.livekit.people import People
from tests.plugin.doors import program

pytestmark = pytest.mark.e2e

ANA = "team/ana ü?#"
PYTHON = """
import pulumi, relay_provider as relay
pulumi.export("removed", relay.remove_participant("room", "team/ana ü?#").removed)
"""

Remove = Callable[[], bool]


def by_python(project: Project, folder: Path) -> Remove:
    engine = Engine(folder / "project", project.env)
    engine.write("Pulumi.yaml", PULUMI_YAML)
    engine.write("__main__.py", PYTHON)
    return _exported(engine)


def by_plugin(project: Project, folder: Path) -> Remove:
    engine = Engine(folder / "project", project.env)
    call = {"function": "relay:removeParticipant", "arguments": {"room": "room", "identity": ANA}}
    engine.write(
        "Pulumi.yaml",
        program({}, variables={"eviction": {"fn::invoke": call}}, outputs={"removed": "${eviction.removed}"}),
    )
    return _exported(engine)


def _exported(engine: Engine) -> Remove:
    engine.init()

    def remove() -> bool:
        engine.up()
        return bool(json.loads(engine.pulumi("stack", "output", "removed", "--json").out))

    return remove


def by_command(project: Project, folder: Path) -> Remove:
    command = [Path(sys.executable).with_name("relay-rooms"), "remove-participant", "room", ANA, "--output", "json"]

    def remove() -> bool:
        done = subprocess.run(command, cwd=folder, env=Engine(folder / "x", project.env).env, capture_output=True)
        assert done.returncode == 0, done.stderr
        return bool(json.loads(done.stdout)["removed"])

    return remove


WAYS = {"dynamic provider": by_python, "plugin": by_plugin, "command": by_command}


@pytest.mark.parametrize("way", WAYS)
def test_exactly_one_is_disconnected_and_repeating_it_says_nobody_was_there(
    way: str, project: Project, people: People, tmp_path: Path
) -> None:
    remove = WAYS[way](project, tmp_path)
    ana, bo = (people.join(f"{project.prefix}room", identity) for identity in (ANA, "bo"))
    assert remove() is True
    assert eventually(ana.is_connected, lambda connected: not connected) is False
    assert bo.is_connected()
    assert remove() is False
    assert bo.is_connected()


def test_the_served_api_disconnects_exactly_one_and_then_says_not_found(project: Project, people: People) -> None:
    env = {**project.livekit.env, "RELAY_GATEWAY_KEYS": f"sk_live_x={project.id}"}
    with running("--engine", "livekit", env=env) as served:
        api = Api(served.url, "sk_live_x")
        ana, bo = (people.join(f"{project.prefix}room", identity) for identity in (ANA, "bo"))
        assert api.remove("room", ANA).json == {"removed": True}
        assert eventually(ana.is_connected, lambda connected: not connected) is False
        again = api.remove("room", ANA)
        assert (again.status, again.error) == (404, "not_found")
        assert bo.is_connected()
