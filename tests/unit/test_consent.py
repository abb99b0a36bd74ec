"""Consent to disconnect whoever is in a room, where more than one resource has it."""

from __future__ import annotations

from typing import Any

import pytest

from relay_provider.run import Run

pytestmark = pytest.mark.unit

ACME: Any = "a project"
BEFORE = (ACME, "before")


@pytest.mark.parametrize(("one", "two", "consents"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_room_that_two_resources_have_is_ended_with_people_in_it_when_both_consent(
    one: bool, two: bool, consents: bool
) -> None:
    run = Run()
    run.declare((ACME, "one"), one, BEFORE)
    run.declare((ACME, "two"), two, BEFORE)
    assert run.consents(BEFORE, in_state=True) is consents
