"""The Relay backend against every kind of answer: what it becomes, what is tried again, and what is never shown."""

from __future__ import annotations

import json
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from relay_provider.backends import retry
from relay_provider.backends.answers import Broken, Lost
from relay_provider.backends.relay import RelayBackend
from relay_provider.config import load
from relay_provider.errors import (
    ConfigError,
    RateLimited,
    Rejected,
    RelayError,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from relay_provider.model import LiveRoom, RoomInputs
from tests.unit.answers import Answer, Request, answer, stand_in

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

KEY = "sk_live_0123456789abcdef"
ODD_KEY = "no-usual-prefix-0123456789"
BASE = "https://api.example/v1"
ROOM: dict[str, Any] = {
    "room": "standup",
    "sid": "RM_1",
    "numParticipants": 1,
    "maxParticipants": 50,
    "creationTime": 1718800000,
    "metadata": "",
}
ADA = {"identity": "user-123", "name": "Ada Lovelace", "state": 2, "joinedAt": 1718800050, "tracks": 2}
HTML = "<html><body>Not here</body></html>"

Reply = Answer | Exception


class Api:
    """Gives the replies one after the other, the last one for ever; remembers requests and waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *replies: Reply, key: str = KEY, **settings: object) -> None:
        self.replies = list(replies)
        self.requests: list[Request] = []
        self.waits: list[float] = []

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        monkeypatch.setattr(retry.RetryPolicy.__init__, "__defaults__", (sleep,))
        known = load({"apiKey": key, "baseUrl": BASE, **settings}, {})
        self.backend = RelayBackend(known)
        stand_in(self.backend._http, self.answer)

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Api]:
    return lambda *replies, **settings: Api(monkeypatch, *replies, **settings)


MakeApi = Callable[..., Api]
Operation = Callable[[RelayBackend], Awaitable[Any]]

OPERATIONS: dict[str, tuple[str, Operation]] = {
    "create": (f"POST {BASE}/rooms", lambda backend: backend.create(RoomInputs(name="standup"))),
    "list": (f"GET {BASE}/rooms", lambda backend: backend.list()),
    "get": (f"GET {BASE}/rooms/standup", lambda backend: backend.get("standup")),
    "delete": (f"DELETE {BASE}/rooms/standup", lambda backend: backend.delete("standup")),
    "remove": (
        f"DELETE {BASE}/rooms/standup/participants/user-123",
        lambda backend: backend.remove_participant("standup", "user-123"),
    ),
}


def said(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    body = {"error": {"type": kind, "code": kind, "message": message}}
    return answer(status, body, headers)


def ok(body: object, status: int = 200) -> Answer:
    return answer(status, json.dumps(body))


def page(status: int) -> Answer:
    return answer(status, HTML)


async def failure(api: Api, operation: str) -> RelayError:
    with pytest.raises(RelayError) as caught:
        await OPERATIONS[operation][1](api.backend)
    return caught.value


def everything(error: BaseException) -> str:
    """All that a person, a log or a crash report could get to see of it."""
    return "\n".join([str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)])


# -- The five operations as documented


async def test_create_sends_what_was_asked_and_reads_the_room(api: MakeApi) -> None:
    server = api(ok(ROOM, 201))
    room = RoomInputs(name="standup", max_participants=50, empty_timeout=600, metadata={"a": "ü"}, force_destroy=True)
    live = await server.backend.create(room)
    assert live == LiveRoom(
        name="standup", sid="RM_1", num_participants=1, max_participants=50, creation_time=1718800000, metadata=""
    )
    (request,) = server.requests
    assert json.loads(request.body) == {
        "name": "standup",
        "maxParticipants": 50,
        "emptyTimeout": 600,
        "metadata": '{"a":"ü"}',
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_create_leaves_out_what_is_absent(api: MakeApi) -> None:
    server = api(ok(ROOM, 201))
    await server.backend.create(RoomInputs(name="standup"))
    assert json.loads(server.requests[0].body) == {"name": "standup"}


async def test_list_is_sorted_by_name(api: MakeApi) -> None:
    server = api(ok({"rooms": [{**ROOM, "room": name} for name in "bca"]}))
    assert [room.name for room in await server.backend.list()] == ["a", "b", "c"]
    assert server.asked == ["GET /rooms"]


async def test_get_reads_the_participants(api: MakeApi) -> None:
    room = await api(ok({**ROOM, "participants": [ADA]})).backend.get("standup")
    assert room and [(one.identity, one.joined_at) for one in room.participants] == [("user-123", 1718800050)]


async def test_delete_ends_the_room(api: MakeApi) -> None:
    server = api(ok({"ended": True}))
    await server.backend.delete("standup")
    assert server.asked == ["DELETE /rooms/standup"]


@pytest.mark.parametrize("removed", [True, False])
async def test_remove_says_whether_somebody_was_removed(api: MakeApi, removed: bool) -> None:
    assert await api(ok({"removed": removed})).backend.remove_participant("standup", "ada") is removed


async def test_fields_that_the_document_does_not_have_are_ignored(api: MakeApi) -> None:
    assert await api(ok({"rooms": [{**ROOM, "region": "eu"}], "next": None})).backend.list()


async def test_a_documented_404_is_a_definite_answer(api: MakeApi) -> None:
    server = api(said(404, "not_found", "Room not found"))
    assert await server.backend.get("standup") is None
    assert await server.backend.remove_participant("standup", "ada") is False
    assert len(server.requests) == 2


async def test_a_404_to_a_delete_is_gone_only_when_the_list_lacks_the_room(api: MakeApi) -> None:
    missing = said(404, "not_found", "Room not found")
    await api(missing, ok({"rooms": []})).backend.delete("standup")
    with pytest.raises(UnexpectedAnswer, match="check baseUrl"):
        await api(missing, ok({"rooms": [ROOM | {"room": "standup"}]})).backend.delete("standup")
    with pytest.raises(UnexpectedAnswer, match="Check baseUrl"):
        await api(missing).backend.delete("standup")  # a wrong address knows no list either


# -- Answers that are errors

KINDS: list[tuple[Answer, type[RelayError], str, int]] = [
    (said(401, "unauthorized", "Bad key"), Unauthorized, "check apiKey (RELAY_API_KEY)", 1),
    (said(403, "forbidden", "Not yours"), Unauthorized, "check apiKey (RELAY_API_KEY)", 1),
    (page(404), UnexpectedAnswer, "check baseUrl (RELAY_BASE_URL)", 1),
    (ok({"error": "not_found"}, 404), UnexpectedAnswer, "check baseUrl (RELAY_BASE_URL)", 1),
    (ok({"error": {"type": 404}}, 404), UnexpectedAnswer, "check baseUrl (RELAY_BASE_URL)", 1),
    (said(400, "bad_request", "No"), Rejected, "correct the values it names", 1),
    (said(405, "method_not_allowed", "No"), UnexpectedAnswer, "check baseUrl (RELAY_BASE_URL)", 1),
    (said(422, "validation_error", "name is bad"), Rejected, "correct the values it names", 1),
    (said(429, "rate_limited", "Slow down"), RateLimited, "wait a while, or run fewer at once", 5),
    (said(500, "internal", "Oops"), Unavailable, "500 Internal Server Error: Oops", 1),
    (page(501), Unavailable, "501 Not Implemented", 1),
    (said(502, "livekit_error", "Upstream"), Unavailable, "502 Bad Gateway: Upstream); try again later", 5),
    (page(503), Unavailable, "503 Service Unavailable); try again later", 5),
    (page(504), Unavailable, "504 Gateway Timeout); try again later", 5),
    (page(599), Unavailable, "599 unknown status", 1),
    (page(304), UnexpectedAnswer, "check baseUrl (RELAY_BASE_URL)", 1),
    (
        answer(302, headers={"Location": "https://elsewhere.example/v1/rooms"}),
        UnexpectedAnswer,
        "set baseUrl (RELAY_BASE_URL) to it",
        1,
    ),
    (answer(418), UnexpectedAnswer, "418 I'm a Teapot", 1),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("reply", "kind", "way", "times"), KINDS, ids=[f"{k[0].status}-{n}" for n, k in enumerate(KINDS)]
)
async def test_an_error_names_the_request_and_the_way_out_and_is_retried_only_if_it_may_pass(
    api: MakeApi, operation: str, reply: Answer, kind: type[RelayError], way: str, times: int
) -> None:
    server = api(reply)
    error = await failure(server, operation)
    assert type(error) is kind
    assert OPERATIONS[operation][0] in str(error)
    assert way in str(error)
    assert len(server.requests) == times


@pytest.mark.parametrize("operation", ["create", "list"])
async def test_a_404_where_nothing_was_named_is_about_the_address(api: MakeApi, operation: str) -> None:
    error = await failure(api(said(404, "not_found", "Route not found")), operation)
    assert type(error) is UnexpectedAnswer
    assert str(error) == f"{OPERATIONS[operation][0]} found nothing: Route not found. Check baseUrl (RELAY_BASE_URL)."


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_failure_that_passes_is_not_seen(api: MakeApi, status: int) -> None:
    server = api(page(status), page(status), ok({"rooms": []}))
    assert await server.backend.list() == []
    assert len(server.waits) == 2


async def test_retry_after_is_obeyed(api: MakeApi) -> None:
    server = api(
        said(429, "rate_limited", "", {"Retry-After": "3"}),
        said(503, "busy", "", {"Retry-After": "600"}),
        ok({"rooms": []}),
    )
    await server.backend.list()
    assert server.waits == [3, retry.RETRY_AFTER_CAP]


async def test_no_retries_can_be_asked_for(api: MakeApi) -> None:
    server = api(page(503), maxRetries=0)
    await failure(server, "list")
    assert len(server.requests) == 1


async def test_redirects_are_not_followed_and_never_get_the_key(api: MakeApi) -> None:
    server = api(answer(307, headers={"Location": "https://elsewhere.example"}))
    assert "was redirected (307) to https://elsewhere.example;" in str(await failure(server, "list"))
    assert [request.url for request in server.requests] == [f"{BASE}/rooms"]


# -- Answers that are not what the document says

DETAIL = {**ROOM, "participants": [ADA]}
WRONG: list[tuple[str, object, str]] = [
    ("list", HTML, "no JSON"),
    ("list", "", "no JSON"),
    ("list", '{"rooms": [', "no JSON"),
    ("list", '{"rooms": [{"room": "\\ud800"}]}', "no JSON"),
    ("list", [ROOM], "Input should be an object"),
    ("list", {"rooms": None}, "rooms: "),
    ("list", {"items": []}, "rooms: Field required"),
    ("list", {"rooms": [ROOM, {**ROOM, "maxParticipants": "50"}]}, "rooms.1.maxParticipants: "),
    ("list", {"rooms": [{**ROOM, "maxParticipants": -1}]}, "rooms.0.maxParticipants: "),
    ("list", {"rooms": [{**ROOM, "creationTime": True}]}, "rooms.0.creationTime: "),
    ("list", {"rooms": [{**ROOM, "metadata": None}]}, "rooms.0.metadata: "),
    ("create", {**ROOM, "sid": 5}, "sid: "),
    ("create", {**ROOM, "room": "other"}, 'the room "other"'),
    ("create", {**ROOM, "room": "p_acme__standup"}, 'the room "p_acme__standup"'),
    ("create", {"room": DETAIL}, "room: "),
    ("get", {**DETAIL, "room": "other"}, 'the room "other"'),
    ("get", ROOM, "participants: Field required"),
    ("get", {**ROOM, "participants": [{**ADA, "state": "ACTIVE"}]}, "participants.0.state: "),
    ("delete", {"ended": False}, '"ended": false'),
    ("delete", {"ended": "yes"}, "ended: "),
    ("delete", {}, "ended: Field required"),
    ("delete", "", "no JSON"),
    ("remove", {"removed": 1}, "removed: "),
    ("remove", {"ended": True}, "removed: Field required"),
]
WRONG += [
    ("create", {key: value for key, value in ROOM.items() if key != missing}, f"{missing}: Field required")
    for missing in sorted(ROOM.keys() - {"numParticipants"})  # which nothing depends on
]


@pytest.mark.parametrize(("operation", "body", "why"), WRONG, ids=[f"{w[0]}-{n}" for n, w in enumerate(WRONG)])
async def test_an_answer_that_is_not_as_documented_is_an_error_and_not_a_crash(
    api: MakeApi, operation: str, body: object, why: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    server = api(answer(200, text))
    error = await failure(server, operation)
    assert type(error) is UnexpectedAnswer
    assert str(error).startswith(f"{OPERATIONS[operation][0]} answered with {why}")
    assert str(error).endswith("which is not what the API documents; check baseUrl (RELAY_BASE_URL).")
    assert len(server.requests) == (2 if (operation, why) == ("list", "no JSON") else 1)


async def test_an_answer_to_a_get_that_is_no_json_is_asked_for_once_more(api: MakeApi) -> None:
    server = api(answer(200, HTML), answer(200, {"rooms": [ROOM]}))
    assert [room.name for room in await server.backend.list()] == [ROOM["room"]]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"error": ' * 50_000, '{"error": {"message": 5}}', "[]", "null", "\xff"]
)
async def test_an_error_page_of_any_kind_is_survived(api: MakeApi, body: str) -> None:
    assert type(await failure(api(answer(500, body.encode("latin-1"))), "list")) is Unavailable


# -- No answer


@pytest.mark.parametrize(
    "lost",
    [
        Lost("Connection refused"),
        Lost(""),
        TimeoutError("Connection timeout"),
        TimeoutError(),
    ],
)
async def test_no_answer_is_retried_and_then_unavailable(api: MakeApi, lost: Exception) -> None:
    server = api(lost)
    error = await failure(server, "create")
    assert type(error) is Unavailable
    assert str(error).startswith(f"POST {BASE}/rooms ")
    assert "requestTimeout (RELAY_REQUEST_TIMEOUT)" in str(error) or "Check baseUrl (RELAY_BASE_URL)" in str(error)
    assert len(server.requests) == 5


async def test_no_answer_once_is_not_seen(api: MakeApi) -> None:
    assert await api(Lost(""), ok({"rooms": []})).backend.list() == []


@pytest.mark.parametrize("broken", [Broken("bad gzip"), Broken("")])
async def test_what_no_retry_can_mend_is_an_error_at_once(api: MakeApi, broken: Exception) -> None:
    server = api(broken)
    error = await failure(server, "list")
    assert type(error) is UnexpectedAnswer
    assert str(error).startswith(f"GET {BASE}/rooms could not be carried out")
    assert len(server.requests) == 1


# -- Secrets


@pytest.mark.parametrize("key", [KEY, ODD_KEY])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "make",
    [
        *(
            lambda key, status=status: said(status, "x", f"key {key} bad\n{key}")
            for status in (401, 404, 422, 429, 500, 502)
        ),
        lambda key: answer(302, headers={"Location": f"https://elsewhere.example/{key}?k={key}"}),
        lambda key: answer(200, f"<html>{key}</html>"),
        lambda key: answer(200, {**ROOM, "room": key, "rooms": key, "participants": []}),
        lambda key: Lost(f"refused: Authorization: Bearer {key}"),
        lambda key: Broken(f"{key}"),
    ],
)
async def test_the_key_is_nowhere_in_an_error_even_when_the_server_echoes_it(
    api: MakeApi, make: Callable[[str], Reply], operation: str, key: str
) -> None:
    shown = everything(await failure(api(make(key), key=key, maxRetries=1), operation))
    assert key not in shown
    assert key.removeprefix("sk_live_") not in shown


def test_the_backend_shows_no_key(api: MakeApi) -> None:
    backend = api(page(500)).backend
    assert KEY not in f"{backend!r} {vars(backend)} {backend._http._exchange!r} {backend.address}"


@pytest.mark.parametrize("key", ["sk_live_ü", "sk_live_a b", "sk_live_a\nX-Other: b", "sk_live_\x00"])
def test_a_key_that_no_header_can_hold_is_a_sentence_that_does_not_show_it(api: MakeApi, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        api(page(500), key=key)
    assert str(caught.value) == "apiKey (RELAY_API_KEY) holds characters that no key has; set it again, without them."
    assert key not in everything(caught.value)


# -- Names in addresses


@pytest.mark.parametrize(
    ("identity", "segment"),
    [
        ("user-123", "user-123"),
        ("team/ana ü?#", "team%2Fana%20%C3%BC%3F%23"),
        ("100%", "100%25"),
        ("%2e%2e", "%252e%252e"),
        ("../../rooms", "..%2F..%2Frooms"),
        ("...", "..."),
        ("a\nb", "a%0Ab"),
        ("\\", "%5C"),
        ("😀", "%F0%9F%98%80"),
        ("a:b@c;d=e&f+g", "a%3Ab%40c%3Bd%3De%26f%2Bg"),
    ],
)
async def test_names_and_identities_are_one_percent_encoded_segment(api: MakeApi, identity: str, segment: str) -> None:
    server = api(ok({"removed": True}))
    await server.backend.remove_participant("a:b.c", identity)
    assert server.asked == [f"DELETE /rooms/a%3Ab.c/participants/{segment}"]


@pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
@pytest.mark.parametrize(
    "operation",
    [
        lambda backend, value: backend.get(value),
        lambda backend, value: backend.delete(value),
        lambda backend, value: backend.remove_participant(value, "ada"),
        lambda backend, value: backend.remove_participant("standup", value),
    ],
)
async def test_what_an_address_cannot_name_is_refused_before_any_request(
    api: MakeApi, operation: Callable[[RelayBackend, str], Awaitable[Any]], value: str
) -> None:
    server = api(ok({"ended": True, "removed": True}))
    with pytest.raises(Rejected) as caught:
        await operation(server.backend, value)
    str(caught.value).encode()
    assert server.requests == []


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_room_that_could_never_be_ended_again_is_not_made(api: MakeApi, name: str) -> None:
    server = api(ok(ROOM, 201))
    with pytest.raises(Rejected):
        await server.backend.create(RoomInputs.model_construct(name=name))  # check refuses it, too
    assert server.requests == []


# -- Settings


@pytest.mark.parametrize("url", ["ws://127.0.0.1/v1", "wss://api.example", "http://api.example", "api.example"])
def test_an_address_that_cannot_be_used_is_refused_at_once(api: MakeApi, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^baseUrl \(RELAY_BASE_URL\) "):
        api(page(500), baseUrl=url)


def test_without_a_key_it_says_how_to_set_one() -> None:
    with pytest.raises(ConfigError, match="apiKey is not set; set RELAY_API_KEY"):
        RelayBackend(load({}, {}))
