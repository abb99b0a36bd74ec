"""Failures of the engine, and requests made of noise: always an answer, never a crash."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay_provider.errors import Unauthorized, Unavailable
from tests.gateway.asgi import App

pytestmark = pytest.mark.unit

methods = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"])
segments = st.one_of(
    st.sampled_from(
        [b"v1", b"rooms", b"participants", b"livekit", b"dev", b"..", b"", b"room", b"%", b"%2f", b"p_mine__a"]
    ),
    st.binary(max_size=12).map(lambda raw: raw.replace(b"/", b"")),
    st.text(max_size=8).map(lambda text: "".join(f"%{b:02x}" for b in text.encode("utf-8", "surrogatepass")).encode()),
)
raw_paths = st.one_of(
    st.binary(max_size=40),
    st.lists(segments, max_size=6).map(lambda parts: b"/" + b"/".join(parts)),
    segments.map(lambda name: b"/v1/rooms/" + name),
    segments.map(lambda name: b"/v1/rooms/room/participants/" + name),
    segments.map(lambda name: b"/livekit/rooms/" + name),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = values | st.fixed_dictionaries(
    {"name": values | st.just("room")},
    optional={"maxParticipants": values, "emptyTimeout": values, "metadata": values, "identity": values},
)
known = frozenset({200, 201, 401, 404, 405, 409, 422})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(methods, raw_paths)
def test_any_path_gets_a_documented_answer(app: App, method: str, path: bytes) -> None:
    answer = app.call(method, path)
    assert answer.status in known
    if path.startswith(b"/livekit/rooms/") and path.count(b"/") == 3:  # the second document's
        assert answer.status < 400 or isinstance(answer.json["error"], str)
    else:
        assert answer.status < 400 or answer.error


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, st.sampled_from(["/v1/rooms", "/dev/rooms/room/participants"]))
def test_any_json_body_gets_a_documented_answer(app: App, body: object, path: str) -> None:
    answer = app.call("POST", path, body)
    assert answer.status in known
    assert answer.status < 400 or answer.error


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.binary(max_size=60), max_size=3),
    st.lists(st.tuples(st.just(b"authorization"), st.binary(max_size=30)), max_size=2),
)
def test_any_bytes_get_a_documented_answer(app: App, content: list[bytes], headers: list[tuple[bytes, bytes]]) -> None:
    for key in (None, "sk_live_mine"):
        answer = app.call(
            "POST", "/v1/rooms", key=key, headers=[(b"content-type", b"application/json"), *headers], content=content
        )
        assert answer.status in known
        assert answer.status < 400 or answer.error


@pytest.mark.parametrize(
    ("method", "path", "body", "operation"),
    [
        ("GET", "/v1/rooms", None, "list"),
        ("POST", "/v1/rooms", {"name": "room"}, "create"),
        ("GET", "/v1/rooms/room", None, "get"),
        ("DELETE", "/v1/rooms/room", None, "delete"),
        ("DELETE", "/v1/rooms/room/participants/ana", None, "remove_participant"),
    ],
)
@pytest.mark.parametrize("kind", [Unavailable, Unauthorized])
def test_a_failure_of_the_realtime_service_is_502_and_tells_nothing_of_it(
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    body: object,
    operation: str,
    kind: type[Exception],
) -> None:
    async def fail(*_: object) -> None:
        raise kind("LiveKit at http://10.1.2.3 refused Bearer abc.")

    monkeypatch.setattr(app.engine.project("mine"), operation, fail)
    answer = app.call(method, path, body)
    assert (answer.status, answer.error) == (502, "livekit_error")
    assert b"10.1.2.3" not in answer.body
    assert "10.1.2.3" in caplog.text
    assert "abc" not in caplog.text


def test_a_defect_is_answered_with_an_error_body_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app.engine.project("mine"), "list", fail)
    answer = app.call("GET", "/v1/rooms")
    assert (answer.status, answer.error) == (500, "internal_error")
