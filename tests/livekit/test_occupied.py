"""Nobody is thrown out by surprise: real people in declared rooms, on the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.target import eventually
from tests.e2e.doors import Door, ManifestDoor
from tests.livekit.conftest import Project
from tests.livekit.people import People, Person
from tests.plugin.doors import YamlDoor

pytestmark = pytest.mark.e2e

ROOM = {"maxParticipants": 12, "emptyTimeout": 900, "metadata": "before"}


def through(*doors: type[Door]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("make", doors, ids=lambda door: door.label)


@pytest.fixture
def door(make: type[Door], project: Project, tmp_path: Path) -> Door:
    """The room `standup`, declared through the door."""
    door = make(tmp_path / "project", project.env)
    door.declare({"standup": ROOM})
    door.up()
    return door


@pytest.fixture
def both(door: Door, project: Project, people: People) -> list[Person]:
    """ana and ben, in `standup`."""
    return [people.join(f"{project.prefix}standup", identity) for identity in ("ana", "ben")]


def connected(people: list[Person]) -> list[bool]:
    return [person.is_connected() for person in people]


@through(YamlDoor)
def test_an_occupied_room_is_ended_by_nobody_who_did_not_say_so(
    door: Door, both: list[Person], project: Project
) -> None:
    live, state = project.room("standup"), door.state()
    steps: list[dict[str, Any]] = [{"standup": {**ROOM, "maxParticipants": 5}}, {}]
    for declared in steps:
        door.declare(declared)
        ran = door.up(check=False)
        assert ran.code == 1, declared
        assert "in it: ana, ben. Nobody was disconnected" in ran.errors
        assert project.room("standup").sid == live.sid
        assert door.state() == state
        assert connected(both) == [True, True]


@through(ManifestDoor)
def test_force_destroy_ends_an_occupied_room_and_disconnects_everybody(
    door: Door, both: list[Person], project: Project
) -> None:
    assert isinstance(door, ManifestDoor)
    for force in (False, True):  # at once after they joined, while the server's own count lags
        door.declare({"standup": {**ROOM, "maxParticipants": 5, "forceDestroy": force}})
        (planned,) = door.plan()
        assert (planned["people"], planned["identities"], planned["refused"]) == (2, ["ana", "ben"], not force)
    door.declare({"standup": {**ROOM, "forceDestroy": True}})
    door.up()
    assert connected(both) == [True, True]
    door.destroy()
    assert eventually(lambda: connected(both), lambda found: not any(found)) == [False, False]
    assert project.rooms() == []


@through(ManifestDoor, YamlDoor)
def test_a_metadata_change_keeps_the_room_and_everybody_in_it_and_reaches_every_client(
    door: Door, both: list[Person], project: Project
) -> None:
    live = project.room("standup")
    door.declare({"standup": {**ROOM, "metadata": {"topic": "ü"}}})
    assert door.up().changes == {"update": 1}
    seen = eventually(lambda: [person.room_metadata() for person in both], lambda found: found == ['{"topic":"ü"}'] * 2)
    assert seen == ['{"topic":"ü"}'] * 2
    assert project.room("standup").sid == live.sid
    assert door.state()["standup"]["sid"] == live.sid
    assert connected(both) == [True, True]
