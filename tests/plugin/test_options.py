"""Resource options mean what they mean for any provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugin.doors import YamlDoor, room
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def door(served: Served, tmp_path: Path) -> YamlDoor:
    return YamlDoor(tmp_path / "project", served.env)


def sids(api: Served) -> dict[str, str]:
    return {name: live["sid"] for name, live in api.rooms().items()}


def test_options(door: YamlDoor, served: Served) -> None:
    first = {
        "ignoring": room({"metadata": "a", "maxParticipants": 5}, ignoreChanges=["metadata"]),
        "retained": room(retainOnDelete=True),
        "guarded": room(protect=True),
        "replaced": room(replaceOnChanges=["forceDestroy"]),
        "before": room(),
        "named": room({"name": "fixed"}),
    }
    door.write(first)
    assert door.up().changes == {"create": 6}
    made = sids(served)
    second: dict[str, Any] = {
        "ignoring": room({"metadata": "b", "maxParticipants": 5}, ignoreChanges=["metadata"]),
        "guarded": first["guarded"],
        "replaced": room({"forceDestroy": True}, replaceOnChanges=["forceDestroy"]),
        "after": room(aliases=["urn:pulumi:test::rooms::relay:index:Room::before"]),
        "renamed": room({"name": "fixed"}),  # without an alias: created, then the old one deleted
    }
    door.write(second)
    assert door.up().changes == {"same": 3, "replace": 1, "create": 1, "delete": 2}
    now = sids(served)
    assert now.keys() == made.keys(), "a room that was retained, renamed or guarded is gone"
    assert {name for name in made if made[name] != now[name]} == {"replaced"}
    assert served.rooms()["ignoring"]["metadata"] == "a"
    assert {name: outputs["sid"] for name, outputs in door.state().items()} == {
        name: sid for name, sid in now.items() if name != "retained"
    }
    assert door.up().changes == {"same": 5}

    del second["guarded"]
    door.write(second)
    ran = door.up(check=False)
    assert ran.code != 0
    assert "protect" in ran.errors
    assert sids(served) == now


def test_a_replacement_that_creates_first(door: YamlDoor, served: Served) -> None:
    """Two rooms of one name cannot be: such a replacement ends nothing that it does not make anew."""
    door.write({"standup": room({"maxParticipants": 5}, deleteBeforeReplace=False)})
    door.up()
    made = sids(served)

    door.write({"standup": room({"maxParticipants": 6}, deleteBeforeReplace=False)})
    ran = door.up(check=False)
    assert ran.code != 0
    assert 'Room "standup" is live already with other settings: maxParticipants is 5 there and 6 here' in ran.errors
    assert sids(served) == made
    assert door.state()["standup"]["maxParticipants"] == 5

    door.write({"standup": room({"maxParticipants": 6, "forceDestroy": True}, deleteBeforeReplace=False)})
    assert door.up().changes == {"replace": 1}
    again = sids(served)
    assert again != made
    assert {name: outputs["sid"] for name, outputs in door.state().items()} == again
    assert door.up().changes == {"same": 1}

    assert door.project.up("--replace", "urn:pulumi:test::rooms::relay:index:Room::standup").changes == {"replace": 1}
    assert sids(served) == again, "the room that the new resource took over was ended with the old one"
    assert door.up().changes == {"same": 1}
