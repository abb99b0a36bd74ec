"""The life cycle of rooms as a table, run through every door on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.doors import DOORS, Door, PythonDoor
from tests.served import Served

pytestmark = pytest.mark.e2e

STANDUP = {"maxParticipants": 12, "emptyTimeout": 900, "metadata": {"team": "core", "size": 12}}
LOBBY: dict[str, Any] = {}
SUPPORT = {"maxParticipants": 4, "metadata": "plain text: ü"}
ALL = {"standup": STANDUP, "lobby": LOBBY, "support": SUPPORT}


@dataclass(frozen=True)
class Step:
    """What happens behind Pulumi's back, what is declared then, and what an `up` must do about it."""

    name: str
    rooms: dict[str, dict[str, Any]]
    changes: dict[str, int]
    behind: Callable[[Served], None] = field(default=lambda _: None)
    drift: bool = False
    keeps_sid: bool | None = None  # of standup


SMALLER = ALL | {"standup": STANDUP | {"maxParticipants": 5}}

CORE = [
    Step("create", ALL, {"create": 3}),
    Step("a limit changes", SMALLER, {"replace": 1, "same": 2}, keeps_sid=False),
    Step(
        "a room was ended; in another people came and went",
        SMALLER,
        {"create": 1, "same": 2},
        behind=lambda api: (api.end("standup"), api.join("support", "ana", "ben"), api.leave("support", "ana"))[0],
        drift=True,
        keeps_sid=False,
    ),
    Step(
        "one is removed; forceDestroy needs no call",
        {"standup": SMALLER["standup"] | {"forceDestroy": True}, "lobby": {}},
        {"delete": 1, "update": 1, "same": 1},
        behind=lambda api: api.leave("support", "ben"),
        keeps_sid=True,
    ),
]
"""Each kind of step."""

SHORT = CORE[:2]
"""Through a Python program, each time. The plugin has each kind of step, a manifest has tests of its own;
all of the steps go through every door in `make soak`: behind each is the same code."""

MORE = [
    Step(
        "the same in another spelling; one is added",
        ALL | {"standup": {**STANDUP, "maxParticipants": 5.0, "metadata": {"size": 12.0, "team": "core"}}},
        {"create": 1, "update": 1, "same": 1},
        keeps_sid=True,
    ),
    Step(
        "a timeout changes; metadata changes",
        {"standup": SMALLER["standup"] | {"emptyTimeout": 60}, "lobby": {"metadata": ["b"]}, "support": SUPPORT},
        {"replace": 2, "same": 1},
        keeps_sid=False,
    ),
    Step(
        "every setting goes; a room was made anew with equal settings",
        {"standup": {}, "lobby": {}, "support": SUPPORT},
        {"replace": 2, "same": 1},
        behind=lambda api: (api.end("support"), api.create("support", **SUPPORT))[0],
        keeps_sid=False,
    ),
    Step(
        "a room was made anew with other settings",
        {"standup": {}, "lobby": {}, "support": SUPPORT},
        {"replace": 1, "same": 2},
        behind=lambda api: (api.end("standup"), api.create("standup", maxParticipants=2, metadata="theirs"))[0],
        drift=True,
        keeps_sid=False,
    ),
]


def test_life_cycle(served: Served, tmp_path: Path) -> None:
    run_life_cycle(PythonDoor(tmp_path / "project", served.env), served, SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("make", DOORS, ids=lambda door: door.label)
def test_the_whole_life_cycle(make: type[Door], served: Served, tmp_path: Path) -> None:
    run_life_cycle(make(tmp_path / "project", served.env), served, CORE + MORE)


def run_life_cycle(door: Door, api: Served, steps: list[Step]) -> None:
    """Steps of the table; then nothing is left to change, and at last all is destroyed."""
    for step in steps:
        before = api.rooms()
        step.behind(api)
        if step.drift:
            assert door.drifted(), f"{step.name}: no drift was seen"
        door.declare(step.rooms)
        assert door.up().changes == step.changes, step.name
        live = api.rooms()
        assert sorted(live) == sorted(step.rooms), step.name
        check_live(live, step.rooms, step.name)
        if step.keeps_sid is not None:
            assert (before["standup"]["sid"] == live["standup"]["sid"]) == step.keeps_sid, step.name
        assert {name: (room["sid"], room["creationTime"]) for name, room in live.items()} == {
            name: (outputs["sid"], outputs["creationTime"]) for name, outputs in door.state().items()
        }, step.name
    live = api.rooms()
    assert door.up().changes == {"same": len(steps[-1].rooms)}, "a second up changed something"
    assert api.rooms() == live
    assert not door.drifted()
    api.end("lobby")
    door.destroy()
    assert api.rooms() == {}
    assert door.state() == {}


def check_live(live: dict[str, dict[str, Any]], declared: dict[str, dict[str, Any]], step: str) -> None:
    """Every live room is as declared."""
    for name, settings in declared.items():
        assert live[name]["maxParticipants"] == settings.get("maxParticipants", 0), (step, name)
        metadata = settings.get("metadata", "")
        if isinstance(metadata, dict | list):
            assert json.loads(live[name]["metadata"]) == metadata, (step, name)
        else:
            assert live[name]["metadata"] == metadata, (step, name)
