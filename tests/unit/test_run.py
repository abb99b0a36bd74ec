"""What one run knows: declared, owned, consented and made."""

from __future__ import annotations

import pytest

from relay_provider.place import Place
from relay_provider.run import Run
from tests.unit.fake import PROJECT

pytestmark = pytest.mark.unit

STANDUP, OTHER = (PROJECT, "standup"), (PROJECT, "other")


def test_a_fresh_run_knows_nothing() -> None:
    run = Run()
    assert not run.declares(STANDUP)
    assert not run.has_failed(STANDUP)
    assert run.owned(STANDUP, "RM_1") is run.replaces(STANDUP) is None


# -- Declarations


def test_a_room_is_declared_once_a_check_says_so() -> None:
    run = Run()
    assert run.declare(STANDUP, force=False) is None
    assert run.declares(STANDUP)
    assert not run.declares(OTHER)


def test_the_same_resource_may_be_checked_again() -> None:
    run = Run()
    run.declare(STANDUP, force=False, by="urn::a")
    assert run.declare(STANDUP, force=False, by="urn::a") is None


def test_a_second_resource_that_declares_the_room_is_told_of_the_first_one() -> None:
    run = Run()
    run.declare(STANDUP, force=False, by="urn::a")
    assert run.declare(STANDUP, force=False, by="urn::b") == "urn::a"
    assert run.declare(STANDUP, force=False, by="urn::a") is None


def test_a_room_replaces_the_one_that_its_resource_has_had() -> None:
    run = Run()
    run.declare(STANDUP, force=False, before=OTHER)
    assert run.replaces(STANDUP) == OTHER
    assert run.replaces(OTHER) is None


def test_a_second_check_that_knows_no_old_room_forgets_none() -> None:
    """An engine checks a replacement once more, as if it were new."""
    run = Run()
    run.declare(STANDUP, force=True, before=STANDUP)
    run.declare(STANDUP, force=True)
    assert run.replaces(STANDUP) == STANDUP
    assert run.consents(STANDUP, False)


# -- Consent


@pytest.mark.parametrize("in_state", [False, True])
def test_without_a_declaration_the_states_consent_counts(in_state: bool) -> None:
    run = Run()
    run.declare(STANDUP, force=not in_state)  # which has had no room
    assert run.consents(STANDUP, in_state) is in_state


@pytest.mark.parametrize("force", [False, True])
def test_a_declaration_decides_for_the_room_that_its_resource_has_had(force: bool) -> None:
    run = Run()
    run.declare(STANDUP, force=force, before=OTHER)
    assert run.consents(OTHER, not force) is force


# -- The state's rooms


def test_a_room_is_owned_by_its_session() -> None:
    run = Run()
    run.knows(STANDUP, {"sid": "RM_1", "emptyTimeout": 60})
    assert run.owned(STANDUP, "RM_1") == {"sid": "RM_1", "emptyTimeout": 60}
    assert run.owned(STANDUP, "RM_2") is run.owned(OTHER, "RM_1") is None


def test_a_room_is_owned_with_whichever_key_the_state_has_found_it() -> None:
    run, rotated = Run(), ((PROJECT[0], "digest of another key"), "standup")
    run.knows(STANDUP, {"sid": "RM_1"})
    run.knows(rotated, {"sid": "RM_2"})
    assert run.owned(rotated, "RM_1") == run.owned(STANDUP, "RM_1") == {"sid": "RM_1"}
    assert run.owned(((Place("relay", "elsewhere"), None), "standup"), "RM_1") is None
    assert run.stands(STANDUP, "RM_1")
    assert not run.stands(rotated, "RM_1")


def test_a_run_knows_what_it_declares_by_one_name_with_other_keys() -> None:
    run, rotated = Run(), ((PROJECT[0], "digest of another key"), "standup")
    run.declare(rotated, force=False)
    assert run.declares_with_other_keys(STANDUP) == [rotated]
    assert run.declares_with_other_keys(rotated) == run.declares_with_other_keys(OTHER) == []
    assert not run.declares(STANDUP)


@pytest.mark.parametrize("properties", [{}, {"sid": ""}, {"sid": None, "emptyTimeout": 60}])
def test_properties_without_a_session_are_no_room_of_the_state(properties: dict[str, object]) -> None:
    run = Run()
    run.knows(STANDUP, properties)
    assert run.owned(STANDUP, "") is None


# -- Made, failed, ended


def test_what_was_made_is_owned_and_replaces_nothing_more() -> None:
    run = Run()
    run.declare(STANDUP, force=False, before=STANDUP)
    run.made(STANDUP, {"sid": "RM_2"})
    assert run.owned(STANDUP, "RM_2")
    assert run.replaces(STANDUP) is None


def test_what_was_made_after_all_has_not_failed() -> None:
    run = Run()
    run.failed(STANDUP)
    assert run.has_failed(STANDUP)
    run.made(STANDUP, {"sid": "RM_2"})
    assert not run.has_failed(STANDUP)


# -- On the way from one resource to another


def test_a_room_is_awaited_until_the_resource_that_declares_it_has_it() -> None:
    run = Run()
    assert not run.awaits(STANDUP)
    run.declare(STANDUP, force=False, by="urn::a")
    assert run.awaits(STANDUP)
    run.knows(STANDUP, {"sid": "RM_1"}, "urn::b")  # from which it comes
    assert run.awaits(STANDUP)
    run.knows(STANDUP, {"sid": "RM_1"}, "urn::a")
    assert not run.awaits(STANDUP)
    assert run.owned(STANDUP, "RM_1")


@pytest.mark.parametrize("made", [True, False])
def test_a_room_that_was_made_or_could_not_be_is_not_awaited(made: bool) -> None:
    run = Run()
    run.declare(STANDUP, force=False, by="urn::a")
    run.made(STANDUP, {"sid": "RM_1"}) if made else run.failed(STANDUP)
    assert not run.awaits(STANDUP)


def test_a_room_that_is_declared_with_another_key_is_awaited_there() -> None:
    run, rotated = Run(), ((PROJECT[0], "digest of another key"), "standup")
    run.declare(rotated, force=False, by="urn::a")
    assert run.awaits(STANDUP)
    run.made(rotated, {"sid": "RM_1"})
    assert not run.awaits(STANDUP)
