"""Sets of rooms on the real engine, in Python programs and through the plugin."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.doors import PULUMI_YAML, Rooms
from tests.e2e.engine import Project
from tests.plugin.doors import program, room
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

THREE: dict[str, dict[str, Any]] = {
    "math": {"maxParticipants": 30},
    "physics": {"metadata": {"by": "ana"}},
    "a.b:c": {},
}
PROGRAM = """
import json
from pathlib import Path

import relay_provider as relay
from relay_provider.model import FIELDS

NAMES = {alias: name for name, alias in FIELDS.items()}
declared = json.loads(Path("rooms.json").read_text())
for name, rooms in declared["sets"].items():
    relay.RoomSet(name, rooms=rooms)
for name, settings in declared["rooms"].items():
    relay.Room(name, **{NAMES[key]: value for key, value in settings.items()})
"""


class PythonSets:
    """A program in Python."""

    label = "python"

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.project = Project(folder, env)
        self.project.write("Pulumi.yaml", PULUMI_YAML)
        self.project.write("__main__.py", PROGRAM)
        self.project.init()

    def declare(self, rooms: Rooms | None = None, **sets: Rooms) -> None:
        self.project.write("rooms.json", json.dumps({"sets": sets, "rooms": rooms or {}}))


class PluginSets(PythonSets):
    """A program in Pulumi YAML."""

    label = "plugin"

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.project = Project(folder, env)
        self.declare()
        self.project.init()

    def declare(self, rooms: Rooms | None = None, **sets: Rooms) -> None:
        resources = {name: room(dict(settings)) for name, settings in (rooms or {}).items()}
        resources |= {name: {"type": "relay:RoomSet", "properties": {"rooms": found}} for name, found in sets.items()}
        self.project.write("Pulumi.yaml", program(resources))


BOTH = pytest.mark.parametrize("door", [PythonSets, PluginSets], ids=lambda kind: kind.label, indirect=True)


@pytest.fixture(params=[pytest.param(PythonSets, marks=pytest.mark.soak), PluginSets], ids=lambda kind: kind.label)
def door(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> PythonSets:
    return request.param(tmp_path / "project", served.env)  # type: ignore[no-any-return]


def stands(door: PythonSets, name: str = "classes") -> dict[str, str]:
    """The rooms that the state has in a set: session IDs by name."""
    resources = json.loads(door.project.state_text())["checkpoint"]["latest"]["resources"]
    [found] = [one for one in resources if one["urn"].endswith(f":RoomSet::{name}")]
    return {room: props["sid"] for room, props in found["outputs"]["rooms"].items()}


def sids(served: Served) -> dict[str, str]:
    return {name: room["sid"] for name, room in served.rooms().items()}


def settings(served: Served, room: str) -> tuple[int, str]:
    found = served.rooms()[room]
    return found["maxParticipants"], found["metadata"]


def test_a_set_is_made_changed_and_ended(door: PythonSets, served: Served) -> None:
    served.create("foreign")
    foreign = sids(served)
    door.declare(classes=THREE)
    assert door.project.up().changes == {"create": 1}
    made = sids(served)
    assert stands(door) == {name: sid for name, sid in made.items() if name != "foreign"}
    assert (settings(served, "math"), settings(served, "physics")) == ((30, ""), (0, '{"by":"ana"}'))
    assert door.project.up().changes == {"same": 1}

    door.declare(classes={"math": {"maxParticipants": 31}, "physics": THREE["physics"], "new": {}})
    assert door.project.up().changes == {"update": 1}
    now = sids(served)
    assert now.keys() == {"math", "physics", "new", "foreign"}
    assert (now["physics"], now["math"] == made["math"]) == (made["physics"], False)
    assert stands(door) == {name: sid for name, sid in now.items() if name != "foreign"}
    assert door.project.up().changes == {"same": 1}

    door.project.destroy()
    assert sids(served) == foreign


@BOTH
def test_a_room_that_fails_leaves_the_others_standing(door: PythonSets, served: Served) -> None:
    served.create("lobby", maxParticipants=3)
    door.declare(classes={**THREE, "lobby": {}})
    ran = door.project.up(check=False)
    assert ran.code != 0
    assert "1 of 4 rooms could not be made as declared; the others stand." in ran.errors
    assert 'rooms["lobby"]: Room "lobby" is live already with other settings: maxParticipants is 3 there' in ran.errors
    assert "Traceback" not in ran.out
    found = sids(served)
    assert stands(door) == {name: found[name] for name in THREE}

    served.end("lobby")
    assert door.project.up().changes == {"update": 1}
    assert stands(door) == sids(served)
    assert door.project.up().changes == {"same": 1}
    assert {name: sids(served)[name] for name in THREE} == {name: found[name] for name in THREE}


def test_nobody_is_disconnected_by_a_set_without_consent(door: PythonSets, served: Served) -> None:
    door.declare(classes={**THREE, "open": {"forceDestroy": True}})
    door.project.up()
    before = sids(served)
    for name in before:
        served.join(name, "ana")
    door.declare(classes={"math": {"maxParticipants": 31}, "open": {"maxParticipants": 2, "forceDestroy": True}})
    ran = door.project.up(check=False)
    assert ran.code != 0
    for name in THREE:
        assert f'Room "{name}" was not ended, because 1 person is in it: ana.' in ran.errors
        assert (served.people(name), sids(served)[name]) == (["ana"], before[name])
    assert settings(served, "open") == (2, "")
    assert stands(door) == sids(served)

    for name in THREE:
        served.leave(name, "ana")
    door.project.up()
    assert sids(served).keys() == {"math", "open"}
    assert door.project.up().changes == {"same": 1}


def test_rooms_come_back_when_they_are_gone_and_when_they_differ(door: PythonSets, served: Served) -> None:
    door.declare(classes=THREE)
    door.project.up()
    for name in ("math", "physics"):
        served.end(name)
    served.create("physics", metadata="by hand")
    assert door.project.refresh_expecting_no_changes().code != 0
    assert door.project.up().changes == {"update": 1}
    assert (settings(served, "math"), settings(served, "physics")) == ((30, ""), (0, '{"by":"ana"}'))
    assert stands(door) == sids(served)
    assert door.project.up().changes == {"same": 1}


@pytest.mark.soak
def test_rooms_move_between_sets_and_single_resources(door: PythonSets, served: Served) -> None:
    rooms = {"math": {"forceDestroy": True}, "physics": {"forceDestroy": True}}
    door.declare(rooms)
    door.project.up()
    made = sids(served)
    for name in made:
        served.join(name, "ana")

    def moved(rooms: Rooms | None = None, **sets: Rooms) -> None:
        door.declare(rooms, **sets)
        door.project.up()
        assert sids(served) == made
        assert [served.people(name) for name in made] == [["ana"], ["ana"]]

    moved(classes=rooms)
    moved(classes={"math": rooms["math"]}, others={"physics": rooms["physics"]})
    moved(classes={"physics": rooms["physics"]}, others={"math": rooms["math"]})
    moved({"math": rooms["math"]}, classes={"physics": rooms["physics"]})
    moved(renamed=rooms)
    moved(rooms)
    assert door.project.up().changes == {"same": 2}


def test_everything_wrong_with_a_set_is_told_at_once(door: PythonSets, served: Served) -> None:
    wrong: Mapping[str, Any] = {"math": {"maxParticipants": 0}, "bad name": {}}
    door.declare(classes=wrong)
    ran = door.project.up(check=False)
    for said in ('rooms["math"].maxParticipants', 'rooms["bad name"]'):
        assert said in ran.out
    assert served.rooms() == {}


@pytest.mark.soak
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_an_interrupted_set_is_completed_or_ended(door: PythonSets, served: Served, how: signal.Signals) -> None:
    many = {f"r{n:03}": {"maxParticipants": 5} for n in range(800)}
    door.declare(classes=many)
    run = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=door.project.folder,
        env=door.project.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not served.rooms():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(how)
    run.wait(timeout=60)
    if how is signal.SIGKILL:
        door.project.pulumi("cancel", "--yes")
    else:
        assert not stands(door).items() - sids(served).items()
    door.project.up()
    assert not stands(door).items() ^ sids(served).items()
    assert len(stands(door)) == len(many)
    assert door.project.up().changes == {"same": 1}


def test_a_preview_tells_each_room_and_who_would_be_disconnected(served: Served, tmp_path: Path) -> None:
    door = PluginSets(tmp_path / "project", served.env)
    door.declare(classes=THREE)
    door.project.up()
    served.join("math", "ana")
    served.join("physics", "bob")
    door.declare(classes={"math": {"maxParticipants": 31, "forceDestroy": True}, "new": {}})
    before = served.rooms()
    ran = door.project.pulumi("preview", "--diff")
    assert served.rooms() == before
    assert 'Room "math" is to end: disconnects 1 person: ana.' in ran.out
    assert 'Room "physics" is to end: refused, 1 person: bob.' in ran.out
    [step] = [
        found["metadata"]["detailedDiff"]
        for event in ran.events
        if (found := event.get("resourcePreEvent")) and found["metadata"]["op"] == "update"
    ]
    assert {path: one["diffKind"] for path, one in step.items()} == {
        'rooms["math"].maxParticipants': "update",
        'rooms["math"].forceDestroy': "add",
        'rooms["a.b:c"]': "delete",
        'rooms["physics"]': "delete",
        'rooms["new"]': "add",
    }


def test_live_rooms_are_imported_as_a_set(served: Served, tmp_path: Path) -> None:
    for name in ("class-math", "class-physics", "lobby"):
        served.create(name, maxParticipants=7)
    made = sids(served)
    door = PluginSets(tmp_path / "project", served.env)
    imported = {name: {"maxParticipants": 7} for name in made}
    for how, names in {"*": set(made), "class-*": {"class-math", "class-physics"}, "lobby": {"lobby"}}.items():
        door.declare(classes={name: imported[name] for name in names})
        door.project.pulumi("import", "relay:index:RoomSet", "classes", how, "--yes", "--protect=false")
        assert stands(door) == {name: made[name] for name in names}
        assert door.project.up().changes == {"same": 1}
        assert sids(served) == made
        door.project.pulumi("state", "delete", "--yes", "urn:pulumi:test::rooms::relay:index:RoomSet::classes")
    ran = door.project.pulumi("import", "relay:index:RoomSet", "classes", "lobby,hall", "--yes", check=False)
    assert "hall" in ran.out
    assert "as a list (`math,physics`), a prefix (`class-*`), or all of them (`*`)" in ran.out
