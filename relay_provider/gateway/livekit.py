"""The LiveKit engine: the gateway in front of one's own LiveKit server.

Keeps nothing of the rooms, so that several gateways can run side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from livekit.protocol.models import ParticipantInfo

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.backends.livekit_server import LiveKitServer, one
from relay_provider.config import Connection
from relay_provider.gateway.engine import server_room
from relay_provider.sayna import SaynaParticipant, SaynaRoom

CONNECTIONS: Final = 64
"""To the LiveKit server: other than a run's, requests of many clients wait for each other (measured: 16 answer a sixth
less, 100 no more)."""
# Sayna's own client takes no others.
_KINDS: Final = ("STANDARD", "INGRESS", "EGRESS", "SIP", "AGENT")


class LiveKitEngine:
    """All projects on the one LiveKit server that the settings name."""

    def __init__(self, settings: Connection) -> None:
        # Once more, since a pooled connection may have been closed meanwhile. The gateway's clients retry a 502
        # themselves; retrying here as patiently would multiply their waits.
        self._settings = replace(settings, max_retries=min(settings.max_retries, 1))
        self._server = LiveKitServer(self._settings, CONNECTIONS)
        self._projects: dict[str, LiveKitBackend] = {}

    def project(self, project_id: str) -> LiveKitBackend:
        """The rooms of one project; all share the engine's connections."""
        if project_id not in self._projects:
            self._projects[project_id] = LiveKitBackend(self._settings, self._server, project_id)
        return self._projects[project_id]

    async def find(self, full_name: str) -> SaynaRoom | None:
        room = one(await self._server.rooms(full_name), full_name)
        return server_room(room, full_name, active_recording=room.active_recording) if room else None

    async def people(self, full_name: str) -> list[SaynaParticipant]:
        return [_shown(person) for person in await self._server.participants(full_name)]

    async def aclose(self) -> None:
        await self._server.aclose()


def _shown(person: ParticipantInfo) -> SaynaParticipant:
    return SaynaParticipant(
        identity=person.identity,
        name=person.name,
        sid=person.sid,
        state=_name(ParticipantInfo.State.items(), person.state),
        kind=_name((kind for kind in ParticipantInfo.Kind.items() if kind[0] in _KINDS), person.kind),
        joined_at=person.joined_at,
        metadata=person.metadata,
        attributes=dict(person.attributes),
        is_publisher=person.is_publisher,
    )


def _name(values: Iterable[tuple[str, int]], number: int) -> str:
    """The name of an enumeration's value; UNKNOWN for any other."""
    return next((name for name, value in values if value == number), "UNKNOWN")
