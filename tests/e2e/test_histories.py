"""Histories through the real engine: nobody is thrown out by surprise, and every history ends as declared."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.doors import Door, PythonDoor
from tests.e2e.histories import ByHand, Declare, Join, Leave, Round, Strike, drawn
from tests.e2e.history_run import live_through
from tests.plugin.doors import YamlDoor
from tests.served import Served

pytestmark = pytest.mark.timeout(900)

DOORS: list[type[Door]] = [PythonDoor, YamlDoor]
both_doors = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.label)


each_time_in_one = pytest.mark.parametrize(
    "door", [YamlDoor, pytest.param(PythonDoor, marks=pytest.mark.soak)], ids=[YamlDoor.label, PythonDoor.label]
)
"""In the quicker door whenever the tests run, in the other one with the slow ones."""


ANA = {"name": "ana", "emptyTimeout": 3600}
BOB = {"name": "bob", "emptyTimeout": 3600}


@each_time_in_one
def test_two_rooms_swap_their_names_though_one_is_occupied_and_the_next_run_is_killed(
    door: type[Door], served: Served, tmp_path: Path
) -> None:
    swapped = Declare({"one": {**BOB, "metadata": "1"}, "two": {**ANA, "metadata": "2"}})
    history = (
        Round((Declare({"one": {**ANA, "metadata": "1"}, "two": {**BOB, "metadata": "2"}}),)),
        Round((Join("ana", "p1"), swapped)),
        Round((Leave("ana"),), strike=Strike(signal.SIGKILL, write=2, arrives=True)),
    )
    live_through(history, door, tmp_path / "project", served)


@each_time_in_one
@pytest.mark.soak
def test_a_resource_is_renamed_while_another_room_changes_and_a_third_cannot_be_made(
    door: type[Door], served: Served, tmp_path: Path
) -> None:
    forced = {**ANA, "forceDestroy": True}
    history = (
        Round((Declare({"one": forced, "two": BOB}),)),
        Round(
            (
                Join("ana", "p1"),
                ByHand("cleo", {"maxParticipants": 20}),
                Declare({"three": forced, "two": {**BOB, "metadata": "x"}, "four": {"name": "cleo"}}),
            )
        ),
        Round(()),
    )
    live_through(history, door, tmp_path / "project", served)


@pytest.mark.soak
@both_doors
def test_a_room_that_two_resources_have_since_a_refused_swap_is_ended_by_the_consent_of_both(
    door: type[Door], served: Served, tmp_path: Path
) -> None:
    cleo, dora = {**ANA, "name": "cleo"}, {**ANA, "name": "dora", "forceDestroy": True}
    history = (
        Round((Declare({"one": {**ANA, "metadata": "1"}, "two": {**BOB, "metadata": "2"}}),)),
        Round((Join("ana", "p1"), Declare({"one": {**BOB, "metadata": "1"}, "two": {**ANA, "metadata": "2"}}))),
        Round((Leave("ana"), Join("bob", "p2"), Declare({"one": cleo, "two": dora}))),
    )
    live_through(history, door, tmp_path / "project", served)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(24))
@both_doors
def test_a_history_ends_as_declared(door: type[Door], seed: int, served: Served, tmp_path: Path) -> None:
    live_through(drawn(seed), door, tmp_path / "project", served)
