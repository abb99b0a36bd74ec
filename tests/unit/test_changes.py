"""What a change means, and what is kept of a live room. Pure functions, no server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.changes import PropertyChange, diff, imported_inputs, inputs_as_live, outputs
from relay_provider.checks import check
from relay_provider.values import UNKNOWN
from tests.unit.fake import live_room
from tests.unit.strategies import quick

pytestmark = pytest.mark.unit

# A room as the state knows it when nothing was declared but its name.
BARE = {
    "name": "standup",
    "maxParticipants": 0,
    "metadata": "",
    "forceDestroy": False,
    "sid": "RM_1",
    "creationTime": 1_700_000_000,
}
FULL = {**BARE, "maxParticipants": 5, "emptyTimeout": 60, "metadata": '{"a":1,"b":2}', "forceDestroy": True}


def changes(old: dict[str, Any], new: dict[str, Any], *in_place: str) -> tuple[PropertyChange, ...]:
    return diff({**BARE, **old}, {"name": "standup", **new}, frozenset(in_place)).changes


# -- diff


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {}),
        ({}, {"maxParticipants": None, "metadata": None, "forceDestroy": None}),
        ({}, {"metadata": ""}),
        ({}, {"forceDestroy": False}),
        ({"maxParticipants": 50}, {"maxParticipants": 50.0}),
        ({"maxParticipants": 50.0}, {"maxParticipants": 50}),
        ({"emptyTimeout": 600.0}, {"emptyTimeout": 600}),
        ({"metadata": '{ "b": 2, "a": 1.0 }'}, {"metadata": '{"a":1,"b":2}'}),
        ({"metadata": "text"}, {"metadata": "text"}),
        ({"metadata": UNKNOWN}, {"metadata": UNKNOWN}),
        ({"sid": "RM_2", "creationTime": 5, "__provider": "x"}, {"__provider": "y"}),
    ],
)
def test_equal_settings_in_any_spelling_are_no_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(old, new) == ()


@pytest.mark.parametrize(
    ("old", "new", "field", "kind"),
    [
        ({}, {"maxParticipants": 5}, "maxParticipants", "add"),
        ({"maxParticipants": 5}, {"maxParticipants": 6}, "maxParticipants", "update"),
        ({"maxParticipants": 5}, {}, "maxParticipants", "delete"),
        ({}, {"emptyTimeout": 60}, "emptyTimeout", "add"),
        ({"emptyTimeout": 60}, {"emptyTimeout": 61}, "emptyTimeout", "update"),
        ({"emptyTimeout": 60}, {}, "emptyTimeout", "delete"),
        ({}, {"metadata": "a"}, "metadata", "add"),
        ({"metadata": "a"}, {"metadata": "b"}, "metadata", "update"),
        ({"metadata": "a"}, {"metadata": ""}, "metadata", "update"),
        ({"metadata": "a"}, {}, "metadata", "delete"),
        ({"metadata": "1"}, {"metadata": "1.0"}, "metadata", "update"),  # text, not JSON
        ({}, {"metadata": UNKNOWN}, "metadata", "add"),
        ({"metadata": "a"}, {"metadata": UNKNOWN}, "metadata", "update"),
        ({"maxParticipants": 5}, {"maxParticipants": UNKNOWN}, "maxParticipants", "update"),
        ({}, {"name": "other"}, "name", "update"),
        ({}, {"name": UNKNOWN}, "name", "update"),
    ],
)
def test_a_changed_setting_replaces(old: dict[str, Any], new: dict[str, Any], field: str, kind: Any) -> None:
    assert changes(old, new) == (PropertyChange(field, kind, replaces=True),)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({}, {"forceDestroy": True}, "add"),
        ({"forceDestroy": True}, {"forceDestroy": False}, "update"),
        ({"forceDestroy": True}, {}, "delete"),
        ({"forceDestroy": True}, {"forceDestroy": UNKNOWN}, "update"),
    ],
)
def test_force_destroy_never_replaces(old: dict[str, Any], new: dict[str, Any], kind: Any) -> None:
    assert changes(old, new) == (PropertyChange("forceDestroy", kind, replaces=False),)


@pytest.mark.parametrize("new", ["b", "", None, UNKNOWN])
def test_a_setting_changes_in_place_where_the_backend_can(new: Any) -> None:
    (change,) = changes({"metadata": "a"}, {"metadata": new}, "metadata")
    assert not change.replaces


def test_a_timeout_that_nobody_asked_for_is_no_change() -> None:
    assert changes({}, {}) == ()
    assert "emptyTimeout" not in outputs({}, live_room(empty_timeout=300))


def test_several_changes_say_each_what_it_does() -> None:
    found = diff(
        FULL,
        {"name": "standup", "maxParticipants": 6, "emptyTimeout": 60, "metadata": "x", "forceDestroy": False},
        {"metadata"},
    )
    assert {change.field: change.replaces for change in found.changes} == {
        "maxParticipants": True,
        "metadata": False,
        "forceDestroy": False,
    }
    assert found.replaces == ("maxParticipants",)


# -- outputs


def test_outputs_are_the_settings_as_they_are_live_and_the_session() -> None:
    live = live_room(max_participants=7, metadata="theirs", num_participants=3)
    assert outputs({"maxParticipants": 5, "metadata": "mine", "forceDestroy": True}, live) == {
        "name": "standup",
        "maxParticipants": 7,
        "metadata": "theirs",
        "forceDestroy": True,
        "sid": "RM_1",
        "creationTime": 1_700_000_000,
    }


@pytest.mark.parametrize(("reported", "kept"), [(None, 60), (90, 90), (60, 60), (0, 0)])
def test_a_timeout_that_was_asked_for_is_as_live_or_as_last_applied(reported: int | None, kept: int) -> None:
    assert outputs({"emptyTimeout": 60}, live_room(empty_timeout=reported))["emptyTimeout"] == kept


def test_a_room_as_declared_has_no_diff_with_its_own_outputs() -> None:
    inputs = {"name": "standup", "maxParticipants": 5, "emptyTimeout": 60, "metadata": "m", "forceDestroy": True}
    assert diff(outputs(inputs, live_room(max_participants=5, metadata="m")), inputs, frozenset()).changes == ()


# -- inputs as live


def test_equal_inputs_keep_their_spelling() -> None:
    inputs = {"name": "standup", "maxParticipants": 5.0, "metadata": '{ "b": 2, "a": 1 }', "forceDestroy": False}
    assert inputs_as_live(inputs, live_room(max_participants=5, metadata='{"a":1,"b":2}')) == inputs


@pytest.mark.parametrize("inputs", [{"name": "standup"}, {"name": "standup", "metadata": "", "forceDestroy": False}])
def test_inputs_that_say_nothing_stay_as_short_as_they_are(inputs: dict[str, Any]) -> None:
    assert inputs_as_live(inputs, live_room()) == inputs


def test_what_changed_at_the_server_becomes_the_input() -> None:
    inputs = {"name": "standup", "maxParticipants": 5, "emptyTimeout": 60}
    live = live_room(max_participants=6, metadata="theirs", empty_timeout=90)
    assert inputs_as_live(inputs, live) == {
        "name": "standup",
        "maxParticipants": 6,
        "emptyTimeout": 90,
        "metadata": "theirs",
    }


def test_a_timeout_that_is_not_reported_stays_as_declared() -> None:
    assert inputs_as_live({"emptyTimeout": 60}, live_room())["emptyTimeout"] == 60


def test_force_destroy_stays_as_declared() -> None:
    assert inputs_as_live({"forceDestroy": True}, live_room())["forceDestroy"] is True


# -- import


def test_an_imported_room_is_declared_with_everything_its_server_reports() -> None:
    live = live_room(max_participants=5, metadata="m", empty_timeout=90)
    assert imported_inputs(live) == {"name": "standup", "maxParticipants": 5, "emptyTimeout": 90, "metadata": "m"}


def test_an_imported_room_without_settings_is_its_name() -> None:
    assert imported_inputs(live_room()) == {"name": "standup"}


LIVE = st.builds(
    live_room,
    max_participants=st.integers(0, 10_000),
    metadata=st.text(max_size=20),
    empty_timeout=st.none() | st.integers(1, 86_400),
)


@quick
@given(LIVE)
def test_an_imported_room_is_valid_and_without_a_diff(live: Any) -> None:
    inputs = imported_inputs(live)
    assert not check(inputs).problems
    assert diff(outputs(inputs, live), inputs, frozenset()).changes == ()
