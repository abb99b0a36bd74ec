"""The state: how often the engine writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.engine import Project
from tests.e2e.writes import writes_of
from tests.plugin.doors import program, room
from tests.served import Served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="the writes are told by Linux's inotify"),
]

PULUMI_YAML = "name: rooms\nruntime: {name: python}\noptions: {refresh: always}\n"
PROGRAM = """
import pulumi, relay_provider as relay

first = relay.Room("first", max_participants=5.0, empty_timeout=900, metadata={"n": 1.0, "a": [1]}, force_destroy=False)
relay.Room("plain")
relay.Room("spelled", metadata='{"b": 1,  "a": 2}', force_destroy=True)
relay.Room("after", name="later", opts=pulumi.ResourceOptions(depends_on=[first], protect=False))
relay.declare_rooms("rooms.yaml")
relay.RoomSet("classes", rooms={"math": {"max_participants": 5, "metadata": {"n": 1}}, "lobby": {}})
"""
MANIFEST = """
version: 1
projects:
  acme:
    apiKey: {env: RELAY_API_KEY}
    rooms: {one: {maxParticipants: 4, metadata: {x: 1}, forceDestroy: false}, two: {}}
"""
IN_YAML = {
    "first": room({"maxParticipants": 5, "emptyTimeout": 900, "metadata": {"n": 1, "a": [1]}, "forceDestroy": False}),
    "plain": room(),
    "spelled": room({"metadata": '{"b": 1,  "a": 2}', "forceDestroy": True}),
    "after": room({"name": "later"}, dependsOn=["${first}"], protect=False),
    "classes": {
        "type": "relay:RoomSet",
        "properties": {"rooms": {"math": {"maxParticipants": 5, "metadata": {"n": 1}}, "lobby": {}}},
    },
}


def state_file(project: Project) -> Path:
    (found,) = project.state_folder.rglob(f"stacks/**/{project.stack}.json")
    return found


@pytest.mark.parametrize("door", ["python", "plugin"])
def test_nothing_changed_is_written_once(door: str, served: Served, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", served.env)
    if door == "python":
        project.write("Pulumi.yaml", PULUMI_YAML)
        project.write("__main__.py", PROGRAM)
        project.write("rooms.yaml", MANIFEST)
    else:
        project.write("Pulumi.yaml", program(IN_YAML))
    project.init().up()
    resources = len(served.rooms()) - 1  # two rooms are one set
    for _ in range(2):  # each refreshes what the one before has left
        with writes_of(state_file(project)) as writes:
            assert project.up().changes == {"same": resources}
        assert writes.count == 1
