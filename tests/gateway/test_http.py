"""HTTP/1.1 as it arrives: what is understood, and how; what is refused; and that nothing goes on without end.

Whatever two servers could read in two ways is refused, or has one meaning here however it is cut into packets.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from relay_provider.gateway.connections import Limits
from relay_provider.gateway.http_server import Server, listening

pytestmark = pytest.mark.unit

HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""After a request that is understood: it would be part of that one, if its end were taken for another."""


@dataclass
class Served:
    """A server that answers `ok`, and what it was asked: a line, with the body and with the headers that matter."""

    address: tuple[str, int] = ("", 0)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            return await send({"type": "lifespan.shutdown.complete"})
        if scope["raw_path"] == b"/slow":
            await asyncio.sleep(2)
        kept = [name + b"=" + value for name, value in scope["headers"] if name in (b"authorization", b"a")]
        body = b""
        while scope["method"] == "POST" and scope["raw_path"] != b"/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message["body"]
            if not message["more_body"]:
                break
        path = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        self.asked.append(
            b" ".join([scope["method"].encode(), path, *([body] if body else []), *kept]).decode("latin-1")
        )
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        return await send({"type": "http.response.body", "body": b"ok"})

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        self.asked.clear()
        with socket.create_connection(self.address, timeout=10) as client:
            yield client


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    with listening("127.0.0.1", 0, "This") as sock:
        served.address = sock.getsockname()
        server = Server(served, Limits(connections=100, headers=5, body=1, answer=5, idle=1))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])))
        thread.start()
        try:
            yield served
        finally:
            server.stop()
            thread.join()


def rest(client: socket.socket) -> bytes:
    """Everything that comes until the end."""
    found = b""
    try:
        while part := client.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


def is_refusal(answer: bytes) -> bool:
    """Is it the documented error body, once, and nothing else?"""
    head, _, body = answer.partition(b"\r\n\r\n")
    return (
        head.startswith(b"HTTP/1.1 422 ")
        and b"\r\nconnection: close" in head
        and json.loads(body)["error"]["type"] == "invalid_request"
    )


REFUSED = {
    "no HTTP": b"\x16\x03\x01\x00\xc8\x01\x00\x00",
    "a bare LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "a bare LF after a header": b"GET / HTTP/1.1\r\nHost: x\n\r\n",
    "a bare CR": GET + b"A: b\rc\r\n\r\n",
    "a folded header": GET + b"A: b\r\n c\r\n\r\n",
    "space before the colon": GET + b"A : b\r\n\r\n",
    "no colon": GET + b"A\r\n\r\n",
    "no name": GET + b": b\r\n\r\n",
    "NUL in a value": GET + b"A: b\0c\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": GET + HOST + b"\r\n",
    "two hosts of HTTP/1.0": b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in a path": b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path without a slash": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 3, 4\r\n\r\nabcd",
    "+3": POST + b"Content-Length: +3\r\n\r\nabc",
    "-3": POST + b"Content-Length: -3\r\n\r\nabc",
    "a length beyond 64 bits": POST + b"Content-Length: 18446744073709551619\r\n\r\nabc",
    "an empty length": POST + b"Content-Length: \r\n\r\n",
    "gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "gzip and chunked": POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ", chunked": POST + b"Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n",
    "another encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an empty encoding": POST + b"Transfer-Encoding: \r\n\r\n",
    "a chunk of -1": CHUNKED + b"-1\r\n",
    "a chunk of 0x3": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond 64 bits": CHUNKED + b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk that ends with LF": CHUNKED + b"3\r\nabc\n0\r\n\r\n",
    "a chunk's size that ends with LF": CHUNKED + b"3;a\nabc\r\n0\r\n\r\n",
    "a length after chunks": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\nabcde",
    "no header after chunks": CHUNKED + b"0\r\nA\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_no_http_is_refused_and_asks_nothing(served: Served, sent: bytes) -> None:
    with served.connected() as client:
        client.sendall(sent + LAST)
        assert is_refusal(rest(client))
    assert served.asked == []


UNDERSTOOD = {
    "GET / a=b": GET + b"A: \t b \t\r\n\r\n",
    "GET /a%23b?c?d": b"GET /a%23b?c?d HTTP/1.1\r\n" + HOST + b"\r\n",
    "GET //a": b"GET //a HTTP/1.1\r\n" + HOST + b"\r\n",
    "GET /a?b": b"GET http://x/a?b HTTP/1.1\r\n" + HOST + b"\r\n",
    "GET /": b"\r\n" + GET + b"\r\n",
    "DELETE /a": b"DELETE /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
    "POST / abc": POST + b"Content-Length: 3 \r\n\r\nabc",
    "POST / abcd": CHUNKED + b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    "POST / xyz authorization=mine": POST + b"Authorization: mine\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3\r\nxyz\r\n0\r\nAuthorization: another's\r\nA: b\r\n\r\n",
    "GET / a=h2c": GET + UPGRADE + b"A: h2c\r\n\r\n",
    "POST / h2c": POST + UPGRADE + b"Content-Length: 3\r\n\r\nh2c",
    "POST / h2c a=b": POST + UPGRADE + b"A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nh2c\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("cut", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(("asked", "sent"), UNDERSTOOD.items(), ids=UNDERSTOOD)
def test_a_request_means_the_same_however_it_is_cut(served: Served, asked: str, sent: bytes, cut: bool) -> None:
    with served.connected() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in [bytes([one]) for one in sent] if cut else [sent]:
            client.sendall(part)
            if cut:
                time.sleep(0.0005)
        client.sendall(LAST)
        assert rest(client).count(b"HTTP/1.1 200 ") == 2
    assert served.asked == [asked, "GET /last"]


@pytest.mark.parametrize("wrong", [b"\0", b"x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_came_whole_is_answered_before_the_connection_ends(served: Served, wrong: bytes) -> None:
    with served.connected() as client:
        client.sendall((GET + b"\r\n") * 3 + wrong)
        assert rest(client).count(b"HTTP/1.1 200 ") == 3


def test_after_an_answer_what_is_no_http_is_refused(served: Served) -> None:
    with served.connected() as client:
        client.sendall(GET + b"\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\0")
        assert is_refusal(rest(client))


def test_nothing_is_answered_after_close(served: Served) -> None:
    with served.connected() as client:
        client.sendall(GET + b"Connection: close\r\n\r\n" + LAST)
        assert rest(client).count(b"HTTP/1.1 ") == 1
    assert served.asked == ["GET /"]


def test_http_1_0_ends_with_its_answer(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
        answer = rest(client)
    assert answer.startswith(b"HTTP/1.1 200 ")  # and not with 100, which it does not know
    assert served.asked == ["POST / abc"]


def test_who_asks_whether_to_go_on_is_told(served: Served) -> None:
    with served.connected() as client:
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc" + LAST)
        assert rest(client).count(b"HTTP/1.1 200 ") == 2
    assert served.asked == ["POST / abc", "GET /last"]


def test_head_has_no_body(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert rest(client).endswith(b"\r\n\r\n")


ENDLESS = {
    "empty lines": (b"", b"\r\n"),
    "a path": (b"GET /", b"a"),
    "a header's name": (GET, b"a"),
    "a header's value": (GET + b"A: ", b"a"),
    "headers": (GET, b"A: b\r\n"),
    "what a chunk says of itself": (CHUNKED + b"3;", b"a"),
    "headers after a body": (CHUNKED + b"0\r\n", b"A: b\r\n"),
    "empty lines after an answer": (GET + b"\r\n", b"\r\n"),
}


@pytest.mark.parametrize(("begun", "more"), ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_given_up(served: Served, begun: bytes, more: bytes) -> None:
    many, sent = more * (16_384 // len(more)), 0
    with served.connected() as client, pytest.raises(ConnectionError):
        client.sendall(begun)
        while sent < 2**22:
            client.sendall(many)
            sent += len(many)
            time.sleep(0.001)


def test_many_requests_at_once_are_answered_in_turn(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"".join(b"GET /%d HTTP/1.1\r\n%b\r\n" % (number, HOST) for number in range(90)) + LAST)
        assert rest(client).count(b"HTTP/1.1 200 ") == 91
    assert served.asked == [*(f"GET /{number}" for number in range(90)), "GET /last"]


@pytest.mark.parametrize("headers", [b"", UPGRADE], ids=["requests", "wishes for another protocol"])
def test_there_is_an_end_to_how_many_requests_wait_for_their_turn(served: Served, headers: bytes) -> None:
    with served.connected() as client:
        client.sendall((GET + headers + b"\r\n") * 1000)
        rest(client)
    assert 0 < len(served.asked) < 200


def test_the_rest_of_a_request_that_was_answered_early_keeps_no_place(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"abc")
        begun = time.monotonic()
        assert rest(client) == b""
        assert 0.5 < time.monotonic() - begun < 4


def test_who_waits_for_an_answer_is_not_called_late(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 200 ")


def test_what_waits_for_its_turn_is_not_called_late(served: Served) -> None:
    body = b"a" * 300_000  # more than is read before the first is answered
    with served.connected() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        client.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body + LAST)
        assert rest(client).count(b"HTTP/1.1 200 ") == 3
    assert served.asked == ["GET /slow", f"POST / {body.decode()}", "GET /last"]


def test_a_body_that_is_no_http_is_not_answered_twice(served: Served) -> None:
    with served.connected() as client:
        client.sendall(CHUNKED.replace(b"/", b"/early", 1))
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"x\r\n")
        assert rest(client) == b""


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "later"])
def test_a_body_that_is_no_http_is_refused_in_its_turn(served: Served, apart: bool) -> None:
    with served.connected() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + CHUNKED + (b"" if apart else b"x\r\n" + LAST))
        if apart:
            time.sleep(0.1)
            client.sendall(b"x\r\n" + LAST)
        first, _, second = rest(client).partition(b"ok")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert is_refusal(second)
    assert served.asked == ["GET /slow"]


def test_a_connection_serves_without_end(served: Served) -> None:
    with served.connected() as client:
        for _ in range(20):
            client.sendall(GET + b"Long: " + b"a" * 8000 + b"\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
