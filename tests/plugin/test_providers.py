"""A room that goes from one provider to another: to the engine, each provider is a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.doors import PULUMI_YAML, PythonDoor
from tests.plugin.doors import YamlDoor, program, room
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def resources(provider: str, resource: str, **settings: Any) -> dict[str, Any]:
    return {
        provider: {"type": "pulumi:providers:relay"},
        resource: room({"name": "standup", "forceDestroy": True, **settings}, provider=f"${{{provider}}}"),
    }


def sid(api: Served) -> str:
    return api.rooms()["standup"]["sid"]


def test_a_provider_is_renamed_with_its_resource(served: Served, tmp_path: Path) -> None:
    door = YamlDoor(tmp_path / "project", served.env)
    door.write(resources("first", "a"))
    door.up()
    made = sid(served)
    served.join("standup", "ana")

    door.write(resources("second", "b"))
    door.up()
    assert sid(served) == made, "the room was ended by the provider that it had before"
    assert served.people("standup") == ["ana"]
    assert door.up().changes == {"same": 1}

    door.write(resources("third", "c", maxParticipants=5))  # and it is replaced, with consent
    door.up()
    assert sid(served) == door.state()["standup"]["sid"] != made
    assert door.up().changes == {"same": 1}

    door.write({})
    door.up()
    assert served.rooms() == {}


def test_two_providers_that_declare_one_room_are_told(served: Served, tmp_path: Path) -> None:
    door = YamlDoor(tmp_path / "project", served.env)
    door.write(resources("first", "a") | resources("second", "b"))
    assert 'room "standup" is declared by' in door.up(check=False).errors


@pytest.mark.soak
def test_rooms_move_between_a_python_program_and_the_plugin(served: Served, tmp_path: Path) -> None:
    door = PythonDoor(tmp_path / "project", served.env)
    rooms = {"standup": {"forceDestroy": True}}
    door.declare(rooms)
    door.up()
    made = sid(served)
    served.join("standup", "ana")

    for there in (program({"standup": room(rooms["standup"])}), PULUMI_YAML):
        door.project.write("Pulumi.yaml", there)
        door.up()
        assert sid(served) == made, "the room was ended by the provider that it had before"
        assert served.people("standup") == ["ana"]
        assert door.up().changes == {"same": 1}
