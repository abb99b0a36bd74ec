"""A backend in this process, which can change metadata in place as LiveKit can."""

from __future__ import annotations

from collections.abc import Collection

from relay_provider.model import LiveRoom, RoomDetail, RoomInputs


class Here:
    """Rooms in this process."""

    address = "here"
    in_place = frozenset({"metadata"})
    unreported = frozenset({"emptyTimeout"})

    def __init__(self, *_: object) -> None:
        self.rooms: dict[str, LiveRoom] = {}

    async def create(self, room: RoomInputs) -> LiveRoom:
        made = LiveRoom(
            room=room.name,
            sid=f"RM_{len(self.rooms)}",
            max_participants=room.max_participants or 0,
            creation_time=1,
            metadata=room.metadata or "",
        )
        return self.rooms.setdefault(room.name, made)

    async def list(self) -> list[LiveRoom]:
        return sorted(self.rooms.values(), key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        room = self.rooms.get(name)
        return RoomDetail(**{**room.model_dump(), "room": room.name}, participants=[]) if room else None

    async def delete(self, name: str) -> None:
        self.rooms.pop(name, None)

    async def remove_participant(self, name: str, identity: str) -> bool:
        return name in self.rooms

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        if room.name in self.rooms:
            found = self.rooms[room.name]
            self.rooms[room.name] = found.model_copy(update={"metadata": room.metadata or ""})
        return self.rooms.get(room.name)

    async def agents(self, name: str) -> list[dict[str, str]]:
        return []

    async def aclose(self) -> None:
        """Nothing to close."""
