"""The plan says who is in a room, and refuses to end it without consent; whatever leads to the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.served import Served
from tests.terraform.engine import Workspace

pytestmark = pytest.mark.e2e

STANDUP = {"name": "standup", "max_participants": 12}


def occupied(tf: Workspace, api: Served, **more: Any) -> None:
    """A room of the state with somebody in it."""
    tf.write({"standup": {**STANDUP, **more}, "lobby": {"name": "lobby"}})
    tf.apply()
    api.join("standup", "ana")


def change(tf: Workspace, **more: Any) -> None:
    tf.write({"standup": {**STANDUP, **more}, "lobby": {"name": "lobby"}})


WAYS: dict[str, tuple[Callable[[Workspace], Any], list[str]]] = {
    "destroy": (lambda _: None, ["destroy"]),
    "removal": (lambda tf: tf.write({"lobby": {"name": "lobby"}}), ["plan"]),
    "replacement": (lambda tf: change(tf, max_participants=5), ["plan"]),
    "another name": (lambda tf: change(tf, name="stand-up"), ["plan"]),
    "-replace": (lambda _: None, ["plan", "-replace=relay_room.standup"]),
    "-replace without a refresh": (lambda _: None, ["plan", "-refresh=false", "-replace=relay_room.standup"]),
    "taint": (lambda tf: tf.run("taint", "relay_room.standup"), ["plan"]),
    "taint without a refresh": (lambda tf: tf.run("taint", "relay_room.standup"), ["plan", "-refresh=false"]),
    "a target": (lambda tf: change(tf, max_participants=5), ["plan", "-target=relay_room.standup"]),
    "create_before_destroy": (
        lambda tf: change(tf, max_participants=5, lifecycle={"create_before_destroy": True}),
        ["plan"],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_end_of_an_occupied_room_is_refused_in_the_plan_with_identities(
    way: str, tf: Workspace, api: Served
) -> None:
    occupied(tf, api)
    state, sid = tf.state(), api.rooms()["standup"]["sid"]
    prepare, command = WAYS[way]
    prepare(tf)
    ran = tf.run(*command, check=False)
    assert ran.code == 1
    (said,) = ran.diagnostics()
    assert said.get("address") == (None if way == "removal" else "relay_room.standup")
    assert 'Room "standup" would be ended by this plan, and 1 person is in it: ana.' in said["detail"]
    assert "force_destroy = true" in said["detail"]
    assert api.people("standup") == ["ana"]
    assert api.rooms()["standup"]["sid"] == sid
    assert tf.state() == state


def test_with_consent_the_plan_warns_whom_it_disconnects_and_apply_does(tf: Workspace, api: Served) -> None:
    occupied(tf, api)
    change(tf, max_participants=5, force_destroy=True)  # the consent and the change in one
    assert 'Room "standup" will be ended, and 1 person is in it: ana.' in tf.plan().told("warning")
    assert api.people("standup") == ["ana"]
    ran = tf.apply()
    assert ran.changes == {"replace": 1}
    assert api.rooms()["standup"]["maxParticipants"] == 5
    assert api.people("standup") == []
    assert tf.is_settled()
    api.join("standup", "ben")
    tf.write({"lobby": {"name": "lobby"}})
    assert "1 person is in it: ben" in tf.apply().told("warning")
    assert sorted(api.rooms()) == ["lobby"]


def test_consent_alone_needs_no_call(tf: Workspace, api: Served) -> None:
    occupied(tf, api)
    change(tf, force_destroy=True)
    assert tf.apply().changes == {"update": 1}
    assert api.people("standup") == ["ana"]


def test_who_comes_after_the_plan_is_seen_by_the_guard(tf: Workspace, api: Served) -> None:
    tf.write({"standup": STANDUP})
    tf.apply()
    change(tf, max_participants=5)
    tf.plan("-out=saved")
    api.join("standup", "ana")
    ran = tf.run("apply", "saved", check=False)
    assert ran.code == 1
    assert 'Room "standup" was not ended, because 1 person is in it: ana.' in ran.told()
    assert api.people("standup") == ["ana"]
    assert tf.state()["standup"]["max_participants"] == 12
    api.leave("standup", "ana")
    tf.apply()
    assert api.rooms()["standup"]["maxParticipants"] == 5


def test_replace_of_an_empty_room_makes_it_anew(tf: Workspace, api: Served) -> None:
    tf.write({"standup": STANDUP})
    tf.apply()
    sid = api.rooms()["standup"]["sid"]
    assert tf.apply("-replace=relay_room.standup").changes == {"replace": 1}
    assert api.rooms()["standup"]["sid"] != sid
    assert tf.is_settled()


def test_with_create_before_destroy_nothing_is_ended_that_is_declared(tf: Workspace, api: Served) -> None:
    before = {"lifecycle": {"create_before_destroy": True}}
    tf.write({"standup": {**STANDUP, **before}})
    tf.apply()
    sid = api.rooms()["standup"]["sid"]
    tf.apply("-replace=relay_room.standup")
    assert api.rooms()["standup"]["sid"] == sid
    tf.write({"standup": {**STANDUP, **before, "max_participants": 5}})
    ran = tf.apply(check=False)
    assert "with create_before_destroy a room cannot be replaced under its own name" in ran.told()
    assert api.rooms()["standup"]["sid"] == sid
    assert sorted(tf.state()) == ["standup"]
    tf.write({"standup": {**STANDUP, **before, "name": "stand-up"}})
    tf.apply()
    assert sorted(api.rooms()) == ["stand-up"]
    assert tf.is_settled()
