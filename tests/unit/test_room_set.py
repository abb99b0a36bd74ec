"""A set of rooms as values: checked, compared, planned and kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider import room_set
from relay_provider.values import UNKNOWN
from tests.unit.fake import live_room
from tests.unit.strategies import anything, names, quick

pytestmark = pytest.mark.unit

MATH = 'rooms["math"]'


def problems(rooms: object) -> dict[str, str]:
    return {problem.path: problem.message for problem in room_set.check(rooms).problems}


def changes(old: Any, new: Any, in_place: str = "") -> list[tuple[str, str]]:
    found = room_set.diff(old, new, {in_place})
    assert not found.replaces, "a set is never replaced by its rooms"
    return [(change.field, change.kind) for change in found.changes]


# -- Check


def test_every_problem_of_every_room_is_told_at_its_path() -> None:
    found = problems({"math": {"maxParticipants": 0, "metadata": 5}, "a b": {}, "art": {"colour": 1}, "ok": {}})
    assert sorted(found) == ['rooms["a b"]', 'rooms["art"].colour', f"{MATH}.maxParticipants", f"{MATH}.metadata"]
    assert "letters, digits" in found['rooms["a b"]']


@pytest.mark.parametrize(
    ("rooms", "why"),
    [
        (None, "is required"),
        ([], "must be a map from names to settings, not a list"),
        ("math", "must be a map from names to settings, not a string"),
    ],
)
def test_what_is_no_map_is_no_set(rooms: object, why: str) -> None:
    assert problems(rooms) == {"rooms": why}


@pytest.mark.parametrize(
    ("settings", "kind"), [([], "a list"), (5, "a number"), ("x", "a string"), (False, "a boolean")]
)
def test_what_is_no_map_is_no_rooms_settings(settings: object, kind: str) -> None:
    assert problems({"math": settings}) == {MATH: f"must be a room's settings, not {kind}"}


@pytest.mark.parametrize("name", ["math", "other", None])
def test_a_name_among_the_settings_is_refused(name: object) -> None:
    assert problems({"math": {"name": name}}) == {f"{MATH}.name": "is the room's key in the map already"}


def test_a_room_without_settings_is_one_with_defaults() -> None:
    checked = room_set.check({"math": None, "art": {}, "music": {"metadata": None, "forceDestroy": False}})
    assert (checked.inputs, checked.problems) == ({"rooms": {"math": {}, "art": {}, "music": {}}}, ())


def test_inputs_are_in_their_one_spelling_without_the_name() -> None:
    checked = room_set.check({"math": {"maxParticipants": 5.0, "metadata": {"b": 1, "a": 2}, "forceDestroy": True}})
    expected = {"maxParticipants": 5, "metadata": '{"a":2,"b":1}', "forceDestroy": True}
    assert checked.inputs == {"rooms": {"math": expected}}


@pytest.mark.parametrize(
    "rooms", [UNKNOWN, {"math": UNKNOWN}, {"math": {"metadata": UNKNOWN}}, {"math": {"metadata": UNKNOWN}, "art": {}}]
)
def test_what_is_not_known_yet_passes_at_every_level(rooms: Any) -> None:
    checked = room_set.check(rooms)
    assert (checked.inputs, checked.problems) == ({"rooms": rooms}, ())


def test_what_is_inside_something_unknown_is_unknown_whole() -> None:
    checked = room_set.check({"math": {"metadata": {"a": UNKNOWN}, "maxParticipants": 5}})
    assert checked.inputs == {"rooms": {"math": {"metadata": UNKNOWN, "maxParticipants": 5}}}


@quick
@given(anything | st.dictionaries(names, anything))
def test_whatever_is_declared_is_checked_without_a_crash(rooms: Any) -> None:
    room_set.check(rooms)


# -- Diff


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"math": {}}, [(MATH, "add")]),
        ({"math": {}}, {}, [(MATH, "delete")]),
        ({"math": {}}, {"math": UNKNOWN}, [(MATH, "update")]),
        ({"math": {}}, UNKNOWN, [("rooms", "update")]),
        ({"math": {}}, {"math": {"maxParticipants": 5}}, [(f"{MATH}.maxParticipants", "add")]),
        ({"math": {"maxParticipants": 5}}, {"math": {"maxParticipants": 6}}, [(f"{MATH}.maxParticipants", "update")]),
        ({"math": {"emptyTimeout": 60}}, {"math": {}}, [(f"{MATH}.emptyTimeout", "delete")]),
        ({"math": {}}, {"math": {"forceDestroy": True}}, [(f"{MATH}.forceDestroy", "add")]),
        ({"math": {}}, {"math": {"metadata": UNKNOWN}}, [(f"{MATH}.metadata", "add")]),
    ],
)
def test_a_change_is_told_at_its_path(old: Any, new: Any, expected: list[tuple[str, str]]) -> None:
    assert changes(old, new) == expected


def test_equal_settings_in_another_spelling_are_no_change() -> None:
    old = {"math": {"maxParticipants": 0, "metadata": '{"a":1,"b":2}', "forceDestroy": False, "sid": "RM_1"}}
    assert changes(old, {"math": {"metadata": '{"b": 2, "a": 1}'}}) == []


def test_changes_come_in_the_order_of_the_names() -> None:
    assert changes({"b": {}, "d": {}}, {"a": {}, "b": {}, "c": {}}) == [
        ('rooms["a"]', "add"),
        ('rooms["c"]', "add"),
        ('rooms["d"]', "delete"),
    ]


def test_a_name_is_quoted_in_a_path_as_the_engine_reads_it() -> None:
    assert room_set.path("v1.0:a") == 'rooms["v1.0:a"]'
    assert room_set.path("math", "metadata") == f"{MATH}.metadata"


# -- Declared, planned, kept


def test_a_room_is_declared_also_where_its_settings_are_not_known() -> None:
    new = {"math": {"forceDestroy": True}, "art": {}, "music": UNKNOWN, "drama": {"forceDestroy": UNKNOWN}}
    assert dict(room_set.declared(new)) == {"math": True, "art": False, "music": False, "drama": False}
    assert list(room_set.declared(UNKNOWN)) == []


def test_a_plan_knows_the_session_of_a_room_that_stays_and_not_of_a_new_one() -> None:
    old = {"math": {"sid": "RM_1", "metadata": "old"}}
    new = {"math": {"metadata": "new"}, "art": {"maxParticipants": 5}, "music": UNKNOWN}
    planned = room_set.planned(new, old, on_livekit=False)
    assert planned["math"] == {"metadata": "new", "forceDestroy": False, "sid": "RM_1"}
    assert planned["art"]["sid"] is UNKNOWN
    assert (planned["art"]["maxParticipants"], "name" in planned["art"]) == (5, False)
    assert planned["music"] is UNKNOWN
    assert room_set.planned(UNKNOWN, old, on_livekit=False) is UNKNOWN


def test_what_is_kept_of_a_live_room_has_its_declared_spelling_and_no_name() -> None:
    live = {"math": live_room("math", "RM_1", max_participants=5, metadata='{"a":1}')}
    kept = room_set.outputs_of({"math": {"metadata": '{"a": 1}', "emptyTimeout": 60}}, live, {})["math"]
    assert (kept["metadata"], kept["emptyTimeout"], kept["maxParticipants"]) == ('{"a": 1}', 60, 5)
    assert (kept["sid"], kept["forceDestroy"], "name" in kept) == ("RM_1", False, False)


def test_the_inputs_of_live_rooms_are_those_that_would_declare_them() -> None:
    live = {"math": live_room("math", max_participants=7), "art": live_room("art", metadata="x", empty_timeout=300)}
    assert room_set.inputs_of({"math": {"maxParticipants": 5}}, live) == {
        "math": {"maxParticipants": 7},
        "art": {"metadata": "x"},
    }
    assert room_set.inputs_of(None, live) == {
        "math": {"maxParticipants": 7},
        "art": {"metadata": "x", "emptyTimeout": 300},
    }


def test_a_state_declares_its_rooms_by_their_settings_alone() -> None:
    state = {"math": {"maxParticipants": 5, "forceDestroy": True, "sid": "RM_1", "creationTime": 1}}
    assert room_set.settings_in(state) == {"math": {"maxParticipants": 5, "forceDestroy": True}}


def test_each_room_of_a_set_has_a_name_of_its_own_in_a_run() -> None:
    assert room_set.by("urn::classes", "math") == 'urn::classes["math"]'
