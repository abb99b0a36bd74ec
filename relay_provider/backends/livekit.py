"""Rooms on one's own LiveKit server: with a project ID under `p_<projectId>__<name>`, as Relay has them there, and
without one under their names alone.

`emptyTimeout` becomes both of LiveKit's timeouts, the one until somebody joins and the one after everybody left, unless
`livekit.departureTimeout` says the second.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final

from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)
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
from relay_provider.backends.prefix import prefix_of
from relay_provider.config import Connection
from relay_provider.errors import NotFound, Unavailable
from relay_provider.livekit_room import Agent
from relay_provider.model import AGENTS, LiveRoom, Participant, RoomDetail, RoomInputs, in_place, unreported
from relay_provider.room_config import creation

_SERVING: Final = (ParticipantInfo.Kind.AGENT, ParticipantInfo.Kind.EGRESS)


class LiveKitBackend:
    """One project on a LiveKit server."""

    in_place = in_place("livekit")
    unreported = unreported("livekit")

    def __init__(
        self, settings: Connection, server: LiveKitServer | None = None, project_id: str | None = None
    ) -> None:
        """The settings' project, on a session of its own; or `project_id`'s on the session of `server`."""
        self._prefix = prefix_of(project_id or settings.project_id)
        self._server = server or LiveKitServer(settings)
        self.address = self._server.url

    @property
    def ahead(self) -> float | None:
        return self._server.ahead

    async def create(self, room: RoomInputs) -> LiveRoom:
        new = {"name": self._prefix + room.name, **creation(room.props())}
        made = await self._server.call("CreateRoom", new["name"], Room, CreateRoomRequest, **new)
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

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        full_name = self._prefix + room.name
        try:
            if "metadata" in changed:
                new = {"room": full_name, "metadata": room.metadata or ""}
                found = await self._server.call("UpdateRoomMetadata", full_name, Room, UpdateRoomMetadataRequest, **new)
            elif (listed := one(await self._server.rooms(full_name), full_name)) is None:
                return None
            else:
                found = listed
            if AGENTS in changed:
                await self._dispatch(full_name, room.livekit.agents or () if room.livekit else ())
        except NotFound:
            return None
        return self._live("UpdateRoomMetadata", found, room.name)

    async def _dispatch(self, full_name: str, agents: Iterable[Agent]) -> None:
        """Withdraw the agents that are too many in a live room, and dispatch those that are missing."""
        missing = [(one.agent_name, one.metadata or "") for one in agents]
        # First what is there: it says that the room is live, for a dispatch to one that is not would make it.
        for there in await self._dispatches(full_name):
            if (told := (there.agent_name, there.metadata)) in missing:
                missing.remove(told)
            else:
                gone = {"room": full_name, "dispatch_id": there.id}
                with suppress(NotFound):
                    await self._server.call(
                        "DeleteDispatch", full_name, AgentDispatch, DeleteAgentDispatchRequest, **gone
                    )
        for name, metadata in missing:
            new = {"room": full_name, "agent_name": name, "metadata": metadata}
            await self._server.call("CreateDispatch", full_name, AgentDispatch, CreateAgentDispatchRequest, **new)

    async def agents(self, name: str) -> builtins.list[dict[str, str]] | None:
        try:
            found = await self._dispatches(self._prefix + name)
        except NotFound:
            return None
        told = sorted((there.agent_name, there.metadata) for there in found)
        return [{"agentName": name, **({"metadata": metadata} if metadata else {})} for name, metadata in told]

    async def _dispatches(self, full_name: str) -> builtins.list[AgentDispatch]:
        """Those of agents that have a name: a room without any has one for whichever worker has none. Raises NotFound
        for a room that is not live."""

        async def asked(retries: int | None = None) -> ListAgentDispatchResponse:
            kinds = ListAgentDispatchResponse, ListAgentDispatchRequest
            return await self._server.call("ListDispatch", full_name, *kinds, retries, room=full_name)

        try:
            answer = await asked(0)
        except Unavailable:
            # So the server answers, after 3 s, for a room that is not live: no node has it.
            if one(await self._server.rooms(full_name), full_name) is None:
                raise NotFound(f'Room "{full_name}" is not live at {self.address}.') from None
            answer = await asked()
        return [there for there in answer.agent_dispatches if there.agent_name]

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
        empty_timeout=room.empty_timeout,
        departure_timeout=room.departure_timeout or room.empty_timeout,
    )


def participant(person: ParticipantInfo) -> Participant:
    """LiveKit's participant."""
    return Participant(
        identity=person.identity,
        name=person.name,
        state=person.state,
        joined_at=person.joined_at,
        tracks=len(person.tracks),
        # As the server sees it: neither keeps a room alive, nor counts in it.
        serves=person.kind in _SERVING or person.permission.agent or person.permission.recorder,
    )
