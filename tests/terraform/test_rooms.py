"""One room through the engine: spelling, import, taking over, drift, and what `validate` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served
from tests.terraform.engine import ENGINES, Workspace

pytestmark = pytest.mark.e2e

METADATA: dict[str, Any] = {"b": [1, 0.1, True, None], "a": {"text": "ü ${x}", "big": 12345678901234567890123}}


def escaped(value: Any) -> Any:
    """As JSON configuration says it: no expression."""
    return json.loads(json.dumps(value).replace("${", "$${"))


@pytest.mark.parametrize("engine", ENGINES)
def test_metadata_is_a_string_or_any_json_and_another_spelling_is_no_change(
    engine: str, tf: Workspace, api: Served
) -> None:
    tf.engine = engine
    tf.write({"a": {"name": "standup", "max_participants": 12, "metadata": escaped(METADATA)}})
    tf.apply()
    assert json.loads(api.rooms()["standup"]["metadata"]) == METADATA
    assert tf.is_settled()
    for metadata in (json.dumps(METADATA, indent=1), json.dumps(METADATA, ensure_ascii=False, sort_keys=True)):
        tf.write({"a": {"name": "standup", "max_participants": "12", "metadata": escaped(metadata)}})
        assert tf.is_settled()
    tf.write({"a": {"name": "standup"}})
    assert tf.apply().changes == {"replace": 1}
    sid = api.rooms()["standup"]["sid"]
    tf.write({"a": {"name": "standup", "max_participants": None, "force_destroy": False}})
    assert tf.is_settled()
    tf.write({"a": {"name": "standup", "metadata": ""}})
    assert tf.apply().changes == {"update": 1}, "what is in the configuration is in the state"
    assert api.rooms()["standup"]["sid"] == sid


def test_what_drifted_is_shown_as_it_was_written(tf: Workspace, api: Served) -> None:
    tf.write({"a": {"name": "standup", "metadata": {"topic": "ours"}}})
    tf.apply()
    api.end("standup")
    api.create("standup", metadata='{"topic": "theirs"}')
    ran = tf.plan("-refresh-only", "-detailed-exitcode", check=False)
    assert ran.code == 2
    assert "resource_drift" in {one["type"] for one in ran.said}
    tf.apply("-refresh-only")
    assert tf.state()["standup"]["metadata"]["value"] == {"topic": "theirs"}
    assert tf.apply().changes == {"replace": 1}
    assert json.loads(api.rooms()["standup"]["metadata"]) == {"topic": "ours"}


def test_an_equal_live_room_is_taken_over_and_another_is_refused_in_the_plan(tf: Workspace, api: Served) -> None:
    api.create("equal", maxParticipants=3, metadata='{"b": 1, "a": 2}')
    api.create("other", maxParticipants=3, metadata="theirs")
    api.join("other", "ana")
    before = api.rooms()
    equal = {"name": "equal", "max_participants": 3, "metadata": {"a": 2, "b": 1}}
    other = {"name": "other", "max_participants": 4, "metadata": "ours"}
    tf.write({"equal": equal, "other": other})
    told = tf.plan(check=False).told()
    for part in ('"other"', "max_participants is 3 there and 4 here", "metadata is [secret]", "force_destroy = true"):
        assert part in told
    assert "theirs" not in told
    assert "forceDestroy" not in told
    tf.write({"equal": equal})
    tf.apply()
    assert {name: room["sid"] for name, room in api.rooms().items()} == {n: room["sid"] for n, room in before.items()}
    assert api.people("other") == ["ana"]
    tf.write({"equal": equal, "other": {**other, "force_destroy": True}})
    assert 'Room "other" will be ended, and 1 person is in it: ana.' in tf.plan().told("warning")
    tf.apply()
    assert api.rooms()["other"]["metadata"] == "ours"
    assert tf.is_settled()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_room_is_imported_by_its_name(engine: str, tf: Workspace, api: Served) -> None:
    tf.engine = engine
    api.create("standup", maxParticipants=3, metadata='{"a": 1}')
    sid = api.rooms()["standup"]["sid"]
    rooms = {"a": {"name": "standup", "max_participants": 3, "metadata": {"a": 1}}}
    tf.write(rooms)
    tf.run("import", "relay_room.a", "standup")
    assert tf.is_settled()
    tf.run("state", "rm", "relay_room.a")
    tf.write(rooms, **{"import": [{"to": "relay_room.a", "id": "standup"}]})
    assert tf.apply().changes in ({}, {"import": 1})
    assert tf.state()["standup"]["sid"] == api.rooms()["standup"]["sid"] == sid
    tf.write(rooms)
    said = tf.run("import", "relay_room.b", "nobody", check=False).out
    assert "resource address" in said or "nothing to import" in said
    tf.write({**rooms, "b": {"name": "nobody"}}, **{"import": [{"to": "relay_room.b", "id": "nobody"}]})
    assert 'Room "nobody" is not live at' in tf.plan(check=False).told()
    tf.write({**rooms, "b": {"name": "a/b"}}, **{"import": [{"to": "relay_room.b", "id": "a/b"}]})
    assert tf.plan(check=False).code == 1


def test_a_room_is_imported_by_its_identity(tf: Workspace, api: Served) -> None:
    if tf.engine != "tofu":
        pytest.skip("this Terraform knows no identities")
    api.create("standup")
    tf.write({"a": {"name": "standup"}}, **{"import": [{"to": "relay_room.a", "identity": {"name": "standup"}}]})
    tf.apply()
    assert tf.is_settled()


def test_a_configuration_is_generated_for_what_is_imported(tf: Workspace, api: Served) -> None:
    api.create("standup", maxParticipants=3, metadata='{"a": 1}')
    (tf.folder / "import.tf").write_text('import {\n  to = relay_room.a\n  id = "standup"\n}\n')
    tf.write()
    tf.plan("-generate-config-out=made.tf")
    tf.apply()
    assert tf.is_settled()
    assert "max_participants = 3" in (tf.folder / "made.tf").read_text()


def test_validate_names_file_and_line_of_every_wrong_setting_at_once(tf: Workspace) -> None:
    tf.write()
    (tf.folder / "rooms.tf").write_text(
        'resource "relay_room" "a" {\n  name = "not allowed"\n  max_participants = 0\n}\n'
        'resource "relay_room" "b" {\n  name = "b"\n  empty_timeout = 1.5\n  metadata = 5\n}\n'
    )
    ran = tf.run("validate", "-json", check=False)
    found = [one for one in json.loads(ran.out)["diagnostics"] if one["severity"] == "error"]
    assert {(one["range"]["filename"], one["range"]["start"]["line"], one["summary"]) for one in found} == {
        ("rooms.tf", 2, "name is wrong"),
        ("rooms.tf", 3, "max_participants is wrong"),
        ("rooms.tf", 7, "empty_timeout is wrong"),
        ("rooms.tf", 8, "metadata is wrong"),
    }


def test_what_is_not_known_in_the_plan_is_made_when_it_is(tf: Workspace, api: Served) -> None:
    data = {"terraform_data": {"seed": {"input": {"name": "standup", "size": 7}}}}
    late = "${terraform_data.seed.output"
    rooms = {
        "a": {"name": f"{late}.name}}", "max_participants": f"{late}.size}}", "metadata": {"at": f"{late}.size}}"}},
    }
    tf.write(rooms, resource=data)
    assert tf.apply().changes == {"create": 1}
    assert api.rooms()["standup"]["maxParticipants"] == 7
    assert api.rooms()["standup"]["metadata"] == '{"at":7}'
    assert tf.is_settled()


def test_many_rooms_by_for_each_over_a_manifest(tf: Workspace, api: Served, tmp_path: Path) -> None:
    (tf.folder / "rooms.yaml").write_text(
        "version: 1\ndefaults: {maxParticipants: 50}\nprojects:\n  web:\n    apiKey: {env: KEY}\n    rooms:\n"
        "      lobby: {metadata: {b: 1, a: 2}}\n      stage: {maxParticipants: 3}\n"
    )
    rooms = {
        "all": {
            "for_each": '${provider::relay::manifest(file("rooms.yaml"))}',
            **{one: f"${{each.value.{one}}}" for one in ("name", "max_participants", "metadata", "force_destroy")},
        }
    }
    tf.write(rooms)
    tf.apply()
    assert {name: room["maxParticipants"] for name, room in api.rooms().items()} == {"lobby": 50, "stage": 3}
    assert api.rooms()["lobby"]["metadata"] == '{"a":2,"b":1}'
    assert tf.is_settled()
    (tf.folder / "rooms.yaml").write_text(
        "version: 1\nprojects:\n  web:\n    rooms:\n      lobby: {maxParticipant: 0}\n"
    )
    told = tf.plan(check=False).told()
    assert "rooms.yaml:5:15: maxParticipant is not a known key; did you mean maxParticipants?" in told.replace(
        "\n", " "
    )


def test_data_sources_tell_of_live_rooms_and_who_is_in_them(tf: Workspace, api: Served) -> None:
    for name in ("class-1", "class-2", "lobby"):
        api.create(name, maxParticipants=3)
    api.join("lobby", "ana", "ben")
    data = {
        "relay_room": {"lobby": {"name": "lobby"}},
        "relay_rooms": {"all": {}, "classes": {"name_pattern": "class-*"}},
    }
    output = {
        "people": {"value": "${data.relay_room.lobby.participants[*].identity}"},
        "all": {"value": "${data.relay_rooms.all.rooms[*].name}"},
        "classes": {"value": "${data.relay_rooms.classes.rooms}"},
    }
    tf.write(data=data, output=output)
    tf.apply()
    found = {name: one["value"] for name, one in json.loads(tf.run("output", "-json").out).items()}
    assert sorted(found["people"]) == ["ana", "ben"]
    assert found["all"] == ["class-1", "class-2", "lobby"]
    assert [(one["name"], one["max_participants"], one["metadata"]) for one in found["classes"]] == [
        ("class-1", 3, ""),
        ("class-2", 3, ""),
    ]
    tf.write(data={"relay_room": {"gone": {"name": "gone"}}})
    assert 'Room "gone" is not live at' in tf.plan(check=False).told()


def test_saynas_room_has_the_attributes_of_everybody_in_it(tf: Workspace, api: Served) -> None:
    api.create("lobby", maxParticipants=3)
    api.join("lobby", "ana")
    assert tf.provider
    tf.provider = {"sayna_url": api.url.removesuffix("/v1"), "sayna_token": "token"}  # no key of the Rooms API
    data = {"relay_sayna_room": {"lobby": {"name": "p_acme__lobby"}}}
    tf.write(data=data, output={"room": {"value": "${data.relay_sayna_room.lobby}"}})
    tf.apply()
    room = json.loads(tf.run("output", "-json").out)["room"]["value"]
    assert (room["name"], room["max_participants"], room["active_recording"]) == ("p_acme__lobby", 3, False)
    (ana,) = room["participants"]
    assert (ana["identity"], ana["kind"], ana["attributes"]) == ("ana", "STANDARD", {})
    tf.provider = {}
    tf.write(data=data)
    assert "sayna_url is not set; set SAYNA_URL" in tf.plan(check=False).told()


def test_what_only_livekit_has_is_refused_on_relay_at_its_place(tf: Workspace) -> None:
    tf.write({"a": {"name": "standup", "livekit": {"departure_timeout": 60}}})
    (said,) = tf.plan(check=False).diagnostics()
    assert said["summary"] == "livekit is wrong"
    assert "this room lives on Relay" in said["detail"]
    tf.write({"a": {"name": "standup", "livekit": {"agents": [{"agent_name": "a"}, {"agent_name": ""}]}}})
    told = tf.plan(check=False).told()
    assert "livekit.agents[1].agent_name must be 1 to 128" in told
