"""The embedded engine: rooms in this process's memory that behave, and expire, as LiveKit's do.

A room that nobody joins lasts `emptyTimeout` from its creation; after the last participant left, it lasts
`emptyTimeout` again. Without one, LiveKit's defaults hold: 300 and 20 seconds. Expiry is looked at when a room is asked
for, so nothing runs while nobody asks.
"""

from __future__ import annotations

import builtins
import math
import secrets
import string
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from relay_provider.backends.prefix import project_prefix, split_name
from relay_provider.errors import Rejected
from relay_provider.gateway.engine import server_room
from relay_provider.model import LiveRoom, Participant, RoomDetail, RoomInputs, in_place, unreported
from relay_provider.sayna import SaynaParticipant, SaynaRoom

DEFAULT_EMPTY_TIMEOUT: Final = 300
DEFAULT_DEPARTURE_TIMEOUT: Final = 20
ACTIVE: Final = 2

_ALPHABET: Final = string.ascii_letters + string.digits

Clock = Callable[[], float]


def _new_sid(kind: str) -> str:
    return kind + "".join(secrets.choice(_ALPHABET) for _ in range(12))


class Person(SaynaParticipant):
    """Somebody in a room of the memory engine, as the second document shows them."""

    sid: str = Field(default_factory=lambda: _new_sid("PA_"))
    tracks: int

    def participant(self) -> Participant:
        """As the first document shows them."""
        return Participant(
            identity=self.identity, name=self.name, state=ACTIVE, joined_at=self.joined_at, tracks=self.tracks
        )


@dataclass(slots=True)
class _Room:
    inputs: RoomInputs
    creation_time: int
    deadline: float
    """When it ends, by the engine's clock."""
    sid: str = field(default_factory=lambda: _new_sid("RM_"))
    people: dict[str, Person] = field(default_factory=dict)

    def live(self) -> LiveRoom:
        return LiveRoom(
            room=self.inputs.name,
            sid=self.sid,
            num_participants=len(self.people),
            max_participants=self.inputs.max_participants or 0,
            creation_time=self.creation_time,
            metadata=self.inputs.metadata or "",
            empty_timeout=self.departure_timeout,
        )

    @property
    def departure_timeout(self) -> int:
        """Seconds that it lasts when all have left."""
        return self.inputs.empty_timeout or DEFAULT_DEPARTURE_TIMEOUT


class MemoryProject:
    """One project's rooms (a `Backend`), and the ways into and out of them that WebRTC has elsewhere."""

    in_place = in_place("livekit")
    unreported = unreported("livekit")
    ahead = 0.0

    def __init__(self, project_id: str, clock: Clock, epoch: float) -> None:
        self.address = f"memory, project {project_id}"
        self._clock = clock
        self._epoch = epoch
        self._rooms: dict[str, _Room] = {}
        self._many = 0

    async def create(self, room: RoomInputs) -> LiveRoom:
        return (self.room(room.name) or self._open(room)).live()

    async def list(self) -> builtins.list[LiveRoom]:
        self._sweep()
        return [self._rooms[name].live() for name in sorted(self._rooms)]

    async def get(self, name: str) -> RoomDetail | None:
        if (room := self.room(name)) is None:
            return None
        people = [person.participant() for person in room.people.values()]
        return RoomDetail(**dict(room.live()), participants=people)

    async def delete(self, name: str) -> None:
        self._rooms.pop(name, None)

    async def remove_participant(self, name: str, identity: str) -> bool:
        room = self.room(name)
        if room is None or room.people.pop(identity, None) is None:
            return False
        if not room.people:
            room.deadline = self._clock() + room.departure_timeout
        return True

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        if (found := self.room(room.name)) is None:
            return None
        found.inputs = found.inputs.model_copy(update={"metadata": room.metadata})
        return found.live()

    async def agents(self, name: str) -> builtins.list[dict[str, str]]:
        return []

    async def aclose(self) -> None:
        """Nothing to close."""

    def join(self, room_name: str, identity: str, **about: Any) -> Participant:
        """Put somebody into the room, which is made on demand; the same identity again replaces the first.
        Raises Rejected when it is full.

        `about` is what they bring: `tracks`, and `name`, `metadata` and `attributes` as the second document has them.
        """
        room = self.room(room_name) or self._open(RoomInputs(name=room_name))
        others, limit = len(room.people.keys() - {identity}), room.inputs.max_participants
        if limit and others >= limit:
            raise Rejected(f"Room {room_name} is full: it takes {limit} participants.")
        room.people[identity] = person = Person(
            identity=identity,
            state="ACTIVE",
            kind="STANDARD",
            joined_at=self._seconds(),
            is_publisher=about["tracks"] > 0,
            **about,
        )
        room.deadline = math.inf
        return person.participant()

    def _open(self, inputs: RoomInputs) -> _Room:
        if len(self._rooms) > self._many:  # those that expired and are not asked for any more must not pile up
            self._sweep()
            self._many = 2 * len(self._rooms) + 64
        lasts = inputs.empty_timeout or DEFAULT_EMPTY_TIMEOUT
        room = self._rooms[inputs.name] = _Room(inputs, self._seconds(), self._clock() + lasts)
        return room

    def room(self, name: str) -> _Room | None:
        """The room itself; None when it is not live."""
        room = self._rooms.get(name)
        return room if room and room.deadline > self._clock() else None

    def _seconds(self) -> int:
        return int(self._epoch + self._clock())

    def _sweep(self) -> None:
        now = self._clock()
        self._rooms = {name: room for name, room in self._rooms.items() if room.deadline > now}


class MemoryEngine:
    """All projects of this process. `clock` counts seconds that only go forwards; tests bring their own."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._epoch = time.time() - clock()
        self._projects: dict[str, MemoryProject] = {}

    def project(self, project_id: str) -> MemoryProject:
        """The rooms of one project, empty at first."""
        if project_id not in self._projects:
            project_prefix(project_id)
            self._projects[project_id] = MemoryProject(project_id, self._clock, self._epoch)
        return self._projects[project_id]

    async def find(self, full_name: str) -> SaynaRoom | None:
        """The room of this name, which is `p_<projectId>__<name>` here as it is on LiveKit."""
        room = self._room(full_name)
        return server_room(room.live(), full_name) if room else None

    async def people(self, full_name: str) -> builtins.list[SaynaParticipant]:
        """Who is in that room."""
        room = self._room(full_name)
        return [*room.people.values()] if room else []

    async def aclose(self) -> None:
        """Nothing to close."""

    def _room(self, full_name: str) -> _Room | None:
        project_id, name = split_name(full_name) or ("", "")
        project = self._projects.get(project_id)
        return project.room(name) if project else None
