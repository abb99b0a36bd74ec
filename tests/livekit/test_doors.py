"""LiveKit's own settings through the doors that programs use: Python, the plugin, and sets of rooms in both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relay_provider.model import RoomInputs
from tests.e2e.doors import PULUMI_YAML
from tests.e2e.engine import Project as Engine
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.plugin.doors import YamlDoor, program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PROGRAM = """
import pulumi, relay_provider as relay

first = relay.Room("first", empty_timeout=600)
second = relay.Room(
    "second",
    empty_timeout=600,
    livekit=relay.LiveKit(departure_timeout=60, agents=[relay.Agent("{agent}", metadata={{"sid": first.sid}})]),
)
relay.RoomSet("classes", rooms={{
    "math": {{"empty_timeout": 600, "livekit": relay.LiveKit(agents=[relay.Agent("{agent}")])}},
    "art": {{"empty_timeout": 600, "livekit": {{"departure_timeout": 90}}}},
}})
pulumi.export("agents", second.livekit["agents"])
"""


def agents(project: Project, name: str) -> list[dict[str, str]]:
    return project._run(lambda backend: backend.agents(name))


def test_a_python_program_declares_agents_that_are_told_outputs(
    project: Project, people: People, tmp_path: Path
) -> None:
    engine = Engine(tmp_path / "program", project.env)
    engine.write("Pulumi.yaml", PULUMI_YAML)
    engine.write("__main__.py", PROGRAM.format(agent="notes"))
    engine.init()
    assert engine.up().changes == {"create": 3}
    live = {room.name: room for room in project.rooms()}
    assert agents(project, "second") == [{"agentName": "notes", "metadata": f'{{"sid":"{live["first"].sid}"}}'}]
    assert agents(project, "math") == [{"agentName": "notes"}]
    assert (live["second"].departure_timeout, live["art"].departure_timeout) == (60, 90)
    assert engine.up().changes == {"same": 3}

    people.join(f"{project.prefix}second", "ana"), people.join(f"{project.prefix}math", "ben")
    engine.write("__main__.py", PROGRAM.format(agent="scribe"))
    assert engine.up().changes == {"same": 1, "update": 2}
    assert [one["agentName"] for one in agents(project, "second") + agents(project, "math")] == ["scribe", "scribe"]
    assert {room.name: room.sid for room in project.rooms()} == {name: room.sid for name, room in live.items()}
    project._run(lambda backend: backend.update(RoomInputs(name="math"), {"livekit.agents"}))
    assert engine.up("--refresh").changes == {"same": 2, "update": 1}
    assert agents(project, "math") == [{"agentName": "scribe"}]
    assert engine.up().changes == {"same": 3}


def test_the_plugin_changes_agents_in_place_imports_them_and_sees_them_drift(
    project: Project, people: People, tmp_path: Path
) -> None:
    door = YamlDoor(tmp_path / "project", project.env)
    own: dict[str, Any] = {"departureTimeout": 60, "agents": [{"agentName": "notes", "metadata": {"b": 1, "a": 2}}]}
    door.declare({"room": {"emptyTimeout": 600, "livekit": own}})
    assert door.up().changes == {"create": 1}
    made = project.room("room")
    assert (made.departure_timeout, agents(project, "room")) == (
        60,
        [{"agentName": "notes", "metadata": '{"a":2,"b":1}'}],
    )
    assert door.up().changes == {"same": 1}
    people.join(f"{project.prefix}room", "ana")
    changed = {**own, "agents": [{"agentName": "scribe"}]}
    door.declare({"room": {"emptyTimeout": 600, "livekit": changed}})
    assert door.project.pulumi("preview").changes == {"update": 1}
    assert door.up().changes == {"update": 1}
    assert (project.room("room").sid, agents(project, "room")) == (made.sid, [{"agentName": "scribe"}])
    assert door.up().changes == {"same": 1}
    assert not door.drifted()
    project._run(lambda backend: backend.update(RoomInputs(name="room"), {"livekit.agents"}))
    assert door.drifted()
    assert door.up().changes == {"update": 1}
    assert not door.drifted()

    properties = {"name": "room", "emptyTimeout": 600, "livekit": changed}
    imported = {"type": "relay:Room", "properties": properties, "options": {"import": "room"}}
    other = Engine(tmp_path / "import", project.env)
    other.write("Pulumi.yaml", program({"room": imported}))
    other.init()
    assert other.up().changes == {"import": 1}
    assert project.room("room").sid == made.sid


def test_a_grouped_project_changes_the_agents_of_its_rooms_in_place(
    project: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)

    def declare(agent: str) -> None:
        room = {"emptyTimeout": 600, "livekit": {"agents": [{"agentName": agent}]}}
        command.declare(math=room, art=room)
        text = (command.engine.folder / "rooms.yaml").read_text()
        grouped = text.replace("    backend: livekit\n", "    backend: livekit\n    grouped: true\n")
        command.engine.write("rooms.yaml", grouped)

    declare("notes")
    assert command.up() == {"create": 2}
    sids = {room.name: room.sid for room in project.rooms()}
    assert command.up() == {"same": 2}
    ana = people.join(f"{project.prefix}math", "ana")
    declare("scribe")
    assert command.up() == {"update": 2}
    assert ana.is_connected()
    assert {room.name: room.sid for room in project.rooms()} == sids
    assert agents(project, "math") == [{"agentName": "scribe"}]
    assert command.drift(0)["inSync"] == 2
    assert command.up() == {"same": 2}
