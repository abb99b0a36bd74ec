from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from relay_provider.cli.change_report import as_report
from relay_provider.cli.plan import ROOM_TYPE, Change, Watcher, sentences
from relay_provider.drift import FieldDifference

pytestmark = pytest.mark.unit


def step(op: str, name: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> EngineEvent:
    def state(inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if inputs is None else {"type": ROOM_TYPE, "urn": "", "inputs": inputs}

    metadata = {"op": op, "urn": f"urn:pulumi:dev::p::{ROOM_TYPE}::{name}", "type": ROOM_TYPE}
    metadata |= {"old": state(old), "new": state(new)}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}})


def changed(field: str, before: Any, after: Any) -> FieldDifference:
    return FieldDifference(field, after, before)


def error(message: str, severity: str = "error") -> EngineEvent:
    diagnostic = {"message": message, "severity": severity, "color": "never"}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "diagnosticEvent": diagnostic})


def test_steps_become_changes() -> None:
    watcher = Watcher()
    live = {"name": "b", "maxParticipants": 5, "metadata": "", "forceDestroy": False, "project": {"label": "x"}}
    for event in (
        step("refresh", "x/a", {}, {}),
        step("same", "x/same", {}, {}),
        step("create", "x/a", None, {"name": "a", "maxParticipants": 5, "forceDestroy": False}),
        step("create-replacement", "x/b", live, {"name": "b", "maxParticipants": 6, "project": {"base_url": "u"}}),
        step("replace", "x/b", live, {"name": "b", "maxParticipants": 6, "project": {"label": "x", "base_url": "u"}}),
        step("delete-replaced", "x/b", live, None),
        step("update", "x/c", {"name": "c"}, {"name": "c", "forceDestroy": True}),
        step("delete", "x/d/e", {"name": "d", "maxParticipants": 5}, None),
    ):
        watcher(event)
    assert watcher.failure is None
    assert watcher.counts == {"create": 1, "update": 1, "replace": 1, "delete": 1, "same": 1}
    assert sorted(watcher.changes.values(), key=lambda change: change.name) == [
        Change("x", "a", "create", (changed("maxParticipants", None, 5),)),
        Change("x", "b", "replace", (changed("maxParticipants", 5, 6), changed("project", "", "base_url: u"))),
        Change("x", "c", "update", (changed("forceDestroy", None, True),)),
        Change("x", "d/e", "delete"),
    ]


def test_a_label_may_look_like_a_part_of_a_urn() -> None:
    watcher = Watcher("a::b")
    watcher(step("create", "a::b/c", None, {"name": "c"}))
    watcher(step("create", "b/c", None, {"name": "c"}))
    assert list(watcher.changes.values()) == [Change("a::b", "c", "create")]


def test_a_replacement_is_told_once() -> None:
    told: list[str] = []
    watcher = Watcher(on_change=lambda change: told.append(change.name))
    for half in ("create-replacement", "replace"):
        watcher(step(half, "x/b", {"name": "b"}, {"name": "b", "maxParticipants": 6}))
    watcher(step("delete-replaced", "x/b", {"name": "b"}, None))
    assert told == ["x/b"]
    assert [change.kind for change in watcher.changes.values()] == ["replace"]


def test_an_old_room_that_an_earlier_run_left_in_the_state_is_a_change_of_its_own() -> None:
    watcher = Watcher()
    watcher(step("same", "x/b", {}, {}))
    watcher(step("delete-replaced", "x/b", {"name": "b"}, None))
    assert watcher.counts == {"create": 0, "update": 0, "replace": 0, "delete": 1, "same": 1}


def test_only_rooms_count() -> None:
    event = step("create", "x/a", None, {})
    assert event.res_outputs_event
    event.res_outputs_event.metadata.type = "pulumi:pulumi:Stack"
    watcher = Watcher()
    watcher(event)
    assert watcher.changes == {}


def test_a_failure_of_its_own_is_kept() -> None:
    watcher = Watcher()
    watcher(SimpleNamespace(resource_pre_event=None))  # type: ignore[arg-type]
    assert isinstance(watcher.failure, AttributeError)


def test_errors_are_sentences_and_said_once() -> None:
    watcher = Watcher()
    for event in (
        error("<{%reset%}>Exception calling application: Room is occupied.<{%reset%}>\n"),
        error("Exception calling application: Room is occupied."),
        error("\x1b[31mProject x has no key with sk_live_abcdef\x1b[0m"),
        error("update failed"),
        error("only a note", "warning"),
    ):
        watcher(event)
    assert watcher.errors == ["Room is occupied.", "Project x has no key with sk_live_***"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x\nerror: no stack\nerror: too", ["no stack", "too"]),
        ("It failed.\nTraceback (most recent call last):\n  File x\nValueError: y", ["It failed."]),
        ("Traceback (most recent call last):\n  File x\nValueError: y", ["ValueError: y"]),
        ("error: update failed", []),
        ("", []),
    ],
)
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_the_report() -> None:
    changes = [
        Change("x", "b", "replace", (changed("maxParticipants", 5.0, 6.0), changed("metadata", None, "m"))),
        Change("x", "a", "create", (changed("maxParticipants", None, 5.0),)),
        Change("w", "z", "delete"),
    ]
    report = as_report("changes", changes, {"create": 1}, "Plan.")
    assert report.data["result"] == "changes"
    assert [room["room"] for room in report.data["rooms"]] == ["z", "a", "b"]
    table = report.blocks[0][1]
    assert table
    assert table.rows == [
        ("w/z", "delete (ends the room)", "", "", ""),
        ("x/a", "create", "", "", "maxParticipants: 5"),
        ("x/b", "replace (ends the room)", "maxParticipants", "5", "6"),
        ("", "", "metadata", "–", "m"),
    ]
