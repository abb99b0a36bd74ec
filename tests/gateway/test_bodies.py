"""Bodies of "Create a room" that are wrong, or unusual."""

import json

import pytest

from tests.gateway.asgi import App

pytestmark = pytest.mark.unit

JSON = [(b"content-type", b"application/json")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"name=room",
        b'{"name": "a",}',
        b"{'name': 'a'}",
        b'{"name": "a", "maxParticipants": NaN}',
        b'{"name": "a", "maxParticipants": Infinity}',
        b'{"name": "\xff"}',
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "a"}'.encode("utf-16"),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"name": "a", "maxParticipants": ' + b"9" * 5000 + b"}",
        b'{"name": "a"} {}',
    ],
)
def test_a_body_that_is_no_json_is_an_invalid_request(app: App, content: bytes) -> None:
    answer = app.call("POST", "/v1/rooms", headers=JSON, content=[content])
    assert (answer.status, answer.error) == (422, "invalid_request")


@pytest.mark.parametrize("content", [b"null", b"[]", b'"room"', b"1", b"true"])
def test_a_json_body_that_is_no_object_is_a_validation_error(app: App, content: bytes) -> None:
    answer = app.call("POST", "/v1/rooms", headers=JSON, content=[content])
    assert (answer.status, answer.error) == (422, "validation_error")


@pytest.mark.parametrize(
    "content_type", [b"", b"text/plain", b"application/x-www-form-urlencoded", b"application/jsonx", b"\xff"]
)
def test_another_content_type_is_an_invalid_request(app: App, content_type: bytes) -> None:
    headers = [(b"content-type", content_type)]
    answer = app.call("POST", "/v1/rooms", headers=headers, content=[b'{"name": "a"}'])
    assert (answer.status, answer.error) == (422, "invalid_request")


def test_no_content_type_is_an_invalid_request(app: App) -> None:
    answer = app.call("POST", "/v1/rooms", headers=[], content=[b'{"name": "a"}'])
    assert (answer.status, answer.error) == (422, "invalid_request")


@pytest.mark.parametrize(
    "content_type", [b"application/json; charset=utf-8", b"Application/JSON", b"application/json;"]
)
def test_spellings_of_the_json_content_type_are_equal(app: App, content_type: bytes) -> None:
    headers = [(b"content-type", content_type)]
    assert app.call("POST", "/v1/rooms", headers=headers, content=[b'{"name": "a"}']).status == 201


def test_a_body_of_64_kib_is_read(app: App) -> None:
    body = b'{"name": "a"}'.ljust(64 * 1024)
    assert app.call("POST", "/v1/rooms", headers=JSON, content=[body]).status == 201


def test_a_body_over_64_kib_is_an_invalid_request_however_it_is_sent(app: App) -> None:
    body = b'{"name": "a"}'.ljust(64 * 1024 + 1)
    for chunks in ([body], [body[:40_000], body[40_000:]]):
        answer = app.call("POST", "/v1/rooms", headers=JSON, content=chunks)
        assert (answer.status, answer.error) == (422, "invalid_request")
    assert app.names() == []


def test_the_longest_metadata_fits_in_any_spelling(app: App) -> None:
    metadata = "😀" * 4096
    body = json.dumps({"name": "a", "metadata": metadata}, ensure_ascii=True).encode()
    assert app.call("POST", "/v1/rooms", headers=JSON, content=[body]).json["metadata"] == metadata


@pytest.mark.parametrize("field", ["name", "maxParticipants", "emptyTimeout", "metadata"])
@pytest.mark.parametrize("value", [None, True, [], {}, -1, 0, 1.5, 1e308, "\ud800", "a b", "5", "x" * 5000, "a\n"])
def test_a_wrong_value_is_named_by_its_field(app: App, field: str, value: object) -> None:
    if field == "metadata" and isinstance(value, str) and value not in ("\ud800", "x" * 5000):
        return  # metadata is any string
    if field == "name" and value == "5":
        return
    answer = app.call("POST", "/v1/rooms", {"name": "room", field: value})
    assert (answer.status, answer.error) == (422, "validation_error")
    assert field in answer.json["error"]["message"]
    assert app.names() == []


def test_every_wrong_field_is_named_at_once(app: App) -> None:
    answer = app.call("POST", "/v1/rooms", {"maxParticipants": 0, "emptyTimeout": "x", "metadata": 1})
    message = answer.json["error"]["message"]
    assert all(field in message for field in ("name", "maxParticipants", "emptyTimeout", "metadata"))


def test_whole_numbers_may_be_written_with_a_fraction_of_zero(app: App) -> None:
    answer = app.call("POST", "/v1/rooms", headers=JSON, content=[b'{"name": "a", "maxParticipants": 5e1}'])
    assert answer.json["maxParticipants"] == 50
    assert b'"maxParticipants":50,' in answer.body


def test_fields_that_the_document_lacks_are_ignored(app: App) -> None:
    assert app.create("room", colour="red")["room"] == "room"


def test_metadata_with_any_unicode_comes_back_as_it_was(app: App) -> None:
    metadata = '{"a": "ü\\u0000"}\x00\x01\u2028 🎥'
    assert app.create("room", metadata=metadata)["metadata"] == metadata
    assert app.call("GET", "/v1/rooms/room").json["metadata"] == metadata


def test_a_client_that_leaves_in_the_middle_of_its_body_is_not_answered(app: App) -> None:
    import asyncio

    answers: list[object] = []
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def send(message: object) -> None:
        answers.append(message)

    headers = [(b"authorization", b"Bearer sk_live_mine"), *JSON]
    scope = {"type": "http", "method": "POST", "path": "/v1/rooms", "raw_path": b"/v1/rooms", "headers": headers}
    asyncio.run(app.asgi({**scope, "query_string": b""}, receive, send))  # type: ignore[arg-type]
    assert answers == []
