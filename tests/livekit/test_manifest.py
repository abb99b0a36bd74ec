"""A manifest with `backend: livekit`, through every command and the Python door, with real people."""

from __future__ import annotations

import json
from pathlib import Path

import jwt
import pytest

from relay_provider.model import RoomInputs
from tests.conformance.target import eventually
from tests.e2e.doors import PULUMI_YAML
from tests.gateway.process import running
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.plugin.doors import program

pytestmark = pytest.mark.e2e

SECRET = "a secret of more than thirty-two bytes"
PYTHON = """
import pulumi, relay_provider as relay
for name, room in relay.declare_rooms("rooms.yaml").items():
    pulumi.export(name, room.empty_timeout)
"""


def test_every_command_works_on_a_manifest(project: Project, people: People, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(standup={"maxParticipants": 5, "emptyTimeout": 900, "metadata": {"team": "core"}})
    assert command.up() == {"create": 1}
    assert command.drift(0)["notComparable"] == []
    (listed,) = command.json("list", "--project", "project-0")["rooms"]
    assert (listed["room"], listed["maxParticipants"], listed["metadata"]) == ("standup", 5, '{"team":"core"}')
    ana = people.join(f"{project.prefix}standup", "ana")
    (shown,) = command.json("get", "standup", "--project", "project-0")["participants"]
    assert (shown["identity"], shown["state"]) == ("ana", 2)
    assert command.json("remove-participant", "standup", "ana", "--project", "project-0") == {"removed": True}
    assert eventually(ana.is_connected, lambda connected: not connected) is False


def test_a_key_that_is_refused_is_named_as_the_manifest_writes_it(project: Project, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(standup={})
    wrong = command.engine.env["SECRET_OF_LIVEKIT"] = "another secret of more than thirty-two bytes"
    done = command.run("drift")
    assert done.returncode == 1
    assert done.stderr.endswith("check livekit.apiKey and livekit.apiSecret of project project-0.\n")
    assert wrong not in done.stderr


def test_drift_and_up_see_the_empty_timeout(project: Project, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(standup={"emptyTimeout": 900})
    command.up()
    command.declare(standup={"emptyTimeout": 600})
    fields = [{"field": "emptyTimeout", "declared": 600, "live": 900}]
    assert command.drift(2)["changed"] == [{"room": "standup", "fields": fields}]
    assert command.up() == {"replace": 1}
    assert project.room("standup").empty_timeout == 600


def test_a_python_program_declares_the_manifests_rooms_and_changes_metadata_in_place(
    project: Project, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    engine = command.engine
    engine.write("Pulumi.yaml", PULUMI_YAML)
    engine.write("__main__.py", PYTHON)
    command.declare(standup={"emptyTimeout": 900, "metadata": "before"})
    engine.init()
    assert engine.up().changes == {"create": 1}
    sid = project.room("standup").sid
    command.declare(standup={"emptyTimeout": 900, "metadata": "after"})
    assert engine.up().changes == {"update": 1}
    live = project.room("standup")
    assert (live.sid, live.metadata) == (sid, "after")
    assert json.loads(engine.pulumi("stack", "output", "--json").out) == {"project-0/standup": 900}
    assert project.livekit.secret not in engine.state_text()


@pytest.mark.soak
def test_a_saved_plan_does_not_hold_once_somebody_changed_a_room_by_hand_or_joined_one(
    project: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup={"metadata": "one"}, forced={"maxParticipants": 5, "forceDestroy": True})
    command.up()
    command.declare(standup={"metadata": "two"}, forced={"maxParticipants": 6, "forceDestroy": True})
    stack = ("--stack", command.engine.stack)
    assert command.run("preview", "--save", "plan.json", *stack).returncode == 2
    people.join(f"{project.prefix}forced", "ana")
    project._run(lambda backend: backend.update(RoomInputs(name="standup", metadata="by hand"), {"metadata"}))

    done = command.run("up", "--plan", "plan.json", *stack)
    assert done.returncode == 1
    told = "Error: The plan plan.json does not hold any more: project-0/"
    assert done.stderr.splitlines()[:2] == [
        f"{told}forced was joined by ana.",
        f'{told}standup was changed: metadata was "one", is "by hand".',
    ]
    assert project.room("standup").metadata == "by hand"
    assert command.run("preview", "--save", "plan.json", *stack).returncode == 2
    assert command.json("up", "--plan", "plan.json", *stack)["changes"] == {
        **dict.fromkeys(("create", "delete", "same"), 0),
        "update": 1,
        "replace": 1,
    }


IN_PYTHON = """
import pulumi, relay_provider as relay
pulumi.export("room", relay.get_sayna_room("{name}").model_dump())
"""


@pytest.mark.parametrize("way", ["python", "plugin", "command"])
def test_sayna_shows_a_real_room_with_everybodys_attributes_and_metadata(
    way: str, project: Project, people: People, tmp_path: Path
) -> None:
    name = f"{project.prefix}standup"
    gateway = {**project.livekit.env, "RELAY_GATEWAY_KEYS": "sk_live_x=x", "RELAY_GATEWAY_JWT_SECRET": SECRET}
    command = Command(tmp_path, project)
    engine = command.engine
    with running("--engine", "livekit", env=gateway) as served:
        # What Sayna asks for is in the room's metadata.
        made = project.create("standup", metadata='{"auth_id": "tenant"}')
        people.join(name, "ana", tracks=1, metadata='{"role": "host"}', attributes={"lang": "ü"})
        engine.env |= {"SAYNA_URL": served.root, "SAYNA_TOKEN": jwt.encode({"sub": "tenant"}, SECRET)}
        if way == "command":
            room = command.json("get", name, "--source", "sayna")
        else:
            call = {"function": "relay:getSaynaRoom", "arguments": {"name": name}}
            in_yaml = program({}, variables={"room": {"fn::invoke": call}}, outputs={"room": "${room}"})
            engine.write("Pulumi.yaml", PULUMI_YAML if way == "python" else in_yaml)
            engine.write("__main__.py", IN_PYTHON.format(name=name))
            engine.init().up()
            room = json.loads(engine.pulumi("stack", "output", "room", "--json").out)
    (person,) = room["participants"]
    assert (room["name"], room["sid"], room["metadata"]) == (name, made.sid, '{"auth_id": "tenant"}')
    assert (person["identity"], person["attributes"], person["metadata"]) == ("ana", {"lang": "ü"}, '{"role": "host"}')
    assert (person["kind"], person["state"]) == ("STANDARD", "ACTIVE")
