"""Rooms on one's own LiveKit server, under `p_<projectId>__<name>` as Relay has them there.

`emptyTimeout` becomes both of LiveKit's timeouts: the one until somebody joins, and the one after everybody left.
"""

from __future__ import annotations

import builtins

from livekit.protocol.models import ParticipantInfo, Room

from relay_provider.backends.livekit_server import LiveKitServer, one
from relay_provider.backends.prefix import project_prefix
from relay_provider.config import Connection, required
from relay_provider.errors import NotFound
from relay_provider.model import LiveRoom, Participant, RoomDetail, RoomInputs, in_place, unreported


class LiveKitBackend:
    """One project on a LiveKit server."""

    in_place = in_place("livekit")
    unreported = unreported("livekit")

    def __init__(
        self, settings: Connection, server: LiveKitServer | None = None, project_id: str | None = None
    ) -> None:
        """The settings' project, on a session of its own; or `project_id`'s on the session of `server`."""
        self._prefix = project_prefix(project_id or required(settings.project_id, "projectId"))
        self._server = server or LiveKitServer(settings)
        self.address = self._server.url

    async def create(self, room: RoomInputs) -> LiveRoom:
        """Create the room; a live room of that name is left as it is, and returned."""
        timeout = room.empty_timeout or 0  # 0 is the server's default
        made = await self._server.create(
            name=self._prefix + room.name,
            empty_timeout=timeout,
            departure_timeout=timeout,
            max_participants=room.max_participants or 0,
            metadata=room.metadata or "",
        )
        return self._live("CreateRoom", made, room.name)

    async def list(self) -> builtins.list[LiveRoom]:
        """Every live room of the project, sorted by name."""
        found = [room for room in await self._server.rooms() if self._is_own(room)]
        return sorted((live_room(room, self._own_name(room)) for room in found), key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        """One room with its participants; None when it is not live."""
        full_name = self._prefix + name
        # The list of participants says nothing about the room: it is empty for one that is not live.
        if (room := one(await self._server.rooms(full_name), full_name)) is None:
            return None
        people = [participant(person) for person in await self._server.participants(full_name)]
        people.sort(key=lambda person: (person.joined_at, person.identity))  # the server has no order of its own
        return RoomDetail(**dict(live_room(room, name)), participants=people)

    async def delete(self, name: str) -> None:
        """End the room; success when it is gone already."""
        try:
            await self._server.delete(self._prefix + name)
        except NotFound:
            return

    async def remove_participant(self, name: str, identity: str) -> bool:
        """Disconnect one participant; False when they, or the room, are not there."""
        try:
            await self._server.remove_participant(self._prefix + name, identity)
        except NotFound:
            return False
        return True

    async def update_metadata(self, name: str, metadata: str) -> LiveRoom | None:
        """Change the metadata of a live room; None when it is not live."""
        try:
            room = await self._server.update_metadata(self._prefix + name, metadata)
        except NotFound:
            return None
        return self._live("UpdateRoomMetadata", room, name)

    async def aclose(self) -> None:
        """Close every connection of the server."""
        await self._server.aclose()

    def _live(self, method: str, room: Room, name: str) -> LiveRoom:
        if room.name != self._prefix + name or not room.sid:
            raise self._server.unexpected(method, "another room than it was asked for")
        return live_room(room, name)

    def _is_own(self, room: Room) -> bool:
        # A room that is named like the prefix alone has no name of its own, so nobody here made it.
        return room.name.startswith(self._prefix) and room.name != self._prefix

    def _own_name(self, room: Room) -> str:
        return room.name.removeprefix(self._prefix)


def live_room(room: Room, name: str) -> LiveRoom:
    """LiveKit's room under its display name."""
    return LiveRoom(
        room=name,
        sid=room.sid,
        num_participants=room.num_participants,
        max_participants=room.max_participants,
        creation_time=room.creation_time,
        metadata=room.metadata,
        # The document's emptyTimeout is the one after the last participant left; where a join made the room, the two
        # timeouts differ.
        empty_timeout=room.departure_timeout or room.empty_timeout,
    )


def participant(person: ParticipantInfo) -> Participant:
    """LiveKit's participant."""
    return Participant(
        identity=person.identity,
        name=person.name,
        state=person.state,
        joined_at=person.joined_at,
        tracks=len(person.tracks),
    )
