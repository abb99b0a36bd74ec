"""How many rooms one run may end, and what is said where it would end more."""

from __future__ import annotations

import pytest

from relay_provider.cli.limits import Allowance
from relay_provider.cli.plan import Change
from relay_provider.errors import RelayError
from relay_provider.limits import UNSAID, EndLimits
from tests.unit.fake import live_room

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("limits", "declared", "allowed"),
    [
        (EndLimits(), 0, 3),
        (EndLimits(), 2, 3),
        (EndLimits(), 10, 3),
        (EndLimits(), 14, 4),
        (EndLimits(), 1000, 300),
        (EndLimits(percent=50), 1000, 500),
        (EndLimits(percent=0), 1000, 3),
        (EndLimits(rooms=0), 1000, 0),
        (EndLimits(rooms=700), 1000, 700),
        (EndLimits(rooms=7, percent=50), 1000, 7),
        (EndLimits(rooms=7, percent=50), 4, 3),
    ],
)
def test_what_is_allowed(limits: EndLimits, declared: int, allowed: int) -> None:
    assert limits.allowed(declared) == allowed


def ended(label: str, rooms: int, kind: str = "delete") -> list[Change]:
    return [Change(label, f"r{number}", kind, stands=live_room(f"r{number}")) for number in range(rooms)]


def allowance(given: EndLimits = UNSAID, **limits: EndLimits) -> Allowance:
    return Allowance({"acme": 20, "beta": 4}, limits, given, ["relay-rooms", "up", "my rooms.yaml"])


def refusal(allowance: Allowance, changes: list[Change]) -> list[str]:
    with pytest.raises(RelayError) as caught:
        allowance.check(changes)
    return str(caught.value).splitlines()


def test_each_project_has_its_own_limit_and_the_command_is_enough_for_all() -> None:
    assert refusal(allowance(), [*ended("acme", 7, "replace"), *ended("beta", 4), *ended("gone", 3)]) == [
        "Project acme: 7 rooms would be ended, of 20 declared, and at most 6 may be (30 %, and always 3).",
        "Project beta: 4 rooms would be ended, of 4 declared, and at most 3 may be (30 %, and always 3).",
        "Nothing was done. If these rooms are meant to end: `relay-rooms up 'my rooms.yaml' --max-ends 7`",
    ]


def test_what_is_typed_counts_in_place_of_what_the_manifest_says() -> None:
    strict = allowance(acme=EndLimits(rooms=1))
    assert "and at most 1 may be." in refusal(strict, ended("acme", 2))[0]
    allowance(EndLimits(rooms=2), acme=EndLimits(rooms=1)).check(ended("acme", 2))
    assert refusal(allowance(EndLimits(percent=10), acme=EndLimits(percent=100)), ended("acme", 4))


def test_only_live_rooms_that_end_count() -> None:
    gone = [Change("acme", f"r{number}", kind) for number in range(50) for kind in ("create", "delete", "replace")]
    others = [
        Change("acme", f"o{n}", kind, stands=None) for n in range(50) for kind in ("update", "forget", "takeOver")
    ]
    in_the_way = [Change("acme", f"w{n}", "create", live=live_room(), refused=True) for n in range(50)]
    allowance(EndLimits(rooms=0)).check([*gone, *others, *in_the_way])


def test_an_occupied_room_counts_although_it_is_refused_now() -> None:
    people = [Change("acme", f"r{n}", "delete", stands=live_room(), refused=True) for n in range(2)]
    assert refusal(allowance(EndLimits(rooms=1)), people)
