"""The document's "Create a room"."""

import time
import uuid
from typing import Any

import pytest

from tests.conformance.target import Api, Join, Target, eventually

pytestmark = pytest.mark.conformance

ROOM = {
    "room": str,
    "sid": str,
    "numParticipants": int,
    "maxParticipants": int,
    "creationTime": int,
    "metadata": str,
}


def is_room(value: Any) -> bool:
    """Has it every required field, of its type?"""
    return all(type(value.get(field)) is kind for field, kind in ROOM.items())


def test_a_201_response_returns_the_room_object(api: Api, name: str) -> None:
    metadata = '{"topic":"standup"}'
    answer = api.create({"name": name, "maxParticipants": 50, "emptyTimeout": 600, "metadata": metadata})
    assert answer.status == 201
    assert answer.content_type.startswith("application/json")
    room = answer.json
    assert is_room(room)
    assert (room["room"], room["numParticipants"], room["maxParticipants"]) == (name, 0, 50)
    assert room["metadata"] == metadata


def test_it_holds_the_documented_fields_alone(api: Api, name: str) -> None:
    assert set(api.create({"name": name, "emptyTimeout": 600}).json) == set(ROOM)


def test_everything_but_the_name_is_optional(api: Api, name: str) -> None:
    answer = api.create({"name": name})
    assert answer.status == 201
    assert is_room(answer.json)


def test_max_participants_of_0_means_unlimited(api: Api, name: str) -> None:
    assert api.create({"name": name}).json["maxParticipants"] == 0


def test_metadata_is_empty_if_none_was_set(api: Api, name: str) -> None:
    assert api.create({"name": name}).json["metadata"] == ""


def test_sid_is_a_livekit_session_id(api: Api, name: str) -> None:
    assert api.create({"name": name}).json["sid"].startswith("RM_")


def test_creation_time_is_a_unix_timestamp_in_seconds(api: Api, name: str) -> None:
    day = 86_400
    assert abs(api.create({"name": name}).json["creationTime"] - time.time()) < day


def test_a_created_room_is_active(api: Api, name: str) -> None:
    created = api.create({"name": name, "maxParticipants": 3, "metadata": "m"}).json
    assert api.listed(name) == created


def test_a_create_of_a_live_room_changes_nothing_and_returns_it(api: Api, name: str) -> None:
    first = api.create({"name": name, "maxParticipants": 5, "emptyTimeout": 600, "metadata": "first"})
    second = api.create({"name": name, "maxParticipants": 9, "emptyTimeout": 60, "metadata": "second"})
    assert (second.status, second.json) == (201, first.json)
    assert api.listed(name) == first.json


def test_rooms_are_also_created_on_demand_when_the_first_participant_connects(api: Api, name: str, join: Join) -> None:
    join(name, "ana")
    room = api.inspect(name).json
    assert is_room(room)
    assert (room["room"], room["maxParticipants"], room["metadata"]) == (name, 0, "")


@pytest.mark.parametrize("characters", ["abcXYZ019", "a.b_c-d:e", ".", "..", "-", "_", ":", "__", "p_x__"])
def test_allowed_characters_are_letters_digits_and_four_marks(api: Api, characters: str) -> None:
    name = f"{characters}{uuid.uuid4().hex[:12]}{characters}"
    try:
        answer = api.create({"name": name})
        assert (answer.status, answer.json["room"]) == (201, name)
        assert api.inspect(name).json["room"] == name
    finally:
        api.end(name)


@pytest.mark.parametrize("name", [".", "..", "_", "-", ":", "7"])
def test_one_allowed_character_is_a_name(target: Target, api: Api, name: str) -> None:
    if not target.ours:
        pytest.skip("such a name cannot be made unique, and may be somebody's room")
    try:
        assert api.create({"name": name}).json["room"] == name
        assert api.inspect(name).json["room"] == name
        assert api.end(name).json == {"ended": True}
        assert api.inspect(name).status == 404
    finally:
        api.end(name)


def test_a_name_may_have_128_characters(api: Api) -> None:
    name = uuid.uuid4().hex.ljust(128, "x")
    try:
        assert api.create({"name": name}).json["room"] == name
        assert api.inspect(name).json["room"] == name
    finally:
        api.end(name)


@pytest.mark.parametrize(
    "wrong", ["", "x" * 129, "a b", "a/b", "ü", "a\n", "\x00", "a%2Fb", "😀", "a+b", 5, None, True, ["a"], {"a": 1}]
)
def test_any_other_name_fails_validation(api: Api, wrong: object) -> None:
    answer = api.create({"name": wrong})
    assert answer.failed_validation


def test_the_name_is_required(api: Api) -> None:
    answer = api.create({"maxParticipants": 5})
    assert answer.failed_validation


@pytest.mark.parametrize(("field", "highest"), [("maxParticipants", 10_000), ("emptyTimeout", 86_400)])
def test_numbers_are_positive_integers_up_to_their_limit(api: Api, name: str, field: str, highest: int) -> None:
    for right in (1, highest):
        assert api.create({"name": name, field: right}).status == 201
        assert field == "emptyTimeout" or api.inspect(name).json[field] == right
        api.end(name)


@pytest.mark.parametrize("field", ["maxParticipants", "emptyTimeout"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, 100_000, 10**30, 1e300, "5", "", None, True, [5], {}])
def test_any_other_number_fails_validation(api: Api, name: str, field: str, wrong: object) -> None:
    answer = api.create({"name": name, field: wrong})
    assert answer.failed_validation
    assert api.inspect(name).status == 404


@pytest.mark.parametrize(("field", "above"), [("maxParticipants", 10_001), ("emptyTimeout", 86_401)])
def test_one_above_the_limit_fails_validation(api: Api, name: str, field: str, above: int) -> None:
    assert api.create({"name": name, field: above}).failed_validation


@pytest.mark.parametrize("metadata", ["", "x" * 4096, "ü" * 4096, '{"a": [1, 2]}', "not json", " \t\n", "𝄞", '"\\'])
def test_metadata_is_an_opaque_string_of_up_to_4096_characters(api: Api, name: str, metadata: str) -> None:
    assert api.create({"name": name, "metadata": metadata}).json["metadata"] == metadata
    assert api.inspect(name).json["metadata"] == metadata


@pytest.mark.parametrize("wrong", ["x" * 4097, 5, True, None, {"a": 1}, ["a"]])
def test_any_other_metadata_fails_validation(api: Api, name: str, wrong: object) -> None:
    answer = api.create({"name": name, "metadata": wrong})
    assert answer.failed_validation


def test_a_room_that_nobody_joins_ends_after_its_empty_timeout(api: Api, name: str) -> None:
    api.create({"name": name, "emptyTimeout": 1})
    assert eventually(lambda: api.inspect(name).status, lambda status: status == 404) == 404
    assert api.listed(name) is None


def test_empty_timeout_keeps_the_room_alive_after_the_last_participant_leaves(api: Api, name: str, join: Join) -> None:
    sid = api.create({"name": name, "emptyTimeout": 600}).json["sid"]
    join(name, "ana").leave()
    assert eventually(lambda: api.identities(name), lambda found: found == []) == []
    assert api.inspect(name).json["sid"] == sid


def test_the_room_ends_when_its_empty_timeout_has_passed_since_the_last_participant_left(
    api: Api, name: str, join: Join
) -> None:
    api.create({"name": name, "emptyTimeout": 1})
    join(name, "ana").leave()
    assert eventually(lambda: api.inspect(name).status, lambda status: status == 404) == 404
