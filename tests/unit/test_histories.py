"""Random histories through the life cycle: whatever happens, the promise is kept, and one more run makes it all true.

No declared room is ended unasked, none that is replaced is left ended, and nobody is disconnected without a consent in
that very run. Two engines with rooms of their own run through the real door of Python programs on a server in memory;
`HISTORIES=2000 pytest tests/unit/test_histories.py` makes more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.history_model import WHOLE, Histories

pytestmark = pytest.mark.unit

PLAIN = {"most": None, "timeout": None, "metadata": None, "force": False}
UNREFRESHED = replace(WHOLE, options=replace(WHOLE.options, refresh=False))
ATTACHED = replace(WHOLE, attached=True)
"""In a process that has served runs before; in another one, others went on."""


class OnRelay(Histories):
    kind = "relay"


class OnLiveKit(Histories):
    kind = "livekit"


TestOnRelay, TestOnLiveKit = OnRelay.TestCase, OnLiveKit.TestCase
TestOnRelay.settings = TestOnLiveKit.settings = settings(
    deadline=None,
    max_examples=int(os.environ.get("HISTORIES", "150")),
    stateful_step_count=12,
    suppress_health_check=list(HealthCheck),
)


# -- Histories that once broke the promise


@pytest.fixture(params=[OnRelay, OnLiveKit])
def history(request: pytest.FixtureRequest) -> Iterator[Histories]:
    """One that is written here; it ends as every history does."""
    machine: Histories = request.param()
    yield machine
    machine.teardown()


def test_a_key_is_changed_together_with_a_setting(history: Histories) -> None:
    history.begin([("a", PLAIN)])
    history.change_settings(0, 0, {**PLAIN, "most": 5, "force": True}, replace(WHOLE, steps=0))
    history.move(0, 0, "a2", WHOLE)


def test_a_resource_is_renamed_while_its_key_is_changed(history: Histories) -> None:
    history.begin([("a2", {**PLAIN, "force": True})])
    history.undeclare(0, 0, replace(WHOLE, steps=0))
    history.declare(0, 1, 0, "a", {**PLAIN, "metadata": "m", "force": True}, WHOLE)


def test_a_swap_is_interrupted_and_then_a_key_is_changed(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN)])
    history.shift(0, False, replace(UNREFRESHED, steps=1))
    history.move(0, 0, "a2", UNREFRESHED)


def test_a_renamed_resource_changes_what_is_not_reported_in_a_run_that_refreshes(history: Histories) -> None:
    history.begin([("a", PLAIN)])
    history.rename_resource(0, 0, {**PLAIN, "timeout": 60}, False, WHOLE)


def test_a_swap_of_occupied_rooms_waits_until_they_are_empty(history: Histories) -> None:
    history.begin([("a", {**PLAIN, "most": 5}), ("a", PLAIN)])
    history.join_everywhere(True)
    history.shift(0, False, WHOLE)
    assert len(history.server.rooms) == 2


def test_a_room_is_made_by_another_process_after_a_run_that_found_it_gone(history: Histories) -> None:
    history.begin([("a", PLAIN)])
    history.end_by_hand(0, None, "")
    history.up(0, replace(ATTACHED, steps=1))
    history.up(0, WHOLE)
    history.undeclare(0, 0, ATTACHED)


def test_a_room_of_another_process_is_not_found_when_it_is_to_end(history: Histories) -> None:
    history.begin([("a", PLAIN)])
    history.end_by_hand(0, None, "")
    history.up(0, replace(ATTACHED, steps=1))
    history.up(0, WHOLE)
    history.undeclare(0, 0, replace(UNREFRESHED, attached=True, fault=(0, "not found")))


def test_a_room_goes_to_another_key_and_comes_back_while_the_state_has_both(history: Histories) -> None:
    history.begin([("a2", PLAIN)])
    history.end_by_hand(0, None, "")
    history.rename_resource(0, 0, PLAIN, True, replace(UNREFRESHED, steps=0))
    history.move(0, 0, "a", replace(UNREFRESHED, steps=1))
    history.rename_resource(0, 0, PLAIN, True, replace(UNREFRESHED, steps=0))
    history.move(0, 0, "a2", UNREFRESHED)


# -- The same with sets


def test_a_set_becomes_single_rooms_and_a_set_again(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN), ("b", PLAIN)], "g")
    history.join_everywhere(True)
    sessions = history.sessions()
    history.regroup_all(0, None, WHOLE)
    history.regroup_all(0, "h", WHOLE)
    assert history.sessions() == sessions


def test_a_room_goes_to_another_set_in_a_run_that_fails_before_it_is_there(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN)], "g")
    history.regroup(0, 1, "h", {**PLAIN, "most": 5}, replace(UNREFRESHED, fault=(0, "down")))


def test_a_room_leaves_a_set_in_a_run_that_fails_before_its_turn_elsewhere(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN), ("a", PLAIN)], "g")
    history.regroup(0, 1, None, None, replace(WHOLE, steps=0))
    history.regroup(0, 2, None, {**PLAIN, "most": 5}, replace(UNREFRESHED, fault=(0, "down")))
    history.undeclare(0, 2, UNREFRESHED)


def test_a_room_goes_to_a_set_that_gives_up_before_its_turn(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN), ("a", PLAIN)], "g")
    history.regroup(0, 0, None, None, WHOLE)
    going_on = replace(UNREFRESHED, options=replace(UNREFRESHED.options, go_on=True), fault=(0, "down"))
    history.regroup_all(0, "h", going_on)
    history.undeclare(0, 2, UNREFRESHED)


def test_a_set_that_goes_to_another_project_heeds_what_it_says_now(history: Histories) -> None:
    history.begin([("a", {**PLAIN, "force": True})], "g")
    history.join_everywhere(True)
    history.change_settings(0, 0, PLAIN, replace(WHOLE, steps=0))
    history.move_all(0, "b", UNREFRESHED)


def test_a_room_that_a_set_has_taken_over_before_it_goes_to_another_project_heeds_both(history: Histories) -> None:
    history.begin([("b", {**PLAIN, "force": True}), ("a", PLAIN)])
    history.join(1, False)
    history.regroup_all(0, "g", replace(UNREFRESHED, steps=1))
    history.undeclare(0, 0, replace(UNREFRESHED, steps=0))
    history.rename_room(0, 0, 0, UNREFRESHED)
    assert ("two", "r0-of-0") in history.sessions()


def test_a_set_that_never_had_a_room_has_no_say_in_its_end(history: Histories) -> None:
    history.begin([("a", PLAIN), ("b", {**PLAIN, "metadata": "m", "force": True})])
    history.join_everywhere(False)
    history.regroup(0, 1, "g", PLAIN, UNREFRESHED)
    history.move(0, 1, "a", UNREFRESHED)
    assert ("two", "r1-of-0") not in history.sessions()


def test_one_room_of_a_set_fails_and_the_others_stand(history: Histories) -> None:
    history.begin([("a", PLAIN), ("a", PLAIN), ("a", PLAIN)], "g")
    history.join(0, True)
    for pick in range(3):
        history.change_settings(0, pick, {**PLAIN, "most": 5}, replace(WHOLE, steps=0))
    history.up(0, WHOLE)
    assert sorted(room.most for room in history.server.rooms.values()) == [0, 5, 5]
