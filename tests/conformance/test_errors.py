"""The document's "Errors"."""

import pytest

from tests.conformance.target import Api, Target

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("body", [b"", b"{", b"name=room", b'{"name": "\xff"}', b'{"name": "a", "emptyTimeout": NaN}'])
def test_a_body_that_is_no_json_is_422_invalid_request(api: Api, body: bytes) -> None:
    answer = api.call("POST", "/rooms", body)
    assert (answer.status, answer.error) == (422, "invalid_request")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"room"', b"5"])
def test_a_body_that_is_no_object_is_422(api: Api, body: bytes) -> None:
    answer = api.call("POST", "/rooms", body)
    assert answer.status == 422
    assert answer.error in ("validation_error", "invalid_request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_content_type_is_422_invalid_request(target: Target, api: Api, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": content_type}
    answer = api.call("POST", "/rooms", b'{"name": "never-made"}', headers)
    assert (answer.status, answer.error) == (422, "invalid_request")


def test_a_body_over_64_kib_is_422_invalid_request(api: Api, name: str) -> None:
    body = b'{"name": "%s"}' % name.encode()
    answer = api.call("POST", "/rooms", body.ljust(64 * 1024 + 1))
    assert (answer.status, answer.error) == (422, "invalid_request")
    assert api.inspect(name).status == 404


def test_the_key_is_judged_before_the_request(target: Target) -> None:
    stranger = Api(target.url, "sk_live_wrong")
    for method, path, body in (("POST", "/rooms", b"{"), ("GET", "/rooms/%FF", None), ("DELETE", "/rooms/a%2Fb", None)):
        answer = stranger.call(method, path, body)
        assert (answer.status, answer.error) == (401, "unauthorized")


def test_an_unknown_path_has_the_documented_error_body(api: Api) -> None:
    answer = api.call("GET", "/nowhere")
    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/rooms"), ("DELETE", "/rooms"), ("PATCH", "/rooms/a")])
def test_an_unknown_method_has_the_documented_error_body(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)
    assert answer.status == 405
    assert answer.error
