"""What others do to rooms behind the manifest's back, on a LiveKit server, with livekit-api and real clients."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from livekit import api
from livekit.protocol.room import RoomConfiguration

from tests.conformance.target import eventually
from tests.livekit.people import People, Person
from tests.livekit.server import LiveKit


@dataclass(frozen=True)
class Behind:
    """Somebody with a key of the server. Names are those on the server."""

    server: LiveKit
    people: People

    def ask(self, work: Callable[[api.LiveKitAPI], Awaitable[Any]]) -> Any:
        """Ask the server something."""

        async def run() -> Any:
            async with api.LiveKitAPI(self.server.url, self.server.key, self.server.secret) as client:
                return await work(client)

        return asyncio.run(run())

    def rooms(self, *names: str) -> dict[str, api.Room]:
        """The live rooms, of these names."""
        found = self.ask(lambda client: client.room.list_rooms(api.ListRoomsRequest(names=names)))
        return {room.name: room for room in found.rooms}

    def end(self, name: str) -> None:
        self.ask(lambda client: client.room.delete_room(api.DeleteRoomRequest(room=name)))

    def make(self, name: str, **settings: Any) -> None:
        """Make a room; without timeouts, it is a lasting one."""
        wanted = {"empty_timeout": 900, "departure_timeout": 900, **settings}
        agents = [api.RoomAgentDispatch(**agent) for agent in wanted.pop("agents", ())]
        self.ask(lambda client: client.room.create_room(api.CreateRoomRequest(name=name, agents=agents, **wanted)))

    def make_anew(self, name: str, **settings: Any) -> None:
        """End a room, and make one of its name."""
        self.end(name)
        self.make(name, **settings)

    def tell(self, name: str, metadata: str) -> None:
        """Change a room's metadata."""
        new = api.UpdateRoomMetadataRequest(room=name, metadata=metadata)
        self.ask(lambda client: client.room.update_room_metadata(new))

    def dispatch(self, name: str, agent: str, metadata: str = "") -> None:
        """Send an agent to a room."""
        new = api.CreateAgentDispatchRequest(room=name, agent_name=agent, metadata=metadata)
        self.ask(lambda client: client.agent_dispatch.create_dispatch(new))

    def withdraw(self, name: str, agent: str) -> None:
        """Call an agent back."""

        async def run(client: api.LiveKitAPI) -> None:
            for one in await client.agent_dispatch.list_dispatch(name):
                if one.agent_name == agent:
                    await client.agent_dispatch.delete_dispatch(one.id, name)

        self.ask(run)

    def join(self, name: str, *, config: RoomConfiguration | None = None, **token: Any) -> Person:
        """Join, with a token of this room configuration; see `token`."""
        return self.people.join_with(self.token(name, config=config, **token))

    def token(
        self,
        name: str,
        *,
        identity: str = "ana",
        kind: Any = "standard",
        config: RoomConfiguration | None = None,
        **grants: Any,
    ) -> str:
        made = api.AccessToken(self.server.key, self.server.secret).with_identity(identity).with_kind(kind)
        made = made.with_grants(api.VideoGrants(room_join=True, room=name, **grants))
        return (made.with_room_config(config) if config else made).to_jwt()

    def expired(self, *names: str) -> None:
        """Wait until these rooms are gone by themselves."""
        assert eventually(lambda: self.rooms(*names), lambda found: not found) == {}
