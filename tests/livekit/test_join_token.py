"""Join tokens that carry the declared settings: a room that has expired comes back as declared."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from relay_provider.model import LiveRoom
from tests.conformance.target import eventually
from tests.e2e.doors import PULUMI_YAML
from tests.e2e.engine import Project as Engine
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.livekit.server import serving_livekit
from tests.plugin.doors import YamlDoor, room

pytestmark = pytest.mark.e2e

AGENTS = [{"agentName": "captions"}, {"agentName": "notes", "metadata": '{"lang":"ü"}'}]
ROOM: dict[str, Any] = {
    "maxParticipants": 5,
    "emptyTimeout": 1,  # nobody joins it in time
    "metadata": {"team": "core"},
    "livekit": {"departureTimeout": 600, "agents": AGENTS},
}
CONFIG = {**ROOM["livekit"], "maxParticipants": 5, "emptyTimeout": 1, "metadata": '{"team":"core"}'}


def expired(project: Project) -> None:
    """Wait until every room of the project has."""
    assert eventually(project.rooms, lambda rooms: not rooms) == []


def as_declared(project: Project, name: str) -> bool:
    """Has the live room every setting of `ROOM`?"""
    live: LiveRoom = project.room(name)
    agents = project._run(lambda backend: backend.agents(name))
    told = (live.max_participants, live.empty_timeout, live.departure_timeout, live.metadata, agents)
    return told == (5, 1, 600, '{"team":"core"}', AGENTS)


def test_an_expired_room_comes_back_as_declared_with_a_token_of_ours_and_not_with_a_plain_one(
    project: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=ROOM, lobby=ROOM)
    assert command.up() == {"create": 2}
    expired(project)
    people.join_with(command.json("token", "standup", "--identity", "ana", "--name", "Ana")["token"])
    people.join(f"{project.prefix}lobby", "ana")
    (there,) = command.json("get", "standup", "--project", "project-0")["participants"]
    assert (there["identity"], there["name"]) == ("ana", "Ana")
    drift = command.drift(2)
    assert (drift["inSync"], drift["missing"]) == (1, [])
    assert drift["changed"] == [
        {
            "room": "lobby",
            "fields": [
                {"field": "emptyTimeout", "declared": 1, "live": 300},
                {"field": "livekit.agents", "declared": AGENTS, "live": []},
                {"field": "livekit.departureTimeout", "declared": 600, "live": 20},
                {"field": "maxParticipants", "declared": 5, "live": 0},
                {"field": "metadata", "declared": '{"team":"core"}', "live": ""},
            ],
        }
    ]
    command.declare(standup=ROOM)
    assert command.drift(0)["inSync"] == 1


IN_PYTHON = f"""
import pulumi, relay_provider as relay
settings = {{
    "max_participants": 5,
    "empty_timeout": 1,
    "livekit": relay.LiveKit(departure_timeout=600, agents={AGENTS!r}),
}}
standup = relay.Room("standup", metadata=pulumi.Output.secret({{"team": "core"}}), **settings)
relay.RoomSet("classes", rooms={{"math": {{**settings, "metadata": {{"team": "core"}}}}}})
pulumi.export("standup", relay.join_token(standup, "ana", name="Ana", grants={{"hidden": True}}))
pulumi.export("math", relay.join_token("math", "ben", ttl=90))
pulumi.export("config", standup.room_config)
"""


def test_a_python_program_has_it_as_a_secret_for_single_rooms_and_those_of_sets(
    project: Project, people: People, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "project", project.env)
    engine.write("Pulumi.yaml", PULUMI_YAML)
    engine.write("__main__.py", IN_PYTHON)
    engine.init()
    said = [engine.pulumi("preview").out, engine.up("--debug").out, engine.state_text()]
    expired(project)
    outputs = json.loads(engine.pulumi("stack", "output", "--show-secrets", "--json").out)
    assert json.loads(outputs["config"]) == CONFIG
    token = jwt.decode(outputs["math"], project.livekit.secret, algorithms=["HS256"])
    assert (token["sub"], token["exp"] - token["nbf"]) == ("ben", 90)
    for name in ("standup", "math"):
        people.join_with(outputs[name])
        assert as_declared(project, name)
    assert engine.refresh_expecting_no_changes().code == 0
    engine.refresh()
    for text in said:
        assert outputs["standup"] not in text
        assert outputs["math"] not in text
    assert '"team' not in json.dumps(engine.resources()), "secret metadata is in the state as it is"

    engine.write("__main__.py", IN_PYTHON.replace('"math", "ben"', '"maths", "ben"'))
    wrong = engine.pulumi("preview", check=False)
    assert 'This program has declared no room "maths"; did you mean math?' in wrong.out
    assert "Traceback" not in wrong.out


def test_the_plugin_has_it_as_a_secret_and_an_older_state_gets_room_config_by_a_refresh(
    project: Project, people: People, tmp_path: Path
) -> None:
    def asked(**more: Any) -> dict[str, Any]:
        return {"fn::invoke": {"function": "relay:getJoinToken", "arguments": {**more, "identity": "ana"}}}

    door = YamlDoor(tmp_path / "project", project.env)
    engine = door.project
    variables = {
        "exact": asked(room="${standup.name}", roomConfig="${standup.roomConfig}"),
        "seen": asked(room="${lobby.name}"),
    }
    outputs = {name: f"${{{name}.token}}" for name in variables} | {"config": "${standup.roomConfig}"}
    door.write({"standup": room(ROOM), "lobby": room(deepcopy(ROOM))}, variables=variables, outputs=outputs)
    said = [engine.pulumi("preview").out, engine.up("--debug").out, engine.state_text()]
    expired(project)
    told = json.loads(engine.pulumi("stack", "output", "--show-secrets", "--json").out)
    assert json.loads(told["config"]) == CONFIG
    for text in said:
        assert told["exact"] not in text
        assert told["seen"] not in text
    for token, name in (("exact", "standup"), ("seen", "lobby")):
        people.join_with(told[token])
        assert as_declared(project, name)
    assert engine.refresh_expecting_no_changes().code == 0

    state = json.loads(engine.pulumi("stack", "export", "--show-secrets").out)
    for one in state["deployment"]["resources"]:
        one.get("outputs", {}).pop("roomConfig", None)
    engine.write("old.json", json.dumps(state))
    engine.pulumi("stack", "import", "--file", "old.json")
    assert engine.refresh_expecting_no_changes().code == 0
    engine.refresh()
    assert [json.loads(one["outputs"]["roomConfig"]) for one in engine.resources()] == [CONFIG, CONFIG]


def test_a_state_of_an_older_version_is_no_change_and_gets_room_config(project: Project, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(standup={**ROOM, "emptyTimeout": 900})
    command.up()
    (file,) = command.engine.state_folder.rglob(f"stacks/**/{command.engine.stack}.json")
    state = json.loads(file.read_text())
    for one in state["checkpoint"]["latest"]["resources"]:
        one.get("outputs", {}).pop("roomConfig", None)
    file.write_text(json.dumps(state))
    assert command.up() == {"same": 1}
    ((_, _, outputs),) = command.state()
    assert json.loads(outputs["roomConfig"]) == {**CONFIG, "emptyTimeout": 900}


def test_exported_presets_make_rooms_as_declared_on_a_server_that_has_them(project: Project, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(**{"a.b:c": ROOM, "off": {}})
    exported = command.run("export", "--room-configurations")
    with serving_livekit(yaml.safe_load(exported.stdout)) as livekit:
        there = Project(livekit, "")
        there.create("made", livekit={"roomPreset": "a.b:c"})
        assert as_declared(there, "made")
