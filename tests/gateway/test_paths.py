"""Paths as hostile clients send them."""

import pytest

from tests.gateway.asgi import App

pytestmark = pytest.mark.unit

HOSTILE_NAMES = [
    "",
    "..%2f",
    "..%2F..%2Fetc%2Fpasswd",
    "%252e%252e",
    "a%2Fb",
    "a%00b",
    "%00",
    "%ff",
    "%c0%ae%c0%ae",
    "%ED%A0%80",
    "%zz",
    "%",
    "%2",
    "a%20b",
    "a+b",
    "a%0A",
    "%C3%BC",
    "a;b",
    "x" * 129,
    "p_theirs__secret%2F",
]


NO_ROUTES = [
    "",
    "/",
    "//",
    "/v1/",
    "/v1//rooms",
    "//v1/rooms",
    "/v1/rooms/a/b",
    "/v1/rooms/a/participants",
    "/v1/rooms/a/participants/b/c",
    "/v1/rooms/../rooms",
    "/V1/rooms",
    "/v2/rooms",
    "/nowhere",
    "*",
    "/%00",
    "/livekit/rooms",
    "/livekit/rooms/a/b",
    "/openapi.json/",
    "/dev",
    "/dev/rooms",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_wrong_room_name_in_the_path_is_a_validation_error(app: App, method: str, name: str) -> None:
    answer = app.call(method, f"/v1/rooms/{name}")
    assert (answer.status, answer.error) == (422, "validation_error")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_wrong_room_name_before_an_identity_is_a_validation_error(app: App, name: str) -> None:
    answer = app.call("DELETE", f"/v1/rooms/{name}/participants/ana")
    assert (answer.status, answer.error) == (422, "validation_error")


@pytest.mark.parametrize("identity", ["", "%00", "%ff", "%zz", "a%00b", "%ED%A0%80"])
def test_an_identity_that_is_no_text_is_a_validation_error(app: App, identity: str) -> None:
    app.create("room")
    answer = app.call("DELETE", f"/v1/rooms/room/participants/{identity}")
    assert (answer.status, answer.error) == (422, "validation_error")


@pytest.mark.parametrize("path", NO_ROUTES)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_a_path_that_is_no_route_is_not_found(app: App, method: str, path: str) -> None:
    answer = app.call(method, path)
    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/rooms", "GET, POST"),
        ("DELETE", "/v1/rooms", "GET, POST"),
        ("POST", "/v1/rooms/a", "GET, DELETE"),
        ("PATCH", "/v1/rooms/a", "GET, DELETE"),
        ("GET", "/v1/rooms/a/participants/b", "DELETE"),
        ("POST", "/openapi.json", "GET"),
        ("GET", "/dev/rooms/a/participants", "POST"),
        ("GET", "/dev/rooms/a/participants/b", "DELETE"),
        ("BREW", "/v1/rooms", "GET, POST"),
    ],
)
def test_a_method_that_a_route_lacks_is_refused_with_those_it_has(app: App, method: str, path: str, allow: str) -> None:
    answer = app.call(method, path)
    assert (answer.status, answer.error, answer.headers["allow"]) == (405, "invalid_request", allow)


def test_the_second_documents_route_refuses_a_method_in_its_own_way(app: App) -> None:
    answer = app.call("POST", "/livekit/rooms/a")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert answer.json == {"error": "This path takes GET only"}


@pytest.mark.parametrize("name", [".", "..", "...", "a:b", "-_.:", "p_mine__x", "x" * 128])
def test_every_documented_name_works_percent_encoded(app: App, name: str) -> None:
    app.create(name)
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    assert app.call("GET", f"/v1/rooms/{encoded}").json["room"] == name
    assert app.call("DELETE", f"/v1/rooms/{encoded}").status == 200
    assert app.names() == []


@pytest.mark.parametrize(
    ("identity", "encoded"),
    [
        ("team/ana ü?#", "team%2Fana%20%C3%BC%3F%23"),
        ("100%", "100%25"),
        ("a%2Fb", "a%252Fb"),
        ("a+b", "a+b"),
        ("..", "%2E%2E"),
        ("🎥", "%F0%9F%8E%A5"),
        ("x" * 300, "x" * 300),
    ],
)
def test_any_identity_is_one_percent_encoded_segment(app: App, identity: str, encoded: str) -> None:
    app.join("room", identity)
    app.join("room", "somebody else")
    assert app.call("DELETE", f"/v1/rooms/room/participants/{encoded}").json == {"removed": True}
    assert [p["identity"] for p in app.call("GET", "/v1/rooms/room").json["participants"]] == ["somebody else"]


def test_without_a_raw_path_the_decoded_one_is_used(app: App) -> None:
    """Some ASGI servers send no raw_path."""
    import asyncio

    answers = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        answers.append(message)

    headers = [(b"authorization", b"Bearer sk_live_mine")]
    scope = {"type": "http", "method": "GET", "path": "/v1/rooms", "headers": headers, "query_string": b""}
    asyncio.run(app.asgi(scope, receive, send))  # type: ignore[arg-type]
    assert answers[0]["status"] == 200
