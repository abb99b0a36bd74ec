"""The embedded engine: rooms in this process's memory that behave, and expire, as LiveKit's do.

A room that nobody joins lasts `emptyTimeout` from its creation; after the last participant left, it lasts
`emptyTimeout` again. Without one, LiveKit's defaults hold: 300 and 20 seconds. Expiry is looked at whenever a
project is asked for anything, so nothing runs while nobody asks.
"""

from __future__ import annotations

import builtins
import heapq
import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

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
    deadline: float | None = None
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
            empty_timeout=self.lasts(DEFAULT_DEPARTURE_TIMEOUT),
        )

    def lasts(self, by_default: int) -> int:
        """Seconds that it lasts when it is empty."""
        return self.inputs.empty_timeout or by_default


class RoomFull(Rejected):
    """The room has as many participants as it may have."""


class MemoryProject:
    """One project's rooms (a `Backend`), and the ways into and out of them that WebRTC has elsewhere."""

    in_place = in_place("livekit")
    unreported = unreported("livekit")

    def __init__(self, project_id: str, clock: Clock, epoch: float) -> None:
        self.address = f"memory, project {project_id}"
        self._clock = clock
        self._epoch = epoch
        self._rooms: dict[str, _Room] = {}
        self._deadlines: list[tuple[float, str]] = []

    async def create(self, room: RoomInputs) -> LiveRoom:
        """Create the room; a live room of that name is left as it is, and returned."""
        return (self._room(room.name) or self._open(room)).live()

    async def list(self) -> builtins.list[LiveRoom]:
        """Every live room, sorted by name."""
        self._expire()
        return [self._rooms[name].live() for name in sorted(self._rooms)]

    async def get(self, name: str) -> RoomDetail | None:
        """One room with its participants; None when it is not live."""
        if (room := self._room(name)) is None:
            return None
        people = [person.participant() for person in room.people.values()]
        return RoomDetail(**dict(room.live()), participants=people)

    async def delete(self, name: str) -> None:
        """End the room, whoever is in it."""
        self._expire()
        self._rooms.pop(name, None)

    async def remove_participant(self, name: str, identity: str) -> bool:
        """Disconnect one participant; False when they, or the room, are not there."""
        room = self._room(name)
        if room is None or room.people.pop(identity, None) is None:
            return False
        if not room.people:
            self._empty_for(room, room.lasts(DEFAULT_DEPARTURE_TIMEOUT))
        return True

    async def update_metadata(self, name: str, metadata: str) -> LiveRoom | None:
        """Change the metadata of a live room; None when it is not live."""
        if (room := self._room(name)) is None:
            return None
        room.inputs = room.inputs.model_copy(update={"metadata": metadata})
        return room.live()

    async def aclose(self) -> None:
        """Nothing to close."""

    def join(
        self,
        name: str,
        identity: str,
        display_name: str = "",
        *,
        tracks: int = 0,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> Participant:
        """Put somebody into the room, which is made on demand; the same identity again replaces the first."""
        room = self._room(name) or self._open(RoomInputs(name=name))
        others, limit = len(room.people.keys() - {identity}), room.inputs.max_participants
        if limit and others >= limit:
            raise RoomFull(f"Room {name} is full: it takes {limit} participants.")
        room.people[identity] = person = Person(
            identity=identity,
            name=display_name,
            state="ACTIVE",
            kind="STANDARD",
            joined_at=self._seconds(),
            metadata=metadata,
            attributes=dict(attributes or {}),
            is_publisher=tracks > 0,
            tracks=tracks,
        )
        room.deadline = None
        return person.participant()

    def people(self, name: str) -> builtins.list[SaynaParticipant]:
        """Who is in the room; nobody when it is not live."""
        room = self._room(name)
        return [*room.people.values()] if room else []

    def _open(self, inputs: RoomInputs) -> _Room:
        room = self._rooms[inputs.name] = _Room(inputs, self._seconds())
        self._empty_for(room, room.lasts(DEFAULT_EMPTY_TIMEOUT))
        return room

    def _room(self, name: str) -> _Room | None:
        self._expire()
        return self._rooms.get(name)

    def _seconds(self) -> int:
        return int(self._epoch + self._clock())

    def _empty_for(self, room: _Room, seconds: float) -> None:
        room.deadline = self._clock() + seconds
        heapq.heappush(self._deadlines, (room.deadline, room.inputs.name))
        # Entries of rooms that ended early or were joined stay behind: drop them before they outweigh the rooms.
        if len(self._deadlines) > 2 * len(self._rooms) + 64:
            self._deadlines = [(r.deadline, name) for name, r in self._rooms.items() if r.deadline is not None]
            heapq.heapify(self._deadlines)

    def _expire(self) -> None:
        now = self._clock()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, name = heapq.heappop(self._deadlines)
            room = self._rooms.get(name)
            if room and room.deadline is not None and room.deadline <= now:
                del self._rooms[name]


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
        project, name = self._split(full_name)
        room = await project.get(name) if project else None
        return server_room(room, full_name) if room else None

    async def people(self, full_name: str) -> builtins.list[SaynaParticipant]:
        """Who is in that room."""
        project, name = self._split(full_name)
        return project.people(name) if project else []

    async def aclose(self) -> None:
        """Nothing to close."""

    def _split(self, full_name: str) -> tuple[MemoryProject | None, str]:
        project_id, name = split_name(full_name) or ("", "")
        return self._projects.get(project_id), name
