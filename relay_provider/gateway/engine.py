"""What the gateway needs of the place where its rooms live.

An engine gives each project a `Backend` (the protocol the provider itself speaks), and shows any room of the server
under its full name, which the second document (`GET /livekit/rooms/…`) asks for.
"""

from __future__ import annotations

from typing import Protocol

from relay_provider.backends.base import Backend
from relay_provider.sayna import SaynaParticipant, SaynaRoom


def server_room(room: object, full_name: str, *, active_recording: bool = False) -> SaynaRoom:
    """A room as the second document has it, without its people; `room` has the attributes that LiveKit's rooms have."""
    shared = ("sid", "num_participants", "max_participants", "creation_time", "metadata")
    facts = {name: getattr(room, name) for name in shared}
    return SaynaRoom(name=full_name, active_recording=active_recording, participants=[], **facts)


class Engine(Protocol):
    """All rooms of one server. Safe for concurrent use within one event loop; raises `relay_provider.errors` only."""

    def project(self, project_id: str) -> Backend:
        """The rooms of one project; its `aclose` is not called, the engine's is."""

    async def find(self, full_name: str) -> SaynaRoom | None:
        """The room of exactly this name on the server, whichever project it belongs to; without its people."""

    async def people(self, full_name: str) -> list[SaynaParticipant]:
        """Who is in that room, each with the metadata string that they have there."""

    async def aclose(self) -> None:
        """Close every connection."""
