"""The document's "Remove a participant"."""

import pytest

from tests.conformance.target import Api, Join, eventually

pytestmark = pytest.mark.conformance


def test_remove_answers_200_removed_true_and_disconnects_them(api: Api, name: str, join: Join) -> None:
    person = join(name, "user-123")
    answer = api.remove(name, "user-123")
    assert (answer.status, answer.json) == (200, {"removed": True})
    assert eventually(person.is_connected, lambda connected: not connected) is False


def test_remove_disconnects_a_single_participant(api: Api, name: str, join: Join) -> None:
    join(name, "ana")
    other = join(name, "bo")
    assert api.remove(name, "ana").status == 200
    assert eventually(lambda: api.identities(name), lambda found: found == ["bo"]) == ["bo"]
    assert other.is_connected()


def test_the_room_outlives_a_removed_participant(api: Api, name: str, join: Join) -> None:
    sid = api.create({"name": name, "emptyTimeout": 600}).json["sid"]
    join(name, "ana")
    api.remove(name, "ana")
    assert api.inspect(name).json["sid"] == sid


def test_remove_responds_404_not_found_if_the_participant_is_not_in_the_room(api: Api, name: str) -> None:
    api.create({"name": name})
    answer = api.remove(name, "nobody")
    assert (answer.status, answer.error) == (404, "not_found")


def test_remove_responds_404_not_found_if_the_room_does_not_exist(api: Api, name: str) -> None:
    answer = api.remove(name, "nobody")
    assert (answer.status, answer.error) == (404, "not_found")


def test_a_participant_removed_already_is_not_found(api: Api, name: str, join: Join) -> None:
    join(name, "ana")
    join(name, "bo")
    assert api.remove(name, "ana").status == 200
    assert eventually(lambda: api.remove(name, "ana").status, lambda status: status == 404) == 404


@pytest.mark.parametrize("identity", ["team/ana ü?#", "100%", "a%2Fb", "a+b", "ana@example.org", "🎥", "x:y;z,&="])
def test_an_identity_is_one_percent_encoded_segment(api: Api, name: str, join: Join, identity: str) -> None:
    join(name, identity)
    assert api.identities(name) == [identity]
    assert api.remove(name, identity).json == {"removed": True}


@pytest.mark.parametrize("wrong", ["a%20b", "a%2Fb", "%00", "%FF", "x" * 129])
def test_a_room_name_that_fails_validation_is_422(api: Api, wrong: str) -> None:
    assert api.call("DELETE", f"/rooms/{wrong}/participants/ana").failed_validation
