"""LiveKit's own settings from a manifest to the server and back: timeouts, presets, and every combination."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.livekit.server import serving_livekit
from tests.served import Served

pytestmark = pytest.mark.e2e

PRESETS = {
    "room": {
        "room_configurations": {
            "class": {"max_participants": 30, "departure_timeout": 45, "metadata": "a class", "empty_timeout": 700}
        }
    }
}


@pytest.fixture(scope="module")
def with_presets() -> Iterator[Project]:
    """A project on a server that has a preset."""
    with serving_livekit(PRESETS) as livekit:
        yield Project(livekit, "acme")


def test_departure_timeout_is_set_replaced_and_drifts(project: Project, people: People, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    lasting: dict[str, Any] = {"emptyTimeout": 600, "livekit": {"departureTimeout": 60}}
    command.declare(room=lasting, other=lasting)
    assert command.up() == {"create": 2}
    live = project.room("room")
    assert (live.empty_timeout, live.departure_timeout) == (600, 60)
    assert command.drift(0)["inSync"] == 2

    ana = people.join(f"{project.prefix}room", "ana")
    changed = {"emptyTimeout": 600, "livekit": {"departureTimeout": 90}}
    command.declare(room=changed, other=lasting)
    refused = command.run("up", "--yes", "--stack", command.engine.stack)
    assert refused.returncode == 1
    assert "1 person is in it: ana" in refused.stderr
    assert ana.is_connected()
    command.declare(room={**changed, "forceDestroy": True}, other=lasting)
    assert command.up() == {"replace": 1, "same": 1}
    assert project.room("room").departure_timeout == 90

    project._run(lambda backend: backend.delete("other"))
    project.create("other", empty_timeout=600)  # which is both timeouts
    (found,) = command.drift(2)["changed"]
    assert found == {"room": "other", "fields": [{"field": "livekit.departureTimeout", "declared": 60, "live": 600}]}
    assert command.up() == {"replace": 1, "same": 1}
    assert command.up() == {"same": 2}


def test_a_departure_timeout_that_is_as_empty_timeout_is_a_default_written_out(
    project: Project, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(room={"emptyTimeout": 600})
    command.up()
    sid = project.room("room").sid
    command.declare(room={"emptyTimeout": 600, "livekit": {"departureTimeout": 600}})
    command.up()
    assert project.room("room").sid == sid
    assert command.up() == {"same": 1}


def test_a_preset_says_what_the_room_leaves_out_and_is_not_compared(with_presets: Project, tmp_path: Path) -> None:
    command = Command(tmp_path, with_presets)
    own = {"livekit": {"roomPreset": "class"}, "maxParticipants": 5}
    command.declare(plain={"livekit": {"roomPreset": "class"}}, own=own)
    assert command.up() == {"create": 2}
    plain, small = with_presets.room("plain"), with_presets.room("own")
    assert (plain.max_participants, plain.metadata, plain.empty_timeout, plain.departure_timeout) == (
        30,
        "a class",
        700,
        45,
    )
    assert (small.max_participants, small.metadata) == (5, "a class"), "the room's own setting beats the preset's"
    report = command.drift(0)
    assert (report["inSync"], report["notComparable"]) == (2, ["livekit.roomPreset"])
    assert command.up() == {"same": 2}
    command.declare(plain={"livekit": {"roomPreset": "class"}}, own={**own, "maxParticipants": 6})
    assert command.up() == {"replace": 1, "same": 1}
    assert command.up() == {"same": 2}

    command.declare(plain={"livekit": {"roomPreset": "lecture"}})
    failed = command.run("up", "--yes", "--stack", command.engine.stack)
    assert failed.returncode == 1
    assert "unknown room configuration" in failed.stderr
    assert "Traceback" not in failed.stderr
    # The server knows what is wrong only when it makes a room, and the empty one had to go first.
    command.declare(plain={"livekit": {"roomPreset": "class"}})
    assert command.up() == {"create": 1}
    assert command.up() == {"same": 1}


VALUES: dict[str, list[Any]] = {
    "maxParticipants": [None, 7],
    "emptyTimeout": [None, 600],
    "metadata": [None, {"b": 1, "a": [True]}],
    "livekit.departureTimeout": [None, 90],
    "livekit.agents": [None, [{"agentName": "notes", "metadata": {"a": 1}}, {"agentName": "scribe"}]],
    "livekit.syncStreams": [None, True],
}


def combinations() -> dict[str, dict[str, Any]]:
    """Rooms with every combination of settings, reported or not; 64 of them."""
    rooms = {}
    for number, values in enumerate(itertools.product(*VALUES.values())):
        room: dict[str, Any] = {}
        for name, value in zip(VALUES, values, strict=True):
            if value is not None:
                *inner, key = name.split(".")
                (room.setdefault("livekit", {}) if inner else room)[key] = value
        if number % 3 == 0:
            room.setdefault("livekit", {}).update(minPlayoutDelay=100, maxPlayoutDelay=200)
        rooms[f"room-{number:02}"] = room
    return rooms


def test_rooms_with_every_combination_of_settings_make_a_round_trip_without_drift(
    project: Project, tmp_path: Path
) -> None:
    rooms = combinations()
    assert len(rooms) >= 50
    command = Command(tmp_path, project)
    command.declare(**rooms)
    assert command.up() == {"create": len(rooms)}
    assert command.up() == {"same": len(rooms)}
    assert command.drift(0)["inSync"] == len(rooms)

    exported = command.run("export", "--project", "project-0")
    assert exported.returncode == 0, exported.stderr
    command.engine.write("rooms.yaml", exported.stdout)
    assert command.run("validate").returncode == 0
    report = command.drift(0)
    assert (report["inSync"], report["notComparable"]) == (len(rooms), [])
    sids = {room.name: room.sid for room in project.rooms()}
    adopted = Command(tmp_path / "again", project)
    adopted.engine.write("rooms.yaml", exported.stdout)
    assert adopted.up() == {"takeOver": len(rooms)}
    assert {room.name: room.sid for room in project.rooms()} == sids


def test_a_project_that_moves_from_relay_to_livekit_keeps_its_settings_and_those_in_a_call(
    project: Project, served: Served, tmp_path: Path
) -> None:
    rooms = {
        "hall": {"maxParticipants": 5, "emptyTimeout": 600, "metadata": {"team": "core"}},
        "lobby": {"emptyTimeout": 600},
    }
    command = Command(tmp_path, project)
    command.declare(**rooms)
    on_livekit = yaml.safe_load((command.engine.folder / "rooms.yaml").read_text())
    relay = {"apiKey": {"env": "RELAY_API_KEY"}, "baseUrl": served.url, "rooms": rooms}
    command.engine.env |= served.env
    command.engine.write("rooms.yaml", yaml.safe_dump({**on_livekit, "projects": {"project-0": relay}}))
    assert command.up() == {"create": 2}
    served.join("hall", "ana")

    with_livekit = {**relay, "rooms": {**rooms, "hall": {**rooms["hall"], "livekit": {"departureTimeout": 60}}}}
    command.engine.write("rooms.yaml", yaml.safe_dump({**on_livekit, "projects": {"project-0": with_livekit}}))
    refused = command.run("validate")
    assert refused.returncode == 1
    assert "livekit holds settings of rooms on LiveKit, and project project-0 is on Relay" in refused.stderr

    command.engine.write("rooms.yaml", yaml.safe_dump(on_livekit))
    moved = command.run("up", "--yes", "--stack", command.engine.stack)
    assert moved.returncode == 1, "the occupied room on Relay is not ended"
    assert "1 person is in it: ana" in moved.stderr
    assert served.people("hall") == ["ana"]
    served.leave("hall", "ana")
    command.up()
    assert served.rooms() == {}
    live = project.room("hall")
    assert (live.max_participants, live.departure_timeout, live.metadata) == (5, 600, '{"team":"core"}')
    assert command.drift(0)["inSync"] == 2
    assert command.up() == {"same": 2}
