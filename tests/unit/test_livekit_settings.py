"""What only LiveKit rooms have, as values: checked, compared, kept, brought back; and the two timeouts."""

from __future__ import annotations

from typing import Any

import pytest

from relay_provider import room_set
from relay_provider.changes import diff, imported_inputs, inputs_as_live, outputs, planned, updated
from relay_provider.checks import check
from relay_provider.drift import compare, differences
from relay_provider.model import RoomInputs, flat, in_place, nested
from relay_provider.place import Place
from relay_provider.values import UNKNOWN
from tests.unit.fake import live_room

pytestmark = pytest.mark.unit

RELAY, LIVEKIT = Place("relay", "https://relay.example:443"), Place("livekit", "https://livekit.example:443")
CHANGED = in_place("livekit")


def wanted(**livekit: Any) -> RoomInputs:
    return RoomInputs.model_validate({"name": "standup", "livekit": livekit})


def on_livekit(**settings: Any) -> Any:
    return live_room(**{"empty_timeout": 300, "departure_timeout": 20, **settings})


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, bool]:
    """Each changed property, and whether it replaces the room."""
    return {one.field: one.replaces for one in diff(old, new, CHANGED).changes}


def test_what_is_checked_comes_in_its_one_spelling() -> None:
    given = {"departureTimeout": 60.0, "agents": [{"agentName": "notes", "metadata": {"b": 1, "a": 2}}]}
    found = check({"name": "a", "livekit": given}, LIVEKIT)
    assert found.problems == ()
    assert found.inputs["livekit"] == {
        "departureTimeout": 60,
        "agents": [{"agentName": "notes", "metadata": '{"a":2,"b":1}'}],
    }


def test_every_wrong_setting_is_named_by_its_path() -> None:
    wrong = {"departureTimeout": 0, "agents": [{}, {"agentName": 5}], "syncStreams": "yes", "tags": {}}
    assert [one.path for one in check({"name": "a", "maxParticipants": 0, "livekit": wrong}, LIVEKIT).problems] == [
        "maxParticipants",
        "livekit.departureTimeout",
        "livekit.agents[0].agentName",
        "livekit.agents[1].agentName",
        "livekit.syncStreams",
        "livekit.tags",
    ]


def test_on_relay_they_are_refused_and_while_the_place_is_unknown_they_pass() -> None:
    given = {"name": "a", "livekit": {"departureTimeout": 60}}
    (problem,) = check(given, RELAY).problems
    assert problem.path == "livekit"
    assert "lives on Relay" in problem.message
    assert check(given).problems == check(given, LIVEKIT).problems == ()
    (problem,) = room_set.check({"a": {"livekit": {"syncStreams": True}}}, RELAY).problems
    assert problem.path == 'rooms["a"].livekit'


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_said_is_nothing_on_relay_too(nothing: Any) -> None:
    assert check({"name": "a", "livekit": nothing}, RELAY) == check({"name": "a"})


def test_one_unknown_setting_hides_no_other() -> None:
    found = check({"name": "a", "livekit": {"agents": [{"agentName": UNKNOWN}], "departureTimeout": 5}})
    assert found.inputs["livekit"] == {"departureTimeout": 5, "agents": UNKNOWN}
    old = {"name": "a", "livekit": {"departureTimeout": 5, "agents": []}}
    assert changes(old, found.inputs) == {"livekit.agents": False}
    wrong = check({"name": "a", "livekit": {"agents": UNKNOWN, "departureTimeout": 0}})
    assert [one.path for one in wrong.problems] == ["livekit.departureTimeout"]


def test_names_in_the_table_are_no_keys_of_a_room() -> None:
    (problem,) = check({"name": "a", "livekit.agents": []}).problems
    assert "is not a known key" in problem.message


def test_flat_and_back() -> None:
    props = {"name": "a", "metadata": "m", "livekit": {"departureTimeout": 5, "agents": []}}
    assert nested(flat(props)) == props
    assert nested(flat({"name": "a"})) == {"name": "a"}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"departureTimeout": 5}, {"departureTimeout": 6}, {"livekit.departureTimeout": True}),
        ({"departureTimeout": 5}, {}, {"livekit.departureTimeout": True}),
        ({"agents": [{"agentName": "a"}]}, {"agents": [{"agentName": "b"}]}, {"livekit.agents": False}),
        ({"agents": [{"agentName": "a"}]}, {}, {"livekit.agents": False}),
        ({}, {"agents": []}, {"livekit.agents": False}),
        ({"roomPreset": "x"}, {"roomPreset": "y"}, {"livekit.roomPreset": True}),
        ({}, {"syncStreams": False}, {}),
        ({}, {"syncStreams": True}, {"livekit.syncStreams": True}),
    ],
)
def test_agents_change_in_place_and_the_rest_by_a_replacement(old: Any, new: Any, found: Any) -> None:
    assert changes({"name": "a", "livekit": old}, {"name": "a", "livekit": new}) == found


def test_a_departure_timeout_like_the_empty_timeout_is_a_default_written_out() -> None:
    plain = {"name": "a", "emptyTimeout": 600}
    assert changes(plain, {**plain, "livekit": {"departureTimeout": 600}}) == {}
    assert changes({**plain, "livekit": {"departureTimeout": 600}}, plain) == {}
    assert changes(plain, {**plain, "livekit": {"departureTimeout": 60}}) == {"livekit.departureTimeout": True}


def test_without_one_the_empty_timeout_is_told_as_what_holds_after_the_last_leave() -> None:
    declared = RoomInputs(name="standup", empty_timeout=300)
    (found,) = differences(declared, on_livekit())
    assert (found.field, found.declared, found.live) == ("emptyTimeout", 300, 20)
    assert differences(declared, on_livekit(departure_timeout=300)) == ()


def test_with_one_each_timeout_is_compared_with_its_own() -> None:
    declared = RoomInputs.model_validate({"name": "standup", "emptyTimeout": 600, "livekit": {"departureTimeout": 60}})
    found = {one.field: (one.declared, one.live) for one in differences(declared, on_livekit())}
    assert found == {"emptyTimeout": (600, 300), "livekit.departureTimeout": (60, 20)}
    assert differences(declared, on_livekit(empty_timeout=600, departure_timeout=60)) == ()


def test_agents_are_compared_where_they_are_declared_and_asked_for() -> None:
    there = [{"agentName": "notes", "metadata": '{ "a": 1 }'}, {"agentName": "scribe"}]
    declared = wanted(agents=[{"agentName": "scribe"}, {"agentName": "notes", "metadata": {"a": 1}}])
    assert differences(declared, on_livekit(agents=there)) == ()
    assert differences(RoomInputs(name="standup"), on_livekit(agents=there)) == ()
    (found,) = differences(wanted(agents=[]), on_livekit(agents=there))
    assert (found.field, found.live) == ("livekit.agents", there)


def test_what_only_a_preset_says_is_not_compared() -> None:
    live = on_livekit(max_participants=30, metadata="a class")
    assert differences(wanted(roomPreset="class"), live) == ()
    own = RoomInputs.model_validate({"name": "standup", "maxParticipants": 5, "livekit": {"roomPreset": "class"}})
    assert [one.field for one in differences(own, live)] == ["maxParticipants"]
    props = wanted(roomPreset="class").props()
    kept = outputs(props, live)
    assert "maxParticipants" not in kept
    assert changes(kept, props) == {}
    assert changes(outputs(own.props(), live), props) == {"maxParticipants": True}


def test_what_is_not_comparable_is_said_only_where_it_is_declared() -> None:
    hidden = ["livekit.roomPreset", "livekit.syncStreams"]
    plain = compare("p", [RoomInputs(name="standup")], [on_livekit()], hidden)
    assert plain.not_comparable == ()
    assert compare("p", [wanted(syncStreams=True)], [on_livekit()], hidden).not_comparable == ("livekit.syncStreams",)


def test_outputs_keep_the_spelling_and_what_is_not_reported() -> None:
    given = {"agents": [{"agentName": "b"}, {"agentName": "a", "metadata": "{}"}], "syncStreams": True}
    live = on_livekit(agents=[{"agentName": "a", "metadata": "{ }"}, {"agentName": "b"}])
    kept = outputs({"name": "standup", "livekit": given}, live)
    assert kept["livekit"] == given
    assert inputs_as_live({"name": "standup", "livekit": given}, live)["livekit"] == given
    assert outputs({"name": "standup"}, live).keys() == {
        "name",
        "maxParticipants",
        "metadata",
        "forceDestroy",
        "sid",
        "creationTime",
        "roomConfig",
    }


def test_outputs_show_agents_as_they_are_live() -> None:
    kept = outputs({"name": "standup", "livekit": {"agents": [{"agentName": "a"}]}}, on_livekit(agents=[]))
    assert kept["livekit"]["agents"] == []


def test_an_import_brings_both_timeouts_and_agents_back() -> None:
    agents = [{"agentName": "notes"}]
    assert imported_inputs(on_livekit(agents=agents)) == {
        "name": "standup",
        "emptyTimeout": 300,
        "livekit": {"departureTimeout": 20, "agents": agents},
    }
    assert imported_inputs(on_livekit(departure_timeout=300, agents=[])) == {"name": "standup", "emptyTimeout": 300}


def test_a_preview_knows_what_an_update_will_have() -> None:
    old = {"name": "a", "livekit": {"departureTimeout": 5, "agents": [{"agentName": "x"}]}, "sid": "RM_1"}
    assert updated(old, {"name": "a", "livekit": {"departureTimeout": 5}, "metadata": "m"}, CHANGED) == {
        "name": "a",
        "metadata": "m",
        "livekit": {"departureTimeout": 5},
        "forceDestroy": False,
        "sid": "RM_1",
    }
    assert "maxParticipants" not in planned(wanted(roomPreset="class").props(), UNKNOWN, on_livekit=True)
