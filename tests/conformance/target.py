"""What the conformance suite is run against, and a client that sends paths exactly as given."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

T = TypeVar("T")

GIVE_UP_AFTER = 30.0


class Person(Protocol):
    """Somebody who was put into a room."""

    def leave(self) -> None:
        """Go, of their own will."""

    def is_connected(self) -> bool:
        """Are they still in the room, as they see it?"""


Join = Callable[..., Person]
"""`join(room, identity, name="", tracks=0)`: put somebody into a room of the first project."""


@dataclass(frozen=True)
class Target:
    """A served Rooms API. Tests that need what it lacks are skipped; `ours` says that nobody else's rooms are there."""

    url: str
    key: str
    other_key: str | None = None
    join: Join | None = None
    all_leave: Callable[[], None] = lambda: None
    ours: bool = True


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's type, once its body has been found to be as documented."""
        assert self.content_type.startswith("application/json"), self
        assert set(self.json) == {"error"}, self
        assert set(self.json["error"]) == {"type", "code", "message"}, self
        assert all(isinstance(text, str) and text for text in self.json["error"].values()), self
        return str(self.json["error"]["type"])

    @property
    def failed_validation(self) -> bool:
        """422, with one of the two types that the document has for it."""
        return self.status == 422 and self.error in ("validation_error", "invalid_request")


class Api:
    """The five operations, by hand."""

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._key = key

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request; `headers` replaces those that are usual."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key is not None else {}
            headers |= {"Content-Type": "application/json"} if body is not None else {}
        connection = self._connect(self._host, self._port, timeout=30)
        try:
            connection.request(method, self._path + path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def create(self, body: Any) -> Answer:
        return self.call("POST", "/rooms", json.dumps(body).encode())

    def list(self) -> Answer:
        return self.call("GET", "/rooms")

    def inspect(self, name: str) -> Answer:
        return self.call("GET", f"/rooms/{segment(name)}")

    def end(self, name: str) -> Answer:
        return self.call("DELETE", f"/rooms/{segment(name)}")

    def remove(self, name: str, identity: str) -> Answer:
        return self.call("DELETE", f"/rooms/{segment(name)}/participants/{segment(identity)}")

    def listed(self, name: str) -> dict[str, Any] | None:
        """The room's entry in the list; None when it is not there."""
        rooms = [room for room in self.list().json["rooms"] if room["room"] == name]
        assert len(rooms) <= 1
        return rooms[0] if rooms else None

    def identities(self, name: str) -> list[str]:
        return sorted(person["identity"] for person in self.inspect(name).json["participants"])


def segment(text: str) -> str:
    """One path segment; dots are encoded too, since a lone `..` would mean another path."""
    return quote(text, safe="").replace(".", "%2E")


def eventually(probe: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is as wanted; the last answer when it never is."""
    until = time.monotonic() + GIVE_UP_AFTER
    while not wanted(found := probe()) and time.monotonic() < until:
        time.sleep(0.1)
    return found
