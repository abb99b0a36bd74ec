"""Nobody is thrown out by surprise: occupied rooms, on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors import PythonDoor
from tests.e2e.engine import Ran
from tests.served import Served

pytestmark = pytest.mark.e2e

STANDUP = {"maxParticipants": 12, "emptyTimeout": 900}


def occupied(api: Served, folder: Path) -> PythonDoor:
    """Room `standup`, declared, with ana and ben in it."""
    door = PythonDoor(folder / "project", api.env)
    door.declare({"standup": STANDUP})
    door.up()
    api.join("standup", "ana", "ben")
    return door


def test_an_occupied_room_is_ended_by_nobody_who_did_not_say_so(served: Served, tmp_path: Path) -> None:
    door = occupied(served, tmp_path)
    live, state = served.rooms(), door.state()

    def check_refused(ran: Ran, what: str) -> None:
        assert ran.code == 1, what
        for part in ("standup", "ana, ben", "Nobody was disconnected", "forceDestroy: true"):
            assert part in ran.errors, (what, ran.errors)
        assert "Traceback" not in ran.out, what
        assert served.people("standup") == ["ana", "ben"], what
        assert served.rooms() == live, what
        assert door.state() == state, what

    door.declare({"standup": {**STANDUP, "maxParticipants": 5}})
    check_refused(door.up(check=False), "replace")
    door.declare({})
    check_refused(door.up(check=False), "delete")
    door.declare({"standup": STANDUP})
    check_refused(door.destroy(check=False), "destroy")
    assert door.up().changes == {"same": 1}


def test_force_destroy_with_the_change_replaces_an_occupied_room_at_once(served: Served, tmp_path: Path) -> None:
    door = occupied(served, tmp_path)
    before = served.rooms()["standup"]["sid"]
    door.declare({"standup": {"maxParticipants": 5, "forceDestroy": True}})
    assert door.up().changes == {"replace": 1}
    assert served.rooms()["standup"]["sid"] != before
    assert served.people("standup") == []
    assert door.up().changes == {"same": 1}


@pytest.mark.soak
def test_force_destroy_declared_before_lets_a_destroy_through(served: Served, tmp_path: Path) -> None:
    door = occupied(served, tmp_path)
    door.declare({"standup": {**STANDUP, "forceDestroy": True}})
    assert door.up().changes == {"update": 1}
    assert served.people("standup") == ["ana", "ben"]
    door.destroy()
    assert served.rooms() == {}
    assert door.state() == {}


def test_people_joining_and_leaving_and_a_room_made_anew_with_equal_settings_are_no_drift(
    served: Served, tmp_path: Path
) -> None:
    door = PythonDoor(tmp_path / "project", served.env)
    door.declare({"standup": STANDUP, "lobby": STANDUP | {"metadata": {"team": "core"}}})
    door.up()
    served.join("standup", "ana", "ben")
    served.leave("standup", "ana")
    served.end("lobby")
    served.create("lobby", maxParticipants=12, metadata='{ "team": "core" }')
    assert not door.drifted()
    assert door.up().changes == {"same": 2}
