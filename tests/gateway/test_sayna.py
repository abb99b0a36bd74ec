"""The second document: a room under its name on the server, for those it belongs to."""

import json
import time
from typing import Any

import jwt
import pytest

from relay_provider.errors import Unavailable
from tests.gateway.asgi import OTHER_KEY, Answer, App

pytestmark = pytest.mark.unit

SECRET = "a secret long enough for every algorithm that these tests sign tokens with"


@pytest.fixture
def closed() -> App:
    return App(jwt_secret=SECRET)


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


def get(app: App, name: str, bearer: str | None = None) -> Answer:
    return app.call("GET", f"/livekit/rooms/{name}", key=bearer)


def test_a_room_is_shown_as_the_document_has_it(app: App) -> None:
    sid = app.create("room", maxParticipants=10, metadata="hello")["sid"]
    app.join("room", "user-alice-456", name="Alice", tracks=1, metadata='{"role": "host"}', attributes={"a": "b"})
    answer = get(app, "p_mine__room").json
    (alice,) = answer.pop("participants")
    created = answer.pop("creation_time")
    assert answer == {
        "active_recording": False,
        "max_participants": 10,
        "metadata": "hello",
        "name": "p_mine__room",
        "num_participants": 1,
        "sid": sid,
    }
    assert alice.pop("sid").startswith("PA_")
    assert alice.pop("joined_at") == created
    assert alice == {
        "attributes": {"a": "b"},
        "identity": "user-alice-456",
        "is_publisher": True,
        "kind": "STANDARD",
        "metadata": '{"role": "host"}',
        "name": "Alice",
        "state": "ACTIVE",
    }


@pytest.mark.parametrize("metadata", ["", "plain", "[1]", "{", '{ "b": 1,"a":2}', '{"a": NaN}', '{"a": "\\ud800"}'])
def test_participant_metadata_is_the_string_that_livekit_has(app: App, metadata: str) -> None:
    app.join("room", "ana", metadata=metadata)
    assert get(app, "p_mine__room").json["participants"][0]["metadata"] == metadata


@pytest.mark.parametrize("name", ["room", "mine__room", "p_mine__", "p_theirs__room", "p_mine__room%2F", "%ff", "%00"])
def test_names_are_used_exactly_as_provided(app: App, name: str) -> None:
    app.create("room")
    answer = get(app, name)
    assert (answer.status, answer.json) == (404, {"error": "Room not found"})


def test_the_projects_key_is_no_token_for_it(closed: App) -> None:
    assert closed.call("GET", "/livekit/rooms/p_mine__room").status == 401


def test_an_owner_sees_the_room(closed: App) -> None:
    closed.create("room", metadata=json.dumps({"auth_id": "tenant-123"}))
    assert get(closed, "p_mine__room", token(sub="tenant-123")).json["name"] == "p_mine__room"


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "text",
        "{}",
        "[]",
        '{"auth_id": "other"}',
        '{"auth_id": 1}',
        '{"auth_id": null}',
        '{"auth_id": "T"}',
        "[" * 4096,
    ],
)
def test_a_room_of_somebody_else_looks_exactly_like_none(closed: App, metadata: str) -> None:
    closed.create("room", metadata=metadata, key=OTHER_KEY)
    denied = get(closed, "p_theirs__room", token(sub="t"))
    missing = get(closed, "p_theirs__nothing", token(sub="t"))
    assert denied == missing
    assert denied.status == 404


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "  "}])
def test_a_token_that_names_nobody_counts_as_unauthenticated_and_may_look(closed: App, claims: dict[str, str]) -> None:
    closed.create("room", metadata='{"auth_id": "somebody"}')
    assert get(closed, "p_mine__room", token(**claims)).status == 200


@pytest.mark.parametrize(
    "bearer",
    [
        None,
        "",
        "nonsense",
        "a.b.c",
        token(sub="t", exp=int(time.time()) - 3600),
        token(sub="t", nbf=int(time.time()) + 3600),
        token(sub="t", secret=SECRET[::-1]),
        token(sub="t", algorithm="HS512"),
        token(sub="t", secret="", algorithm="none"),
        token(sub="t") + "x",
        token(sub="t").rpartition(".")[0] + ".",
        token(sub=["t"]),
        "ü",
    ],
)
def test_a_wrong_token_is_unauthorized_whether_the_room_exists_or_not(closed: App, bearer: str | None) -> None:
    closed.create("room", metadata='{"auth_id": "t"}')
    for name in ("p_mine__room", "p_mine__nothing"):
        answer = get(closed, name, bearer)
        assert (answer.status, set(answer.json)) == (401, {"error"})


def test_an_audience_in_the_token_is_not_ours_to_judge(closed: App) -> None:
    closed.create("room", metadata='{"auth_id": "t"}')
    assert get(closed, "p_mine__room", token(sub="t", aud="sayna", exp=int(time.time()) + 3600)).status == 200


def test_a_failure_of_the_server_is_500(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(name: str) -> None:
        raise Unavailable("LiveKit at http://10.1.2.3 does not answer.")

    monkeypatch.setattr(app.engine, "find", fail)
    answer = get(app, "p_mine__room")
    assert (answer.status, answer.json) == (500, {"error": "The realtime service returned an error"})
    assert b"10.1.2.3" not in answer.body
