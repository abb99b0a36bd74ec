"""What the LiveKit backend makes of failures: servers that refuse, redirect, talk nonsense or do not answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from livekit.api import VideoGrants
from livekit.protocol.room import ListRoomsResponse

from relay_provider.backends import connect, livekit_server
from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.backends.retry import RetryPolicy
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
from relay_provider.model import RoomInputs

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SECRET = "a-secret-of-more-than-thirty-two-bytes"
Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def environ(url: str) -> dict[str, str]:
    return {
        "RELAY_BACKEND": "livekit",
        "LIVEKIT_URL": url,
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": SECRET,
        "RELAY_PROJECT_ID": "acme",
        "RELAY_REQUEST_TIMEOUT": "0.5",
        "RELAY_MAX_RETRIES": "2",
    }


@asynccontextmanager
async def backend(url: str) -> AsyncIterator[LiveKitBackend]:
    async def no_wait(_: float) -> None:
        return

    rooms = connect(load(None, environ(url)))
    assert isinstance(rooms, LiveKitBackend)
    rooms._server._http._policy = RetryPolicy(2, no_wait)
    try:
        yield rooms
    finally:
        await rooms.aclose()


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[tuple[LiveKitBackend, list[str]]]:
    """A backend whose server answers so, and the paths it was asked for."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await handler(request)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with backend(f"http://127.0.0.1:{runner.addresses[0][1]}") as rooms:
            yield rooms, asked
    finally:
        await runner.cleanup()


def always(status: int, code: str = "x", message: str = "because", **more: Any) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"code": code, "msg": message}, status=status, **more)

    return answer


@pytest.mark.parametrize(
    ("status", "code", "kind", "requests"),
    [
        (400, "invalid_argument", Rejected, 1),
        (401, "unauthenticated", Unauthorized, 1),
        (401, "unknown", Unauthorized, 1),
        (403, "permission_denied", Unauthorized, 1),
        (404, "bad_route", UnexpectedAnswer, 1),
        (408, "deadline_exceeded", Unavailable, 3),
        (412, "failed_precondition", Rejected, 1),
        (418, "teapot", UnexpectedAnswer, 1),
        (429, "resource_exhausted", RateLimited, 3),
        (500, "internal", Unavailable, 1),
        (502, "unknown", Unavailable, 3),
        (503, "unavailable", Unavailable, 3),
        (504, "unknown", Unavailable, 3),
    ],
)
async def test_an_error_answer_is_classified_by_its_status(
    status: int, code: str, kind: type[RelayError], requests: int
) -> None:
    async with answering(always(status, code, f"because {SECRET}")) as (rooms, asked):
        with pytest.raises(kind, match=r"LiveKit ListRooms .*because \*\*\*") as caught:
            await rooms.list()
    assert type(caught.value) is kind
    assert len(asked) == requests


async def test_a_404_that_is_not_livekits_concludes_nothing() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(status=404, text="<h1>Not here</h1>", content_type="text/html")

    async with answering(page) as (rooms, _):
        for call in (
            rooms.delete("room"),
            rooms.remove_participant("room", "ana"),
            rooms.update(RoomInputs(name="room", metadata=""), {"metadata"}),
        ):
            with pytest.raises(UnexpectedAnswer, match="answered with 404"):
                await call


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with answering(always(status, headers={"Location": "/elsewhere"})) as (rooms, asked):
        with pytest.raises(UnexpectedAnswer, match=rf"was redirected \({status}\) to /elsewhere"):
            await rooms.list()
    assert asked == ["/twirp/livekit.RoomService/ListRooms"]


async def test_an_answer_in_another_format_is_unexpected() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>Hello</html>", content_type="text/html")

    async with answering(page) as (rooms, asked):
        with pytest.raises(UnexpectedAnswer, match="LiveKit ListRooms at http"):
            await rooms.list()
        assert len(asked) == 2  # once more, since it changes nothing
        with pytest.raises(UnexpectedAnswer, match=r"LiveKit CreateRoom .* something else answers in LiveKit's place"):
            await rooms.create(RoomInputs(name="room"))
        assert len(asked) == 3


async def test_retry_after_is_obeyed() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async with answering(always(429, headers={"Retry-After": "7"})) as (rooms, _):
        rooms._server._http._policy = RetryPolicy(2, wait)
        with pytest.raises(RateLimited):
            await rooms.list()
    assert waits == [7, 7]


async def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    """A proxy would see the token."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port}")

    async def empty(_: web.Request) -> web.Response:
        return web.Response(body=b"", content_type="application/protobuf")

    async with answering(empty) as (rooms, asked):
        assert await rooms.list() == []
    assert len(asked) == 1


async def test_an_answer_about_another_room_is_unexpected() -> None:
    async def empty(_: web.Request) -> web.Response:
        return web.Response(body=b"", content_type="application/protobuf")

    async with answering(empty) as (rooms, _):
        with pytest.raises(UnexpectedAnswer, match="another room"):
            await rooms.create(RoomInputs(name="room"))


async def test_a_server_that_does_not_answer_is_unavailable() -> None:
    import anyio

    async def hang(_: web.Request) -> web.Response:
        await anyio.sleep(60)
        return web.Response()

    async with answering(hang) as (rooms, asked):
        with pytest.raises(Unavailable, match=r"no answer within 0\.5 s"):
            await rooms.list()
    assert len(asked) == 3


async def test_a_server_that_drops_the_connection_is_unavailable() -> None:
    async def drop(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.close()
        return web.Response()

    async with answering(drop) as (rooms, _):
        with pytest.raises(Unavailable, match="Check livekitUrl"):
            await rooms.list()


async def test_no_server_is_unavailable(unused_port: int) -> None:
    async with backend(f"http://127.0.0.1:{unused_port}") as rooms:
        with pytest.raises(Unavailable, match=f"LiveKit ListRooms at http://127.0.0.1:{unused_port} failed"):
            await rooms.list()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_a_failure_that_passes_is_not_noticed() -> None:
    failures = [503, 503]

    async def recover(_: web.Request) -> web.Response:
        if failures:
            return web.json_response({"code": "unavailable", "msg": ""}, status=failures.pop())
        return web.Response(body=ListRoomsResponse().SerializeToString(), content_type="application/protobuf")

    async with answering(recover) as (rooms, asked):
        assert await rooms.list() == []
    assert len(asked) == 3


async def test_text_that_is_not_unicode_is_refused() -> None:
    async with answering(always(500)) as (rooms, asked):
        with pytest.raises(Rejected, match="not valid Unicode"):
            await rooms.remove_participant("room", "\ud800")
    assert asked == []


@pytest.mark.parametrize("setting", ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
def test_a_missing_setting_is_named(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        connect(load(None, {**environ("http://127.0.0.1"), setting: ""}))


def test_a_project_id_that_could_blur_two_projects_is_refused() -> None:
    with pytest.raises(ConfigError, match="projectId"):
        connect(load(None, {**environ("http://127.0.0.1"), "RELAY_PROJECT_ID": "a__b"}))


def test_plain_http_to_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match="plain http"):
        connect(load(None, environ("ws://livekit.example")))


async def test_a_token_that_is_about_no_one_room_serves_until_half_its_life_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed: list[str] = []
    real = livekit_server.LiveKitServer._signed

    def counted(server: livekit_server.LiveKitServer, grants: VideoGrants) -> str:
        signed.append(grants.room)
        return real(server, grants)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"", content_type="application/protobuf")

    monkeypatch.setattr(livekit_server.LiveKitServer, "_signed", counted)
    now = time.time()
    async with answering(answer) as (rooms, _):
        for seconds, tokens in ((0, 1), (299, 1), (301, 2)):
            monkeypatch.setattr(livekit_server.time, "time", lambda moment=now + seconds: moment)
            await rooms.list()
            assert len(signed) == tokens
        for name in ("one", "other"):
            await rooms.remove_participant(name, "ana")
    assert signed[2:] == ["p_acme__one", "p_acme__other"]
