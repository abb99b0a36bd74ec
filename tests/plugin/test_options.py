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


def test_a_replacement_ends_and_makes_the_room_in_one_step(door: YamlDoor, served: Served) -> None:
    """The user's own order of things works as well, and ends no more than it has to."""
    orders: dict[str, dict[str, Any]] = {
        "plain": {},
        "before": {"deleteBeforeReplace": True},
        "after": {"deleteBeforeReplace": False},
    }

    def declare(limit: int) -> None:
        door.write({name: room({"maxParticipants": limit}, **order) for name, order in orders.items()})

    declare(5)
    door.up()
    made = sids(served)
    for name in orders:
        served.join(name, "ana", "bob")

    declare(6)
    planned = door.project.pulumi("preview")
    for name in orders:
        assert f'Room "{name}" is to end: refused, 2 people: ana, bob.' in planned.out
    ran = door.project.up("--continue-on-error", check=False)
    assert ran.code != 0
    for name in orders:
        assert f'Room "{name}" was not ended, because 2 people are in it: ana, bob.' in ran.errors
    assert sids(served) == made
    assert {outputs["maxParticipants"] for outputs in door.state().values()} == {5}

    for name in orders:
        for identity in ("ana", "bob"):
            served.leave(name, identity)
    for limit in (6, 7):
        declare(limit)
        assert sum(door.up().changes.values()) == 3
        assert not sids(served).items() & made.items()
        made = sids(served)
        assert {name: outputs["sid"] for name, outputs in door.state().items()} == made
    assert door.up().changes == {"same": 3}

    assert door.project.up("--replace", "urn:pulumi:test::rooms::relay:index:Room::plain").changes["replace"] == 1
    assert sids(served) == made, "the room that the new resource took over was ended with the old one"
    assert door.up().changes == {"same": 3}
