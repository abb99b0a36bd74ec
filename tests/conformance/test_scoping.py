"""The document's introduction and "Authentication & scoping"."""

import pytest

from tests.conformance.target import Api, Join, Target

pytestmark = pytest.mark.conformance

OPERATIONS = [
    ("POST", "/rooms", b'{"name": "never-made"}'),
    ("GET", "/rooms", None),
    ("GET", "/rooms/never-made", None),
    ("DELETE", "/rooms/never-made", None),
    ("DELETE", "/rooms/never-made/participants/nobody", None),
]
WRONG_KEYS = {
    "missing": {},
    "empty": {"Authorization": "Bearer "},
    "no scheme": {"Authorization": "sk_live_wrong"},
    "another scheme": {"Authorization": "Basic c2tfbGl2ZTo="},
    "invalid": {"Authorization": "Bearer sk_live_wrong"},
}


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_all_endpoints_require_the_secret_key_as_a_bearer_token(
    target: Target, method: str, path: str, body: bytes | None, wrong: str
) -> None:
    answer = Api(target.url, None).call(method, path, body, {**WRONG_KEYS[wrong], "Content-Type": "application/json"})
    assert (answer.status, answer.error) == (401, "unauthorized")


@pytest.mark.parametrize("suffix", ["x", " x"])
def test_a_key_is_accepted_whole_only(target: Target, suffix: str) -> None:
    for key in (target.key + suffix, target.key[:-1]):
        answer = Api(target.url, key).list()
        assert (answer.status, answer.error) == (401, "unauthorized")


def test_every_response_returns_the_display_name_with_the_prefix_stripped(api: Api, name: str) -> None:
    assert api.create({"name": name}).json["room"] == name
    assert api.inspect(name).json["room"] == name
    assert api.listed(name) is not None


def test_a_name_that_looks_prefixed_is_returned_as_it_was_sent(api: Api, name: str) -> None:
    looks_prefixed = f"p_somebody__{name}"
    try:
        assert api.create({"name": looks_prefixed}).json["room"] == looks_prefixed
        assert api.inspect(looks_prefixed).json["room"] == looks_prefixed
        assert api.inspect(name).status == 404
    finally:
        api.end(looks_prefixed)


def test_listing_only_returns_rooms_in_your_own_project(api: Api, other_api: Api, name: str) -> None:
    api.create({"name": name})
    assert api.listed(name) is not None
    assert other_api.listed(name) is None


def test_there_is_no_way_to_see_another_projects_room(api: Api, other_api: Api, name: str) -> None:
    api.create({"name": name})
    answer = other_api.inspect(name)
    assert (answer.status, answer.error) == (404, "not_found")


def test_there_is_no_way_to_end_another_projects_room(api: Api, other_api: Api, name: str) -> None:
    sid = api.create({"name": name}).json["sid"]
    assert other_api.end(name).status == 200
    assert api.inspect(name).json["sid"] == sid


def test_there_is_no_way_to_remove_another_projects_participant(
    api: Api, other_api: Api, name: str, join: Join
) -> None:
    person = join(name, "ana")
    answer = other_api.remove(name, "ana")
    assert (answer.status, answer.error) == (404, "not_found")
    assert person.is_connected()
    assert api.identities(name) == ["ana"]


def test_two_projects_may_have_rooms_of_one_name(api: Api, other_api: Api, name: str) -> None:
    mine = api.create({"name": name, "metadata": "mine"}).json
    theirs = other_api.create({"name": name, "metadata": "theirs"}).json
    assert mine["sid"] != theirs["sid"]
    assert api.inspect(name).json["metadata"] == "mine"
    assert other_api.inspect(name).json["metadata"] == "theirs"
