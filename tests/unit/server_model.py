"""A server in memory, with the habits of the Rooms API or of LiveKit, that tells of every room that a request ends.

A create of a live room changes nothing, a join makes a room, and the list's count of people lags.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from relay_provider.errors import Unavailable
from relay_provider.model import LiveRoom, Participant, RoomDetail, RoomInputs, in_place, unreported

Kind = Literal["relay", "livekit"]
Fault = Literal["down", "lost", "killed before", "killed after", "not found", "still there"]
"""A request fails before or after it had its effect; the process is killed; a GET does not find a room that is there; a
create is answered with the room that was just ended."""

DEFAULT_TIMEOUT = 300


class Killed(BaseException):
    """The process is gone, in the middle of a request."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room as it really is, whatever a server reports of it."""

    name: str
    sid: str
    most: int = 0
    timeout: int = DEFAULT_TIMEOUT
    metadata: str = ""
    people: frozenset[str] = frozenset()
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """A room that was ended by a request."""

    project: str
    room: Room


@dataclass
class Server:
    """Every project's rooms, and what happened to them."""

    kind: Kind
    rooms: dict[tuple[str, str], Room] = field(default_factory=dict)
    on_end: Callable[[Ended], None] = lambda ended: None
    writes: int = 0
    fault: tuple[int, Fault] | None = None
    """The request, counted from here, that goes wrong, and how; once."""
    faulty: bool = False
    """Has a request failed since this was last set to False?"""
    clock: float = 0.0
    """Seconds: those that were waited for, and a moment for each look at it."""

    def __post_init__(self) -> None:
        self._sids = count(1)
        self._counted: dict[str, int] = {}
        self._ended: dict[tuple[str, str], Room] = {}

    # What people do

    def make(self, project: str, name: str, **settings: int | str | bool) -> Room:
        """A new room; one of that name must not be live."""
        assert (project, name) not in self.rooms
        made = Room(name, f"RM_{next(self._sids)}", **settings)  # type: ignore[arg-type]
        self.rooms[project, name] = made
        return made

    def join(self, project: str, name: str, identity: str) -> None:
        room = self.rooms.get((project, name)) or self.make(project, name)
        self._counted.setdefault(room.sid, len(room.people))
        self.rooms[project, name] = replace(room, people=room.people | {identity})

    def leave(self, project: str, name: str) -> None:
        room = self.rooms[project, name]
        self._counted.setdefault(room.sid, len(room.people))
        self.rooms[project, name] = replace(room, people=frozenset())

    def end_by_hand(self, project: str, name: str) -> None:
        self.rooms.pop((project, name), None)

    def settle(self) -> None:
        """Time passes: the list's counts are right again."""
        self._counted.clear()

    def now(self) -> float:
        self.clock += 1e-6
        return self.clock

    # What a request is answered

    def goes_wrong(self, *here: Fault) -> bool:
        """Is this the request that goes wrong, in one of these ways?"""
        if self.fault is None or self.fault[1] not in here:
            return False
        after, kind = self.fault
        self.fault = (after - 1, kind) if after else None
        if after:
            return False
        self.faulty |= kind in ("down", "lost")
        return True

    def before(self) -> None:
        if self.goes_wrong("killed before"):
            raise Killed
        if self.goes_wrong("down"):
            raise Unavailable("The server is down.")

    def after(self) -> None:
        if self.goes_wrong("killed after"):
            raise Killed
        if self.goes_wrong("lost"):
            raise Unavailable("The answer was lost.")

    def reported(self, room: Room, *, listed: bool = False) -> LiveRoom:
        people = self._counted.get(room.sid, len(room.people)) if listed else len(room.people)
        return LiveRoom(
            name=room.name,
            sid=room.sid,
            num_participants=people,
            max_participants=room.most,
            creation_time=1,
            metadata=room.metadata,
            empty_timeout=None if "emptyTimeout" in unreported(self.kind) else room.timeout,
        )

    def remember_ended(self, project: str, room: Room) -> None:
        self._ended[project, room.name] = room
        self.on_end(Ended(project, room))

    def ended_before(self, project: str, name: str) -> Room | None:
        return self._ended.get((project, name))


class Backend:
    """One project of the server, through one key."""

    place = "the server"

    def __init__(self, server: Server, project: str) -> None:
        self._server, self._project = server, project
        self.in_place, self.unreported = in_place(server.kind), unreported(server.kind)

    async def create(self, room: RoomInputs) -> LiveRoom:
        server = self._server
        server.before()
        old = server.ended_before(self._project, room.name)
        if old and (self._project, room.name) not in server.rooms and server.goes_wrong("still there"):
            return server.reported(old)
        if (self._project, room.name) not in server.rooms:
            server.writes += 1
            timeout = room.empty_timeout or DEFAULT_TIMEOUT
            most, metadata = room.max_participants or 0, room.metadata or ""
            server.make(self._project, room.name, most=most, timeout=timeout, metadata=metadata, by_hand=False)
        server.after()
        return server.reported(server.rooms[self._project, room.name])

    async def list(self) -> list[LiveRoom]:
        self._server.before()
        found = sorted(where for where in self._server.rooms if where[0] == self._project)
        answer = [self._server.reported(self._server.rooms[where], listed=True) for where in found]
        self._server.after()
        return answer

    async def get(self, name: str) -> RoomDetail | None:
        self._server.before()
        room = self._server.rooms.get((self._project, name))
        self._server.after()
        if room is None or self._server.goes_wrong("not found"):
            return None
        people = [Participant(identity=one, name=one, state=2, joined_at=1, tracks=0) for one in sorted(room.people)]
        return RoomDetail(**dict(self._server.reported(room)), participants=people)

    async def delete(self, name: str) -> None:
        self._server.before()
        if room := self._server.rooms.pop((self._project, name), None):
            self._server.writes += 1
            self._server.remember_ended(self._project, room)
        self._server.after()

    async def update(self, wanted: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        self._server.before()
        room = self._server.rooms.get((self._project, wanted.name))
        if room is not None:
            self._server.writes += 1
            metadata = wanted.metadata or ""
            room = self._server.rooms[self._project, wanted.name] = replace(room, metadata=metadata)
        self._server.after()
        return room and self._server.reported(room)

    async def agents(self, name: str) -> list[dict[str, str]]:
        return []

    async def remove_participant(self, name: str, identity: str) -> bool:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing is open."""
