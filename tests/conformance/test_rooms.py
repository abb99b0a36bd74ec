"""The document's "List active rooms", "Inspect a room" and "End a room"."""

from collections.abc import Callable

import pytest

from tests.conformance.target import Api, Join, eventually
from tests.conformance.test_create import ROOM, is_room

pytestmark = pytest.mark.conformance

PARTICIPANT = {"identity": str, "name": str, "state": int, "joinedAt": int, "tracks": int}


def test_a_200_response_wraps_the_rooms_in_a_rooms_array(api: Api, name: str) -> None:
    api.create({"name": name})
    answer = api.list()
    assert answer.status == 200
    assert set(answer.json) == {"rooms"}
    assert all(is_room(room) for room in answer.json["rooms"])


def test_list_returns_every_active_room(api: Api, new_name: Callable[[], str]) -> None:
    names = {new_name() for _ in range(25)}
    for name in names:
        api.create({"name": name})
    assert names <= {room["room"] for room in api.list().json["rooms"]}


def test_each_entry_has_the_same_shape_as_the_create_response(api: Api, name: str) -> None:
    created = api.create({"name": name, "maxParticipants": 7, "metadata": "m"}).json
    entry = api.listed(name)
    assert entry == created
    assert set(entry or {}) == set(ROOM)


def test_list_counts_the_participants(api: Api, name: str, join: Join) -> None:
    join(name, "ana")
    join(name, "bo")
    counted = eventually(lambda: (api.listed(name) or {}).get("numParticipants"), lambda number: number == 2)
    assert counted == 2


def test_inspect_returns_the_room_plus_its_participants(api: Api, name: str) -> None:
    created = api.create({"name": name, "maxParticipants": 7, "metadata": "m"}).json
    answer = api.inspect(name)
    assert answer.status == 200
    assert answer.json == {**created, "participants": []}


def test_inspect_shows_who_is_connected(api: Api, name: str, join: Join) -> None:
    api.create({"name": name})
    join(name, "user-123", "Ada Lovelace", 2)
    room = eventually(
        lambda: api.inspect(name).json,
        lambda found: found["numParticipants"] == 1 and found["participants"][0]["tracks"] == 2,
    )
    assert room["numParticipants"] == 1
    (person,) = room["participants"]
    assert {field: type(value) for field, value in person.items()} == PARTICIPANT
    assert (person["identity"], person["name"], person["state"]) == ("user-123", "Ada Lovelace", 2)
    assert person["tracks"] == 2
    assert person["joinedAt"] >= room["creationTime"]


def test_tracks_of_a_participant_who_publishes_nothing_is_0(api: Api, name: str, join: Join) -> None:
    join(name, "ana")
    (person,) = api.inspect(name).json["participants"]
    assert (person["name"], person["tracks"]) == ("", 0)


def test_inspect_responds_404_not_found_if_the_room_does_not_exist(api: Api, name: str) -> None:
    answer = api.inspect(name)
    assert answer.status == 404
    assert answer.json == {"error": {"type": "not_found", "code": "not_found", "message": "Room not found"}}


def test_a_participant_who_left_is_no_longer_shown(api: Api, name: str, join: Join) -> None:
    api.create({"name": name, "emptyTimeout": 600})
    person = join(name, "ana")
    join(name, "bo")
    person.leave()
    assert eventually(lambda: api.identities(name), lambda found: found == ["bo"]) == ["bo"]


def test_end_answers_200_ended_true_and_the_room_is_gone(api: Api, name: str) -> None:
    api.create({"name": name})
    answer = api.end(name)
    assert (answer.status, answer.json) == (200, {"ended": True})
    assert api.inspect(name).status == 404
    assert api.listed(name) is None


def test_end_disconnects_everyone_in_the_room(api: Api, name: str, join: Join) -> None:
    people = [join(name, "ana"), join(name, "bo")]
    assert api.end(name).status == 200
    for person in people:
        assert eventually(person.is_connected, lambda connected: not connected) is False


def test_end_is_idempotent_for_a_room_that_no_longer_exists(api: Api, name: str) -> None:
    api.create({"name": name})
    for _ in range(3):
        answer = api.end(name)
        assert (answer.status, answer.json) == (200, {"ended": True})


def test_end_succeeds_for_a_room_that_never_was(api: Api, name: str) -> None:
    assert (api.end(name).status, api.end(name).json) == (200, {"ended": True})


def test_a_room_created_after_its_end_is_another_one(api: Api, name: str) -> None:
    old = api.create({"name": name, "metadata": "old"}).json
    api.end(name)
    new = api.create({"name": name, "metadata": "new"}).json
    assert new["sid"] != old["sid"]
    assert api.inspect(name).json["metadata"] == "new"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("wrong", ["a%20b", "a%2Fb", "%C3%BC", "..%2F..", "%252e", "%00", "%FF", "x" * 129])
def test_a_room_name_that_fails_validation_in_the_path_is_422(api: Api, method: str, wrong: str) -> None:
    assert api.call(method, f"/rooms/{wrong}").failed_validation
