"""Rooms on one's own LiveKit server: with a project ID under `p_<projectId>__<name>`, as Relay has them there, and
without one under their names alone.

`emptyTimeout` becomes both of LiveKit's timeouts: the one until somebody joins, and the one after everybody left.
"""

from __future__ import annotations

import builtins

from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    RemoveParticipantResponse,
    RoomParticipantIdentity,
    UpdateRoomMetadataRequest,
)

from relay_provider.backends.livekit_server import LiveKitServer, one
from relay_provider.backends.prefix import project_prefix
from relay_provider.config import Connection
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
        of = project_id or settings.project_id
        self._prefix = project_prefix(of) if of else ""
        self._server = server or LiveKitServer(settings)
        self.address = self._server.url

    async def create(self, room: RoomInputs) -> LiveRoom:
        timeout = room.empty_timeout or 0  # 0 is the server's default
        made = await self._server.call(
            "CreateRoom",
            full_name := self._prefix + room.name,
            Room,
            CreateRoomRequest,
            name=full_name,
            empty_timeout=timeout,
            departure_timeout=timeout,
            max_participants=room.max_participants or 0,
            metadata=room.metadata or "",
        )
        return self._live("CreateRoom", made, room.name)

    async def list(self) -> builtins.list[LiveRoom]:
        rooms = [room for room in await self._server.rooms() if room.name.startswith(self._prefix)]
        own = {room.name.removeprefix(self._prefix): room for room in rooms}
        # A room that is named like the prefix alone, or not at all, has no name of its own: nobody here made it.
        return [live_room(room, name) for name, room in sorted(own.items()) if name]

    async def get(self, name: str) -> RoomDetail | None:
        full_name = self._prefix + name
        # The list of participants says nothing about the room: it is empty for one that is not live.
        if (room := one(await self._server.rooms(full_name), full_name)) is None:
            return None
        people = [participant(person) for person in await self._server.participants(full_name)]
        people.sort(key=lambda person: (person.joined_at, person.identity))  # the server has no order of its own
        return RoomDetail(**dict(live_room(room, name)), participants=people)

    async def delete(self, name: str) -> None:
        full_name = self._prefix + name
        try:
            await self._server.call("DeleteRoom", full_name, DeleteRoomResponse, DeleteRoomRequest, room=full_name)
        except NotFound:
            return

    async def remove_participant(self, name: str, identity: str) -> bool:
        who = {"room": self._prefix + name, "identity": identity}
        try:
            await self._server.call(
                "RemoveParticipant", who["room"], RemoveParticipantResponse, RoomParticipantIdentity, **who
            )
        except NotFound:
            return False
        return True

    async def update_metadata(self, name: str, metadata: str) -> LiveRoom | None:
        new = {"room": self._prefix + name, "metadata": metadata}
        try:
            room = await self._server.call("UpdateRoomMetadata", new["room"], Room, UpdateRoomMetadataRequest, **new)
        except NotFound:
            return None
        return self._live("UpdateRoomMetadata", room, name)

    async def aclose(self) -> None:
        await self._server.aclose()

    def _live(self, method: str, room: Room, name: str) -> LiveRoom:
        if room.name != self._prefix + name or not room.sid:
            raise self._server.unexpected(method, "another room than it was asked for")
        return live_room(room, name)


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
