"""Real participants: WebRTC clients that join a room, publish, leave, and notice when they are thrown out.

They live in a process of their own (`tests/livekit/clients.py`): the client library's native threads may abort the
process that they are in when it ends.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.livekit.beside import beside
from tests.livekit.server import LiveKit


class People:
    """Everybody that tests have put into rooms."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lock = threading.Lock()

    def join(
        self,
        full_name: str,
        identity: str,
        name: str = "",
        tracks: int = 0,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> Person:
        """Connect to the room of this name on the server, and publish as many audio tracks."""
        about = {"name": name, "tracks": tracks, "metadata": metadata, "attributes": dict(attributes or {})}
        return Person(self, self.ask("join", room=full_name, identity=identity, **about))

    def join_with(self, token: str) -> Person:
        """Connect with a token, which says where and as whom."""
        return Person(self, self.ask("join with", token=token))

    def all_leave(self) -> None:
        """Everybody goes: a connected client keeps a core busy, also where nothing is said."""
        self.ask("leave all")

    def ask(self, what: str, **about: Any) -> Any:
        """One request to the clients' process."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps({"do": what, **about}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "the clients\' process has ended"}')
        assert "error" not in answer, answer["error"]
        return answer["answer"]


@dataclass(frozen=True)
class Person:
    """One connected client."""

    people: People
    number: int

    def leave(self) -> None:
        """Go, of their own will."""
        self.people.ask("leave", number=self.number)

    def is_connected(self) -> bool:
        """Are they still in the room, as they see it?"""
        return bool(self.people.ask("look", number=self.number)["connected"])

    def room_metadata(self) -> str:
        """The room's metadata, as they see it."""
        return str(self.people.ask("look", number=self.number)["metadata"])


@contextmanager
def real_people(livekit: LiveKit) -> Iterator[People]:
    """People who leave when the block ends."""
    with beside("tests.livekit.clients", livekit) as process:
        yield People(process)
