"""What the gateway needs of the place where its rooms live.

An engine gives each project a `Backend` (the protocol the provider itself speaks), and shows any room of the server
under its full name, which the second document (`GET /livekit/rooms/…`) asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from relay_provider.backends.base import Backend


@dataclass(frozen=True, slots=True)
class ServerRoom:
    """A room as the server knows it, under its full name."""

    name: str
    sid: str
    num_participants: int
    max_participants: int
    creation_time: int
    metadata: str
    active_recording: bool = False


@dataclass(frozen=True, slots=True)
class ServerParticipant:
    """Somebody in a room, with all that the server knows of them; `state` and `kind` are LiveKit's names."""

    identity: str
    name: str
    sid: str
    state: str
    kind: str
    joined_at: int
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_publisher: bool = False


class Engine(Protocol):
    """All rooms of one server. Safe for concurrent use within one event loop; raises `relay_provider.errors` only."""

    def project(self, project_id: str) -> Backend:
        """The rooms of one project; its `aclose` is not called, the engine's is."""

    async def find(self, full_name: str) -> ServerRoom | None:
        """The room of exactly this name on the server, whichever project it belongs to."""

    async def people(self, full_name: str) -> tuple[ServerParticipant, ...]:
        """Who is in that room."""

    async def aclose(self) -> None:
        """Close every connection."""
