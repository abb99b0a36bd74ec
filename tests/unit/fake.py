"""A place where rooms live, in memory, with the server's habits: a create of a live room changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, Participant, RoomDetail, RoomInputs
from relay_provider.place import Home, Place
from relay_provider.run import Run


def live_room(name: str = "standup", sid: str = "RM_1", **settings: object) -> LiveRoom:
    defaults = {"max_participants": 0, "creation_time": 1_700_000_000, "metadata": ""}
    return LiveRoom.model_validate({"name": name, "sid": sid, **defaults, **settings}, by_name=True)


def person(identity: str, state: int = 2) -> Participant:
    return Participant(identity=identity, name=identity.title(), state=state, joined_at=1, tracks=0)


class FakeBackend:
    """Rooms by name, who is in them, and every request that was made."""

    address = "memory"

    def __init__(self, *rooms: LiveRoom, in_place: str = "", reports_timeout: bool = False) -> None:
        self.rooms = {room.name: room for room in rooms}
        self.people: dict[str, list[Participant]] = {}
        self.calls: list[tuple[str, ...]] = []
        self.in_place = frozenset({in_place} - {""})
        self.unreported = frozenset[str]() if reports_timeout else frozenset({"emptyTimeout"})
        self.old_answers = 0  # so many creates after a delete still answer with the room that was ended
        self.failure: Exception | None = None
        self.failures: dict[str, Exception] = {}
        """By the names of rooms."""
        self.dispatched: dict[str, list[dict[str, str]]] = {}
        self.ending: list[str] = []
        """Rooms that end just before they are asked for their agents; as often as they stand here."""
        self.closed = False
        self._made = 0
        self._ended: LiveRoom | None = None

    def _asked(self, *call: str) -> None:
        self.calls.append(call)
        if failure := self.failure or self.failures.get(call[-1] if len(call) == 2 else ""):
            raise failure

    async def create(self, room: RoomInputs) -> LiveRoom:
        self._asked("create", room.name)
        if self._ended and self.old_answers:
            self.old_answers -= 1
            return self._ended
        if room.name not in self.rooms:
            self._made += 1
            self.rooms[room.name] = live_room(
                room.name,
                f"RM_new{self._made}",
                max_participants=room.max_participants or 0,
                metadata=room.metadata or "",
                empty_timeout=None if "emptyTimeout" in self.unreported else room.empty_timeout or 300,
            )
        return self.rooms[room.name]

    async def list(self) -> list[LiveRoom]:
        self._asked("list")
        return sorted(self.rooms.values(), key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        self._asked("get", name)
        room = self.rooms.get(name)
        return room and RoomDetail(**dict(room), participants=self.people.get(name, []))

    async def delete(self, name: str) -> None:
        self._asked("delete", name)
        self._ended = self.rooms.pop(name, None)
        self.people.pop(name, None)

    async def remove_participant(self, name: str, identity: str) -> bool:
        self._asked("remove", name, identity)
        before = self.people.get(name, [])
        self.people[name] = [one for one in before if one.identity != identity]
        return len(self.people[name]) < len(before)

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        self._asked("update", room.name, *sorted(changed))
        if room.name not in self.rooms:
            return None
        self.rooms[room.name] = self.rooms[room.name].model_copy(update={"metadata": room.metadata or ""})
        return self.rooms[room.name]

    async def agents(self, name: str) -> list[dict[str, str]] | None:
        self._asked("agents", name)
        if name in self.ending:
            self.rooms.pop(name, None)
            self.ending.remove(name)
        return self.dispatched.get(name, []) if name in self.rooms else None

    async def aclose(self) -> None:
        self.closed = True


PROJECT: Home = (Place("relay", "memory"), "digest of a key")


class House:
    """One project's rooms on a fake backend, in one run; waits are written down, not waited."""

    def __init__(self, *rooms: LiveRoom, **habits: Any) -> None:
        self.backend = FakeBackend(*rooms, **habits)
        self.waits: list[float] = []
        self.rooms = Rooms(self.backend, PROJECT, self.sleep)
        self.run = Run()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def join(self, *identities: str, state: int = 2, room: str = "standup") -> None:
        self.backend.people[room] = [person(identity, state) for identity in identities]

    def declares(self, room: str = "standup", *, force: bool = False, before: str | None = None) -> None:
        """The run's check says so; `before` is the room that the same resource has had."""
        self.run.declare((PROJECT, room), force, (PROJECT, before) if before else None)

    def owns(self, room: str = "standup", sid: str = "RM_1", **properties: Any) -> None:
        """The run's state says so."""
        self.run.knows((PROJECT, room), {"name": room, "sid": sid, **properties})

    async def create(self, room: RoomInputs, secret: tuple[str, ...] = ()) -> LiveRoom:
        return await self.rooms.create(room, self.run, secret)

    async def read(self, room: str = "standup", state: Mapping[str, Any] | None = None) -> LiveRoom | None:
        return await self.rooms.read(room, self.run, state)

    async def update(self, old: Mapping[str, Any], new: RoomInputs, secret: tuple[str, ...] = ()) -> LiveRoom | None:
        return await self.rooms.update(old, new, self.run, secret)

    async def delete(self, room: str = "standup", *, force: bool = False, sid: str | None = "RM_1") -> None:
        await self.rooms.delete(room, self.run, force=force, sid=sid)

    @property
    def did(self) -> list[str]:
        return [call[0] for call in self.backend.calls]


def wanted(**settings: Any) -> RoomInputs:
    return RoomInputs(name="standup", **settings)
