"""Answers in a server's stead: what a client makes of each, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from multidict import CIMultiDict

from relay_provider.backends.answers import Answer
from relay_provider.backends.http import Http


class Request(NamedTuple):
    """What was sent."""

    method: str
    url: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer; a body that is neither bytes nor a string goes as JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return Answer(status, CIMultiDict(headers or {}), text.encode() if isinstance(text, str) else text)


def stand_in(http: Http, reply: Callable[[Request], Answer]) -> None:
    """Let `reply` answer for the server that `http` asks; the network's own failures are what it raises."""

    async def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        return reply(Request(method, http.base_url + path, path, headers, body))

    http._exchange.send = send  # type: ignore[method-assign]
