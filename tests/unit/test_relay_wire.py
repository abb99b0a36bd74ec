"""The Relay backend over real sockets on loopback: what only a network can do wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from relay_provider.backends import answers, retry
from relay_provider.backends.relay import RelayBackend
from relay_provider.config import load
from relay_provider.errors import RelayError, Unavailable, UnexpectedAnswer
from relay_provider.model import RoomInputs

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

KEY = "sk_live_0123456789abcdef"
ROOM = {"room": "standup", "sid": "RM_1", "numParticipants": 0, "maxParticipants": 0, "creationTime": 1, "metadata": ""}


def ok(body: object) -> bytes:
    text = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


NO_ROOMS = ok({"rooms": []})
Behaviour = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers request number N as told; None drops the connection."""

    def __init__(self, *answers: bytes | Behaviour | None) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.heads: list[str] = []
        self.connections = 0
        self.open = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().lower().split("\r\n")
                length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
                await reader.readexactly(length)
                number = len(self.requests)
                self.heads.append(head.decode())
                self.requests.append(head.decode().split(" HTTP/")[0])
                answer = self.answers[min(number, len(self.answers) - 1)]
                if answer is None:
                    break
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(number, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes | Behaviour | None, ssl: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(*answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=ssl)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@asynccontextmanager
async def backend(url: str, **settings: object) -> AsyncIterator[RelayBackend]:
    relay = RelayBackend(load({"apiKey": KEY, "baseUrl": url, **settings}, {}))
    try:
        yield relay
    finally:
        await relay.aclose()


async def failure(relay: RelayBackend) -> RelayError:
    with pytest.raises(RelayError) as caught:
        await relay.list()
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits between attempts are written down, not waited."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(retry.RetryPolicy.__init__, "__defaults__", (sleep,))
    return found


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- What is sent


@pytest.mark.parametrize(
    ("identity", "segment"),
    [
        ("team/ana ü?#", "team%2Fana%20%C3%BC%3F%23"),
        ("%2F%2e%2e", "%252F%252e%252e"),
        ("../../rooms", "..%2F..%2Frooms"),
        ("a:b@c;d=e&f+g~h!i'j(k)l*m,n$o", "a%3Ab%40c%3Bd%3De%26f%2Bg~h%21i%27j%28k%29l%2Am%2Cn%24o"),
    ],
)
async def test_an_identity_means_the_same_on_the_wire(identity: str, segment: str) -> None:
    async with serving(ok({"removed": True})) as server, backend(server.url) as relay:
        await relay.remove_participant("standup", identity)
    (request,) = server.requests
    sent = request.removeprefix("DELETE /v1/rooms/standup/participants/")
    assert "/" not in sent and "?" not in sent and "#" not in sent
    assert unquote(sent) == unquote(segment) == identity


async def test_one_connection_serves_request_after_request() -> None:
    async with serving(NO_ROOMS) as server, backend(server.url) as relay:
        for _ in range(5):
            await relay.list()
    assert (len(server.requests), server.connections) == (5, 1)


async def test_many_requests_at_once_share_sixteen_connections() -> None:
    busiest = 0

    async def slowly(_: int, writer: asyncio.StreamWriter) -> None:
        nonlocal busiest
        busiest = max(busiest, server.open)
        await asyncio.sleep(0.01)
        writer.write(NO_ROOMS)

    async with serving(slowly) as server, backend(server.url) as relay:
        await asyncio.gather(*(relay.list() for _ in range(50)))
    assert len(server.requests) == 50
    assert 1 < server.connections <= 16
    assert busiest <= 16


async def test_closing_closes_the_connections() -> None:
    async with serving(NO_ROOMS) as server:
        async with backend(server.url) as relay:
            await relay.list()
            assert server.open == 1
        async with asyncio.timeout(5):
            while server.open:
                await asyncio.sleep(0)


# -- What comes back, or does not


async def test_a_dropped_connection_is_tried_again() -> None:
    async with serving(None, None, None, NO_ROOMS) as server, backend(server.url) as relay:
        assert await relay.list() == []
    assert len(server.requests) == 4


async def test_a_create_whose_answer_was_lost_is_repeated(waits: list[float]) -> None:
    async with serving(None, None, ok(ROOM)) as server, backend(server.url) as relay:
        assert (await relay.create(RoomInputs(name="standup"))).sid == "RM_1"
    assert (server.requests, len(waits)) == (["POST /v1/rooms"] * 3, 2)


async def test_a_connection_that_always_drops_is_unavailable_after_every_retry(waits: list[float]) -> None:
    async with serving(None) as server, backend(server.url) as relay:
        error = await failure(relay)
    assert type(error) is Unavailable
    assert str(error).startswith(f"GET {server.url}/rooms failed: ")
    assert str(error).endswith("Check baseUrl (RELAY_BASE_URL) and that the server is up.")
    assert len(waits) == 4
    assert len(server.requests) <= 10  # aiohttp repeats a GET once by itself, at once


async def test_a_kept_connection_that_the_server_closed_meanwhile_is_no_failure() -> None:
    async def and_close(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(NO_ROOMS)
        await writer.drain()
        writer.close()

    async with serving(and_close) as server, backend(server.url, maxRetries=1) as relay:
        for _ in range(3):
            await relay.list()
    assert len(server.requests) >= 3


@pytest.mark.parametrize("cut", [1, 30])
async def test_a_body_that_breaks_off_is_tried_again_and_never_half_a_list(cut: int) -> None:
    rooms = ok({"rooms": [ROOM]})

    async def cut_off(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(rooms[:-cut])
        await writer.drain()
        writer.close()

    async with serving(cut_off, rooms) as server, backend(server.url) as relay:
        assert [room.name for room in await relay.list()] == ["standup"]
    assert len(server.requests) == 2


async def test_a_body_that_always_breaks_off_is_unavailable() -> None:
    async def cut_off(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(NO_ROOMS[:-1])
        await writer.drain()
        writer.close()

    async with serving(cut_off) as server, backend(server.url, maxRetries=1) as relay:
        assert type(await failure(relay)) is Unavailable
    assert len(server.requests) == 2


async def silence(_: int, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def drip(_: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("behaviour", [silence, drip])
async def test_an_answer_that_does_not_come_to_an_end_is_a_timeout(behaviour: Behaviour) -> None:
    async with serving(behaviour) as server, backend(server.url, requestTimeout=0.1, maxRetries=1) as relay:
        error = await failure(relay)
    assert type(error) is Unavailable
    assert str(error) == (
        f"GET {server.url}/rooms got no answer within 0.1 s; the server may be down or slow. Try again later, or raise "
        "requestTimeout (RELAY_REQUEST_TIMEOUT)."
    )
    assert len(server.requests) == 2


async def endless(_: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def packed(_: int, writer: asyncio.StreamWriter) -> None:
    body = gzip.compress(b" " * (answers.LARGEST + 1))
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    writer.write(body)


@pytest.mark.parametrize("behaviour", [endless, packed])
async def test_an_answer_is_read_up_to_a_size(monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour) -> None:
    monkeypatch.setattr(answers, "LARGEST", 4 << 20)
    async with serving(behaviour) as server, backend(server.url) as relay:
        error = await failure(relay)
    assert type(error) is UnexpectedAnswer
    assert str(error).startswith(f"GET {server.url}/rooms answered with more than 4 MiB")
    assert len(server.requests) == 1


async def test_a_packed_answer_is_read() -> None:
    body = gzip.compress(b'{"rooms": []}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with serving(head + body) as server, backend(server.url) as relay:
        assert await relay.list() == []


async def test_an_answer_that_is_packed_wrongly_is_no_reason_to_ask_again() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 13\r\n\r\n"
    async with serving(head + b'{"rooms": []}') as server, backend(server.url) as relay:
        error = await failure(relay)
    assert type(error) is UnexpectedAnswer
    assert str(error).startswith(f"GET {server.url}/rooms could not be carried out: ")
    assert len(server.requests) == 1


async def test_waiting_for_a_free_connection_is_no_timeout() -> None:
    async def slowly(_: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(NO_ROOMS)

    async with serving(slowly) as server, backend(server.url, requestTimeout=1, maxRetries=0) as relay:
        await asyncio.gather(*(relay.list() for _ in range(64)))  # 4 rounds of 0.3 s
    assert len(server.requests) == 64


async def test_a_refused_connection_is_unavailable_and_not_called_a_timeout(waits: list[float]) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    async with backend(url) as relay:
        error = await failure(relay)
    assert type(error) is Unavailable
    assert str(error).startswith(f"GET {url}/rooms failed: ")
    assert "no answer within" not in str(error)
    assert len(waits) == 4


async def test_a_host_that_does_not_exist_is_unavailable(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with backend("https://relay.invalid/v1") as relay:
        error = await failure(relay)
    assert type(error) is Unavailable
    assert str(error).startswith("GET https://relay.invalid/v1/rooms failed: ")
    assert str(error).endswith("Check baseUrl (RELAY_BASE_URL) and that the server is up.")
    assert len(waits) == 4


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"HTTP/1.1 999999 ?\r\n\r\n"]
)
async def test_a_server_that_speaks_no_http_is_an_error_and_not_a_crash(garbage: bytes) -> None:
    async def speak(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        await writer.drain()
        writer.close()

    async with serving(speak) as server, backend(server.url, maxRetries=0) as relay:
        error = await failure(relay)
    assert isinstance(error, Unavailable | UnexpectedAnswer)
    assert f"GET {server.url}/rooms" in str(error)


async def test_a_redirect_is_not_followed() -> None:
    async with serving(NO_ROOMS) as elsewhere:
        moved = f"HTTP/1.1 308 Moved\r\nLocation: {elsewhere.url}/rooms\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(moved) as server, backend(server.url) as relay:
            assert type(await failure(relay)) is UnexpectedAnswer
    assert (len(server.requests), elsewhere.requests) == (1, [])


# -- Proxies


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    async with serving(NO_ROOMS) as proxy, serving(NO_ROOMS) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        async with backend(server.url.replace("127.0.0.1", host)) as relay:
            await relay.list()
    assert (len(server.requests), proxy.requests) == (1, [])


async def test_other_machines_are_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(NO_ROOMS) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        async with backend("http://relay.example/v1", allowHttp=True) as relay:
            await relay.list()
    assert proxy.requests == ["GET http://relay.example/v1/rooms"]


@pytest.mark.parametrize(("scheme", "first"), [("http", "GET"), ("https", "CONNECT")])
async def test_a_proxy_is_told_its_own_password_and_none_of_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str, first: str
) -> None:
    (tmp_path / "netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with serving(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://ana:p%40ss@127.0.0.1:{proxy.port}")
        async with backend(f"{scheme}://relay.example/v1", allowHttp=True, maxRetries=0) as relay:
            assert "p@ss" not in str(await failure(relay))
    (head,) = proxy.heads
    assert head.startswith(first)
    assert "Proxy-Authorization: Basic YW5hOnBAc3M=" in head
    assert ("Authorization: Bearer" in head) is (first == "GET")


async def test_no_proxy_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    asked: list[object] = []

    def resolve(host: object, *rest: Any, **how: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "relay.example" else host, *rest, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    async with serving(NO_ROOMS) as proxy, serving(NO_ROOMS) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "relay.example")
        async with backend(f"http://relay.example:{server.port}/v1", allowHttp=True) as relay:
            await relay.list()
    assert (len(server.requests), proxy.requests) == (1, [])
    assert "relay.example" in asked


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_certificates_are_verified(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose certificate nobody vouches for gets no request; whom SSL_CERT_FILE vouches for gets one."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on this machine")
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with serving(NO_ROOMS, ssl=context) as server:
        url = server.url.replace("http://127.0.0.1", f"{scheme}://localhost")
        async with backend(url, maxRetries=0) as relay:
            assert "certificate" in str(await failure(relay))
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with backend(url, maxRetries=0) as relay:
            assert await relay.list() == []
