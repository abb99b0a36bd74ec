"""Rooms that went away or are not what was declared any more: expired and made anew by a join, a server that was
restarted, a server that is down. Seen by `drift`, put right by `up`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.target import eventually
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.livekit.server import serving_livekit

pytestmark = pytest.mark.e2e

ROOM = {"maxParticipants": 5, "emptyTimeout": 1, "metadata": {"team": "core"}, "forceDestroy": True}
LOBBY = {"emptyTimeout": 900}


@pytest.fixture
def own_project() -> Iterator[Project]:
    """A project on a server that this test may end."""
    with serving_livekit() as livekit:
        yield Project(livekit, "acme")


def test_a_room_that_expired_and_was_made_anew_by_a_join_is_changed_in_every_field_and_put_right(
    project: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(room=ROOM)
    assert command.up() == {"create": 1}
    assert eventually(project.rooms, lambda found: not found) == []
    ana = people.join(f"{project.prefix}room", "ana")

    found = command.drift(2)
    assert found["notComparable"] == []
    assert (found["missing"], found["changed"]) == (
        [],
        [
            {
                "room": "room",
                "fields": [
                    {"field": "emptyTimeout", "declared": 1, "live": 20},
                    {"field": "maxParticipants", "declared": 5, "live": 0},
                    {"field": "metadata", "declared": '{"team":"core"}', "live": ""},
                ],
            }
        ],
    )

    command.declare(room={**ROOM, "emptyTimeout": 900})  # so that it lasts while this test looks
    assert command.up() == {"replace": 1}
    live = project.room("room")
    assert (live.max_participants, live.empty_timeout, live.metadata) == (5, 900, '{"team":"core"}')
    assert eventually(ana.is_connected, lambda connected: not connected) is False
    assert command.drift(0)["inSync"] == 1


def test_after_a_restart_of_the_server_all_rooms_are_missing_and_up_makes_them_again(
    own_project: Project, tmp_path: Path
) -> None:
    command = Command(tmp_path, own_project)
    command.declare(room={"maxParticipants": 5}, lobby=LOBBY)
    command.up()
    own_project.livekit.restart()
    assert command.drift(2)["missing"] == ["lobby", "room"]
    assert command.up() == {"create": 2}
    assert [(room.name, room.max_participants) for room in own_project.rooms()] == [("lobby", 0), ("room", 5)]


def test_while_the_server_is_down_there_is_an_error_no_drift_and_no_change_of_state(
    own_project: Project, tmp_path: Path
) -> None:
    command = Command(tmp_path, own_project)
    command.declare(lobby=LOBBY)
    command.up()
    state, stack = command.state(), ("--stack", command.engine.stack)
    own_project.livekit.stop()
    for arguments in (("drift", "--output", "json"), ("up", "--yes", *stack), ("destroy", "--yes", *stack)):
        failed = command.run(*arguments)
        assert failed.returncode == 1, arguments
        assert f"{own_project.livekit.url} failed" in failed.stderr, arguments
        assert "Traceback" not in failed.stdout + failed.stderr
        assert own_project.livekit.secret not in failed.stdout + failed.stderr
        assert arguments[0] != "drift" or failed.stdout == ""
        assert command.state() == state, arguments
