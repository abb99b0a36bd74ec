"""HTTP/1.1 with one client: what is understood, what is refused, and what the client is waited for."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, Literal, NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from relay_provider.gateway.wire import malformed

_MOST_PIPELINED: Final = 100
_MOST_UNPARSED: Final = 64 * 2**10
"""Bytes of a head, or between two parts of a body, that the parser may have taken without an end."""

Phase = Literal["headers", "body", "answer", "idle"]


class Wait(NamedTuple):
    """What a client is waited for, and since when."""

    phase: Phase
    since: float


class _Joined:
    """A transport that sends at once what is written in one go: uvicorn writes an answer's head and body apart, and
    each would be a packet and a system call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self._send)
        self._held.append(data)

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self._held)) + self._transport.get_write_buffer_size()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held and not self._transport.is_closing():
            self._transport.write(b"".join(self._held))
        self._held.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """HTTP/1.1 that tells what it waits for, and answers what is no HTTP with the documented error body as well.

    The parser is quick and leaves to others how much there may be of anything, and some of what HTTP forbids.
    """

    _seen: object = None
    _since = 0.0
    _reading: Literal["headers", "body"] | None = None  # None between requests
    _unparsed = 0

    def waits(self, now: float) -> Wait | None:
        """What the client is waited for; None while it is the client who waits.

        Read from the protocol's own state whenever somebody asks. Each request begins anew, each byte does not.
        """
        phase = self._phase()
        if (seen := (phase, self.cycle)) != self._seen:
            self._seen, self._since = seen, now
        return Wait(phase, self._since) if phase else None

    def _phase(self) -> Phase | None:
        if self.transport.get_write_buffer_size():
            return "answer"
        if self.pipeline:  # the rest may be there, but is not read
            return None
        if self._reading == "body":
            return "body"
        if self._is_answered:
            return "headers" if self._reading or self.cycle is None else "idle"
        return None

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(cast(asyncio.Transport, _Joined(transport)))
        self.waits(time.monotonic())

    def data_received(self, data: bytes) -> None:
        """Parse what came, and end what would have no end."""
        self._unset_keepalive_if_required()
        self._unparsed += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except HttpParserError:
            self.send_400_response("")
        else:
            if self._unparsed > _MOST_UNPARSED:
                self.send_400_response("")

    def _should_upgrade(self) -> bool:
        return True  # so that uvicorn leaves alone what `_stay` has parsed anew

    def _stay(self, rest: bytes) -> None:
        """Begin once more without the wish for another protocol, which may be ignored: the parser ignores the body."""
        version, headers = self.parser.get_http_version(), [one for one in self.headers if one[0] != b"upgrade"]
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version.encode())]
        lines += [b"%b: %b" % one for one in headers]
        self.parser = HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def on_message_begin(self) -> None:
        """A request begins."""
        _require(len(self.pipeline) < _MOST_PIPELINED)
        self._reading = "headers"
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those after a body are nobody's."""
        if self._reading == "headers":
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Refuse what would mean something else to others, or nothing."""
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        encodings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        _require(version in {"1.0", "1.1"})
        _require(hosts == 1 or (hosts == 0 and version == "1.0"))
        _require(encodings in ([], [b"chunked"]))
        _require(b"#" not in self.url and self.parser.get_method() != b"CONNECT")
        if version == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self._reading = "body"

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there to its end."""
        self._reading, self._unparsed = None, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP when its turn comes, unless another answer to it has begun."""
        answer = malformed("The request is not valid HTTP")
        if self._reading == "body" and self.pipeline:
            self.cycle.keep_alive = False
            self.pipeline[0] = self.cycle, cast(Any, answer.response())
        elif self._reading != "body" and not self._is_answered:
            self.cycle.keep_alive = False  # which ends what comes after it
        elif self._reading == "body" and self.cycle.response_started:
            self.transport.abort()
        else:
            body = answer.body()
            about = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[answer.status] + about + body)
            self.transport.close()


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("no HTTP")  # which the parser raises as its own
