"""Rooms that go from one resource to another, between names, and between places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.served import KEY, OTHER_KEY, Served, serving
from tests.terraform.engine import Workspace

pytestmark = pytest.mark.e2e


def test_a_room_that_moves_to_another_address_is_the_same_room(tf: Workspace, api: Served) -> None:
    tf.write({"old": {"name": "standup"}})
    tf.apply()
    api.join("standup", "ana")
    sid = api.rooms()["standup"]["sid"]
    tf.write({"new": {"name": "standup"}}, moved=[{"from": "relay_room.old", "to": "relay_room.new"}])
    ran = tf.apply()
    assert ran.changes == {}
    assert tf.is_settled()
    assert api.rooms()["standup"]["sid"] == sid
    assert api.people("standup") == ["ana"]


@pytest.mark.parametrize("people", [[], ["ana"]], ids=["empty", "occupied"])
@pytest.mark.parametrize("parallelism", ["1", "10"])
def test_a_room_that_another_resource_takes_over_without_a_moved_block_disconnects_nobody(
    people: list[str], parallelism: str, tf: Workspace, api: Served
) -> None:
    tf.write({"old": {"name": "standup"}})
    tf.apply()
    if people:
        api.join("standup", *people)
    tf.write({"new": {"name": "standup"}})
    ran = tf.apply(f"-parallelism={parallelism}", check=False)
    assert api.people("standup") == people
    if ran.code == 0:
        assert sorted(tf.state()) == ["standup"]
        assert tf.is_settled()
    else:  # one by one, the engine tells of the end before it tells of the new declaration
        assert people
        assert parallelism == "1", ran.out
        assert "needs a `moved` block" in ran.told()


def test_two_rooms_exchange_their_names(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "red"}, "b": {"name": "blue"}})
    tf.apply()
    api.join("red", "ana")
    tf.write({"a": {"name": "blue"}, "b": {"name": "red"}})
    tf.apply()
    assert api.people("red") == ["ana"]
    assert sorted(api.rooms()) == ["blue", "red"]
    assert tf.is_settled()


def test_two_resources_that_declare_one_room_are_refused(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "standup"}, "b": {"name": "standup"}})
    ran = tf.plan(check=False)
    (said,) = ran.diagnostics()
    assert 'Room "standup" is declared by another resource already' in said["detail"]
    assert said["snippet"]["code"].strip().startswith('"name"') or said["range"]
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    tf.write({"a": {"name": "standup"}, "b": {"name": "standup"}})
    assert "is declared by another resource already" in tf.plan(check=False).told()
    assert sorted(tf.state()) == ["standup"]


def test_two_provider_blocks_lead_to_two_projects(api: Served, tmp_path: Path) -> None:
    """Each has a process of its own, with a certificate of its own."""
    tf = Workspace(tmp_path / "project", api.env)
    blocks = {"provider": {"relay": [{}, {"alias": "other", "api_key": OTHER_KEY}]}}
    tf.write({"a": {"name": "standup"}, "b": {"name": "standup", "provider": "relay.other"}}, **blocks)
    assert tf.apply().changes == {"create": 2}
    assert tf.is_settled()
    assert tf.destroy().changes == {"delete": 2}
    assert api.rooms() == {}


def test_a_room_that_the_state_has_twice_is_not_ended_with_one_of_them(tf: Workspace, api: Served) -> None:
    """As a run leaves it that was interrupted between a take-over and the end of the old resource."""
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    state = json.loads(tf.state_text())
    twin = json.loads(json.dumps(state["resources"][0]))
    twin["name"] = "b"
    twin["instances"][0].pop("private")
    state["resources"].append(twin)
    (tf.folder / "terraform.tfstate").write_text(json.dumps(state | {"serial": state["serial"] + 1}))
    sid = api.rooms()["standup"]["sid"]
    ran = tf.apply("-parallelism=1", check=False)
    if ran.code:  # the engine told of the end first
        assert 'Room "standup" is in the state of two resources' in ran.told()
        tf.run("state", "rm", "relay_room.b")
    assert api.rooms()["standup"]["sid"] == sid
    assert tf.is_settled()


def test_another_place_leaves_the_rooms_of_the_old_one_and_says_so(tf: Workspace, api: Served) -> None:
    rooms = {"a": {"name": "standup"}}
    tf.write(rooms)
    tf.apply()
    sid = api.rooms()["standup"]["sid"]
    with serving() as other:
        other.create("standup", maxParticipants=3)
        tf.provider = {"api_key": other.key, "base_url": other.url}
        tf.write(rooms)
        ran = tf.plan(check=False)
        assert "stays where it is, and is no longer managed" in ran.told("warning")
        assert "max_participants is 3 there and 0 here" in ran.told(), "somebody else's is not touched"
        assert "Plan with a refresh" in tf.plan("-refresh=false", check=False).told()
        assert "stays where it is" in tf.destroy("-refresh=false").told("warning")
        assert tf.state() == {}
        assert sorted(other.rooms()) == ["standup"]
    assert api.rooms()["standup"]["sid"] == sid


def test_the_same_place_in_another_spelling_is_no_change(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    assert tf.provider
    tf.provider = {**tf.provider, "base_url": api.url.replace("127.0.0.1", "localhost") + "/", "backend": "relay"}
    tf.write({"a": {"name": "standup"}})
    assert tf.is_settled()


def test_what_a_key_of_another_project_does_not_find_is_made_there(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    assert tf.provider
    tf.provider = {**tf.provider, "api_key": OTHER_KEY}
    tf.write({"a": {"name": "standup"}})
    assert tf.apply().changes == {"create": 1}
    assert sorted(api.rooms()) == ["standup"]
    tf.destroy()
    assert sorted(api.rooms()) == ["standup"]


def test_a_rotated_key_of_the_same_project_is_no_change(attached: dict[str, str], tmp_path: Path) -> None:
    with serving(env={"RELAY_GATEWAY_KEYS": f"{KEY}=acme,{OTHER_KEY}=acme"}) as api:
        tf = Workspace(tmp_path / "project", attached, provider={"api_key": KEY, "base_url": api.url})
        tf.write({"a": {"name": "standup"}})
        tf.apply()
        api.join("standup", "ana")
        tf.provider = {"api_key": OTHER_KEY, "base_url": api.url}
        tf.write({"a": {"name": "standup"}})
        assert tf.is_settled()


def test_what_ended_between_plan_and_apply_is_no_failure(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "a"}, "b": {"name": "b", "max_participants": 3}, "c": {"name": "c"}})
    tf.apply()
    tf.write({"b": {"name": "b", "max_participants": 4}, "c": {"name": "c", "force_destroy": True}})
    tf.plan("-out=saved")
    for name in api.rooms():
        api.end(name)
    tf.run("apply", "saved")
    assert {name: room["maxParticipants"] for name, room in api.rooms().items()} == {"b": 4}
    assert tf.apply().changes == {"create": 1}
    assert tf.is_settled()


def test_what_is_forgotten_stays_as_it_is(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    api.join("standup", "ana")
    tf.write()
    (tf.folder / "removed.tf").write_text(
        "removed {\n  from = relay_room.a\n  lifecycle {\n    destroy = false\n  }\n}\n"
    )
    tf.apply()
    assert api.people("standup") == ["ana"]
    assert tf.state() == {}


def test_ignored_changes_are_left_alone(tf: Workspace, api: Served) -> None:
    ignoring = {"name": "standup", "max_participants": 3, "lifecycle": {"ignore_changes": ["max_participants"]}}
    tf.write({"a": ignoring})
    tf.apply()
    tf.write({"a": {**ignoring, "max_participants": 9}})
    assert tf.is_settled()
    assert api.rooms()["standup"]["maxParticipants"] == 3
