"""The document's "Errors": what each type looks like, wherever it comes from.

The 502 needs a realtime service that fails: tests/livekit/test_gateway.py.
"""

import pytest

from tests.conformance.target import Api, Target

pytestmark = pytest.mark.conformance


def test_a_missing_key_is_401_unauthorized(target: Target) -> None:
    answer = Api(target.url, None).list()
    assert (answer.status, answer.error) == (401, "unauthorized")


@pytest.mark.parametrize("body", [b"", b"{", b"name=room", b'{"name": "\xff"}', b'{"name": "a", "emptyTimeout": NaN}'])
def test_a_body_that_is_no_json_is_422(api: Api, body: bytes) -> None:
    assert api.call("POST", "/rooms", body).failed_validation


@pytest.mark.parametrize("body", [b"[]", b"null", b'"room"', b"5"])
def test_a_body_that_is_no_object_is_422(api: Api, body: bytes) -> None:
    assert api.call("POST", "/rooms", body).failed_validation


def test_a_wrong_room_name_is_422(api: Api) -> None:
    assert api.call("GET", "/rooms/a%20b").failed_validation


def test_a_room_that_does_not_exist_is_404_on_inspect(api: Api, name: str) -> None:
    answer = api.inspect(name)
    assert (answer.status, answer.error) == (404, "not_found")


def test_a_participant_that_does_not_exist_is_404_on_remove(api: Api, name: str) -> None:
    answer = api.remove(name, "nobody")
    assert (answer.status, answer.error) == (404, "not_found")
