"""Declared rooms against live ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.drift import DriftReport, FieldDifference, ProjectDrift, compare, differences
from relay_provider.model import LiveRoom, RoomInputs
from tests.unit.fake import live_room
from tests.unit.strategies import quick

pytestmark = pytest.mark.unit


# -- One room


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({}, {}),
        ({"max_participants": 5}, {"max_participants": 5}),
        ({"metadata": ""}, {}),
        ({"metadata": {"b": 1, "a": 2}}, {"metadata": '{ "a": 2.0, "b": 1 }'}),
        ({}, {"empty_timeout": 300}),  # the server's default was asked for
        ({"empty_timeout": 60}, {"empty_timeout": None}),  # not reported
        ({"empty_timeout": 60}, {"empty_timeout": 60}),
        ({"force_destroy": True}, {}),
        ({}, {"num_participants": 3}),
    ],
)
def test_a_room_as_declared_has_no_differences(declared: dict[str, object], live: dict[str, object]) -> None:
    assert differences(RoomInputs(name="standup", **declared), live_room(**live)) == ()


@pytest.mark.parametrize(
    ("declared", "live", "found"),
    [
        ({"max_participants": 5}, {"max_participants": 6}, ("maxParticipants", 5, 6)),
        ({"max_participants": 5}, {}, ("maxParticipants", 5, 0)),
        ({}, {"max_participants": 6}, ("maxParticipants", 0, 6)),
        ({"empty_timeout": 60}, {"empty_timeout": 300}, ("emptyTimeout", 60, 300)),
        ({"empty_timeout": 60}, {"empty_timeout": 0}, ("emptyTimeout", 60, 0)),
        ({"metadata": "a"}, {"metadata": "b"}, ("metadata", "a", "b")),
        ({"metadata": "a"}, {}, ("metadata", "a", "")),
        ({}, {"metadata": "{}"}, ("metadata", "", "{}")),
    ],
)
def test_a_difference_names_the_field_and_both_values(
    declared: dict[str, object], live: dict[str, object], found: tuple[str, str | int, str | int]
) -> None:
    room = RoomInputs(name="standup", **declared)
    assert differences(room, live_room(**live)) == (FieldDifference(*found),)


def test_differences_are_sorted_by_field() -> None:
    declared = RoomInputs(name="standup", max_participants=5, empty_timeout=60, metadata="a")
    found = differences(declared, live_room(empty_timeout=300))
    assert [one.field for one in found] == ["emptyTimeout", "maxParticipants", "metadata"]


# -- One project


def example() -> ProjectDrift:
    declared = [RoomInputs(name=name, max_participants=5) for name in ("z", "b", "gone", "away", "ok", "a")]
    live = [live_room(name) for name in ("z", "y", "a", "b", "x")] + [live_room("ok", max_participants=5)]
    return compare("webinars", declared, live, {"emptyTimeout"})


def test_every_room_is_in_exactly_one_place_and_everything_is_sorted() -> None:
    found = example()
    assert found.in_sync == 1
    assert found.missing == ("away", "gone")
    assert [changed.room for changed in found.changed] == ["a", "b", "z"]
    assert found.unmanaged == ("x", "y")


def test_what_the_backend_does_not_report_is_listed_as_not_comparable() -> None:
    assert compare("p", [], [], {"metadata", "emptyTimeout"}).not_comparable == ("emptyTimeout", "metadata")


def test_as_json_it_has_exactly_the_documented_shape() -> None:
    found = compare(
        "webinars",
        [RoomInputs(name="b", max_participants=5, metadata="m"), RoomInputs(name="a"), RoomInputs(name="c")],
        [live_room("b"), live_room("c"), live_room("d")],
        {"emptyTimeout"},
    )
    assert DriftReport((found,)).as_json() == {
        "drift": True,
        "projects": [
            {
                "project": "webinars",
                "inSync": 1,
                "missing": ["a"],
                "changed": [
                    {
                        "room": "b",
                        "fields": [
                            {"field": "maxParticipants", "declared": 5, "live": 0},
                            {"field": "metadata", "declared": "m", "live": ""},
                        ],
                    }
                ],
                "unmanaged": ["d"],
                "notComparable": ["emptyTimeout"],
            }
        ],
    }


def test_projects_are_sorted_in_json() -> None:
    report = DriftReport(tuple(compare(name, [], []) for name in ("b", "c", "a")))
    assert [project["project"] for project in report.as_json()["projects"]] == ["a", "b", "c"]


@pytest.mark.parametrize("strict", [False, True])
def test_a_room_that_nobody_declared_is_drift_only_when_strict(strict: bool) -> None:
    report = DriftReport((compare("p", [], [live_room("x")]),), strict)
    assert report.drift is strict
    assert report.as_json()["projects"][0]["unmanaged"] == ["x"]


@pytest.mark.parametrize(
    ("declared", "live"), [([RoomInputs(name="a")], []), ([RoomInputs(name="a", metadata="m")], [live_room("a")])]
)
def test_missing_and_changed_rooms_are_drift(declared: list[RoomInputs], live: list[LiveRoom]) -> None:
    assert DriftReport((compare("p", declared, live), compare("q", [], []))).drift


def test_a_field_that_cannot_be_compared_is_no_drift() -> None:
    declared = [RoomInputs(name="a", empty_timeout=5)]
    assert not DriftReport((compare("p", declared, [live_room("a")], {"emptyTimeout"}),), strict=True).drift


# -- Every project

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
METADATA = st.sampled_from([None, "", "text", '{"a":1}', '{ "a": 1 }', "[]"])
DECLARED = st.builds(
    RoomInputs,
    name=NAMES,
    max_participants=st.sampled_from([None, 1, 2]),
    empty_timeout=st.sampled_from([None, 60, 61]),
    metadata=METADATA,
)
LIVE = st.builds(
    live_room,
    name=NAMES,
    max_participants=st.sampled_from([0, 1, 2]),
    empty_timeout=st.sampled_from([None, 60, 61]),
    metadata=METADATA.map(lambda text: text or ""),
)
PROJECTS = st.tuples(
    st.lists(DECLARED, unique_by=lambda room: room.name), st.lists(LIVE, unique_by=lambda room: room.name)
)


def made(room: RoomInputs) -> LiveRoom:
    return live_room(
        room.name,
        max_participants=room.max_participants or 0,
        empty_timeout=room.empty_timeout,
        metadata=room.metadata or "",
    )


@quick
@given(PROJECTS, st.booleans())
def test_doing_what_the_report_says_leaves_nothing_to_report(
    project: tuple[list[RoomInputs], list[LiveRoom]], strict: bool
) -> None:
    declared, live = project
    found = compare("p", declared, live)
    redone = {*found.missing, *(changed.room for changed in found.changed)}
    ended = redone | (set(found.unmanaged) if strict else set())
    after = [room for room in live if room.name not in ended] + [made(room) for room in declared if room.name in redone]
    assert not DriftReport((compare("p", declared, after),), strict).drift


@quick
@given(PROJECTS)
def test_every_room_is_counted_once(project: tuple[list[RoomInputs], list[LiveRoom]]) -> None:
    declared, live = project
    found = compare("p", declared, live)
    names = {room.name for room in declared}
    assert found.in_sync + len(found.missing) + len(found.changed) == len(names)
    assert set(found.unmanaged) == {room.name for room in live} - names


@quick
@given(PROJECTS, st.randoms(use_true_random=False))
def test_the_order_of_rooms_does_not_matter(project: tuple[list[RoomInputs], list[LiveRoom]], shuffle: object) -> None:
    declared, live = project
    one = json.dumps(compare("p", declared, live).as_json())
    shuffle.shuffle(declared)  # type: ignore[attr-defined]
    shuffle.shuffle(live)  # type: ignore[attr-defined]
    assert json.dumps(compare("p", declared, live).as_json()) == one
