"""Declared settings as LiveKit has them: one mapping for requests, tokens, outputs and presets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.room import CreateRoomRequest, RoomConfiguration

from relay_provider.changes import imported_inputs, outputs, planned, updated
from relay_provider.cli.state import Entry, stands
from relay_provider.dynamic.properties import PROVIDER, PROVIDER_KEY, read
from relay_provider.model import SETTINGS, RoomInputs, flat, nested
from relay_provider.room_config import KEY, configuration, creation, preset, room_config
from relay_provider.values import UNKNOWN
from tests.unit.fake import live_room
from tests.unit.strategies import quick

pytestmark = pytest.mark.unit

AGENTS = [{"agentName": "notes", "metadata": '{"lang":"ü"}'}, {"agentName": "captions"}]
WHOLE = {
    "name": "standup",
    "maxParticipants": 5,
    "emptyTimeout": 900,
    "metadata": '{"team":"core"}',
    "livekit": {
        "departureTimeout": 60,
        "agents": AGENTS,
        "roomPreset": "recorded",
        "minPlayoutDelay": 100,
        "maxPlayoutDelay": 2000,
        "syncStreams": True,
    },
    "forceDestroy": True,
}


def parsed(inputs: dict[str, Any]) -> RoomConfiguration:
    """As LiveKit's own reader of JSON has it: it refuses what it does not know."""
    return json_format.Parse(room_config(inputs), RoomConfiguration())


def test_every_setting_is_in_the_configuration_as_livekit_reads_it() -> None:
    assert json_format.MessageToDict(parsed(WHOLE)) == {
        "maxParticipants": 5,
        "emptyTimeout": 900,
        "departureTimeout": 60,
        "metadata": '{"team":"core"}',
        "agents": AGENTS,
        "minPlayoutDelay": 100,
        "maxPlayoutDelay": 2000,
        "syncStreams": True,
    }


def test_the_preset_is_said_by_a_request_and_beside_a_configuration() -> None:
    assert CreateRoomRequest(name="standup", **creation(WHOLE)).room_preset == preset(WHOLE) == "recorded"
    assert "room_preset" not in configuration(WHOLE)
    assert preset({"name": "standup"}) == ""


def test_every_setting_of_the_table_has_a_field_of_the_request() -> None:
    assert {one.field for one in SETTINGS.values()} <= {one.name for one in CreateRoomRequest.DESCRIPTOR.fields}


def test_both_timeouts_are_the_empty_timeout_where_it_alone_is_said() -> None:
    said = parsed({"emptyTimeout": 600})
    assert (said.empty_timeout, said.departure_timeout) == (600, 600)


def test_what_is_left_to_the_server_is_left_out() -> None:
    absent = {"name": "standup", "maxParticipants": 0, "metadata": "", "livekit": {"syncStreams": False}}
    assert room_config(absent) == "{}"


def test_numbers_are_whole_however_the_engine_has_them() -> None:
    assert room_config({"maxParticipants": 12.0}) == '{"maxParticipants":12}'


@quick
@given(st.sets(st.sampled_from(sorted(SETTINGS))))
def test_a_token_and_a_request_say_the_same_of_any_room(said: set[str]) -> None:
    whole = flat(WHOLE)
    room = RoomInputs.model_validate({"name": "standup", **nested({name: whole[name] for name in said})})
    request = CreateRoomRequest(**creation(room.props()))
    of_token = parsed(room.props())
    for field in configuration(room.props()):
        assert getattr(request, field) == getattr(of_token, field)


# -- As an output


def live(**settings: Any) -> Any:
    """A room on LiveKit, which tells both timeouts."""
    return live_room(**{"empty_timeout": 300, "departure_timeout": 20, **settings})


def test_a_room_on_livekit_has_its_declared_settings_as_room_config() -> None:
    assert json.loads(outputs({"name": "standup", "maxParticipants": 5}, live(max_participants=5))[KEY]) == {
        "maxParticipants": 5
    }
    assert KEY not in outputs({"name": "standup", "maxParticipants": 5}, live_room(max_participants=5))


def test_a_look_at_a_room_that_has_drifted_leaves_its_room_config_as_declared() -> None:
    declared = outputs({"name": "standup", "metadata": "ours"}, live(metadata="ours"))
    assert outputs(declared, live(metadata="theirs"), declared)[KEY] == '{"metadata":"ours"}'
    of_old = {key: value for key, value in declared.items() if key != KEY}
    assert outputs(of_old, live(metadata="theirs"), of_old)[KEY] == '{"metadata":"ours"}'


def test_a_room_stands_whose_state_has_its_room_config_and_one_of_an_older_version_is_looked_at() -> None:
    seen = live(max_participants=5, metadata=WHOLE["metadata"], empty_timeout=900, departure_timeout=60)
    state = {**outputs(WHOLE, seen), "place": "livekit http://localhost:7880"}
    assert read(state, seen) == (state, None)
    inputs = {**WHOLE, "place": state["place"]}
    assert stands(Entry(inputs, {**state, PROVIDER_KEY: PROVIDER}), seen)
    of_old = {key: value for key, value in state.items() if key != KEY}
    assert not stands(Entry(inputs, {**of_old, PROVIDER_KEY: PROVIDER}), seen), "the engine brings it"


def test_an_imported_room_has_what_its_server_reports_as_room_config() -> None:
    found = live(metadata="theirs", departure_timeout=60)
    told = outputs(imported_inputs(found), found, {})[KEY]
    assert json.loads(told) == {"emptyTimeout": 300, "departureTimeout": 60, "metadata": "theirs"}


def test_a_plan_knows_the_room_config_where_it_knows_the_settings() -> None:
    known = planned({"name": "standup", "metadata": "new"}, UNKNOWN, on_livekit=True)
    assert known[KEY] == '{"metadata":"new"}'
    assert updated(known, {"name": "standup", "metadata": "newer"}, {"metadata"})[KEY] == '{"metadata":"newer"}'
    assert planned({"name": "standup", "metadata": UNKNOWN}, UNKNOWN, on_livekit=True)[KEY] is UNKNOWN
    assert KEY not in planned({"name": "standup"}, UNKNOWN, on_livekit=False)


def test_no_agents_is_said_by_a_dispatch_without_a_name_so_that_no_preset_brings_its_own() -> None:
    assert room_config({"name": "standup", "livekit": {"agents": []}}) == '{"agents":[{}]}'
