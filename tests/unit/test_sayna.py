"""The Sayna client against every kind of answer: what it becomes, and that nothing is concluded from a 404."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from relay_provider.backends import retry
from relay_provider.backends.sayna import Sayna
from relay_provider.config import load
from relay_provider.errors import (
    ConfigError,
    NotFound,
    Rejected,
    RelayError,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from relay_provider.sayna import SaynaRoom
from tests.unit.answers import Answer, Request, answer, stand_in

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0In0.c2lnbmF0dXJl"
ALICE: dict[str, Any] = {
    "attributes": {},
    "identity": "user-alice-456",
    "is_publisher": True,
    "joined_at": 1703123456,
    "kind": "STANDARD",
    "metadata": {"role": "host"},
    "name": "Alice Smith",
    "sid": "PA_abc123",
    "state": "ACTIVE",
}
ROOM: dict[str, Any] = {
    "active_recording": False,
    "creation_time": 1703123456,
    "max_participants": 10,
    "metadata": "",
    "name": "conversation-room-123",
    "num_participants": 2,
    "participants": [ALICE],
    "sid": "RM_xyz789",
}

Ask = Callable[..., Any]


class Server:
    """Always the same answer; remembers what it was asked."""

    def __init__(self, status: int = 200, body: Any = ROOM, **headers: str) -> None:
        self.answer = answer(status, body, headers)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answer


async def get(server: Server, name: str = "conversation-room-123", **config: Any) -> SaynaRoom:
    settings = load({"saynaUrl": "https://sayna.example", "saynaToken": TOKEN, "maxRetries": 2, **config}, {})
    client = Sayna(settings)
    stand_in(client._http, server)
    try:
        return await client.get(name)
    finally:
        await client.aclose()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None:
        return

    monkeypatch.setattr(retry.RetryPolicy.__init__, "__defaults__", (sleep,))


async def test_the_documents_example_is_understood_whole() -> None:
    assert (await get(Server())).model_dump() == ROOM


async def test_the_request_is_the_documents() -> None:
    server = Server()
    await get(server)
    (request,) = server.requests
    assert (request.method, request.url) == ("GET", "https://sayna.example/livekit/rooms/conversation-room-123")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_without_a_token_none_is_sent() -> None:
    server = Server()
    await get(server, saynaToken="")
    assert "Authorization" not in server.requests[0].headers


async def test_a_name_is_one_percent_encoded_segment_and_nothing_else_is_done_to_it() -> None:
    name = "p_acme__team/ana ü?#%2F"
    server = Server(body={**ROOM, "name": name})
    assert (await get(server, name)).name == name
    assert server.requests[0].path == "/livekit/rooms/p_acme__team%2Fana%20%C3%BC%3F%23%252F"


@pytest.mark.parametrize("metadata", ["", "hello", '{"role": "host"}', {}, {"role": {"of": ["host", 1, None]}}])
async def test_participant_metadata_is_understood_as_string_or_object(metadata: Any) -> None:
    room = await get(Server(body={**ROOM, "participants": [{**ALICE, "metadata": metadata}]}))
    assert room.participants[0].metadata == metadata


@pytest.mark.parametrize(("kind", "state"), [("UNKNOWN", "UNKNOWN"), ("AGENT", "JOINING"), ("new", "new")])
async def test_kinds_and_states_are_taken_as_they_come(kind: str, state: str) -> None:
    room = await get(Server(body={**ROOM, "participants": [{**ALICE, "kind": kind, "state": state}]}))
    assert (room.participants[0].kind, room.participants[0].state) == (kind, state)


async def test_fields_that_the_document_does_not_know_are_ignored() -> None:
    body = {**ROOM, "new": 1, "participants": [{**ALICE, "permission": {}}]}
    assert (await get(Server(body=body))).model_dump() == ROOM


@pytest.mark.parametrize("body", [b"", b"Not found", {"error": "Room not found"}, {"error": {"type": "not_found"}}])
async def test_a_404_says_not_there_or_not_yours_whatever_its_body(body: Any) -> None:
    server = Server(404, body)
    with pytest.raises(NotFound, match="not there, or not yours: Sayna answers the same for both") as caught:
        await get(server)
    assert "/livekit/rooms/conversation-room-123" in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_named_by_its_setting_and_not_shown(status: int) -> None:
    server = Server(status, {"error": f"bad token {TOKEN}"})
    with pytest.raises(Unauthorized, match=r"set saynaToken \(SAYNA_TOKEN\)") as caught:
        await get(server)
    assert TOKEN not in str(caught.value)
    assert len(server.requests) == 1


async def test_a_missing_token_is_said_to_be_missing() -> None:
    with pytest.raises(Unauthorized, match=r"this Sayna wants a token; set saynaToken \(SAYNA_TOKEN\)"):
        await get(Server(401, {}), saynaToken="")


async def test_500_is_livekit_behind_sayna() -> None:
    with pytest.raises(Unavailable, match=r"LiveKit is not configured there, or did not answer it"):
        await get(Server(500, {"error": "Failed"}))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    server = Server(status, b"")
    with pytest.raises(RelayError, match=str(status)):
        await get(server)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"null",
        {},
        {**ROOM, "sid": None},
        {**ROOM, "num_participants": "2"},
        {**ROOM, "num_participants": -1},
        {**ROOM, "active_recording": "no"},
        {**ROOM, "participants": {}},
        {**ROOM, "participants": [{}]},
        {**ROOM, "participants": [{**ALICE, "metadata": 5}]},
        {**ROOM, "participants": [{**ALICE, "attributes": {"a": 1}}]},
        {**ROOM, "name": "another-room"},
        b'{"participants": ' + b"[" * 100_000,
    ],
)
async def test_an_answer_that_is_not_the_documents_is_an_error_that_names_the_request(body: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match=r"GET https://sayna\.example/livekit/rooms/conversation-room-123 "):
        await get(Server(body=body))


async def test_a_redirect_is_not_followed() -> None:
    server = Server(302, b"", Location="https://elsewhere.example/")
    with pytest.raises(UnexpectedAnswer, match="redirected"):
        await get(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_a_name_that_no_address_can_hold_is_refused(name: str) -> None:
    server = Server()
    with pytest.raises(Rejected):
        await get(server, name)
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "why"), [("", "SAYNA_URL"), ("http://sayna.example", "plain http"), ("ftp://sayna.example", "SAYNA_URL")]
)
async def test_an_address_that_cannot_be_used_is_named(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        await get(Server(), saynaUrl=url)
