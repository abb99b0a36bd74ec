"""One run: of the engine, from Configure to its end, or of a command.

The doors tell it what they see; a create and a delete ask it. So what a run declares, owns and consents to is known in
one place, however the engine orders its steps.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from relay_provider.journal import Journal
from relay_provider.place import Home, Place

KEYS_CHECKED: Final = "RELAY_ROOMS_KEYS_CHECKED"
"""Set by `relay-rooms`: every key that the manifest names is at hand; one that only the state names is an old one."""
MANIFEST: Final = "RELAY_ROOMS_MANIFEST"
"""Set by `relay-rooms --project`: the files that declare rooms beside those that the engine is told of."""
ADOPTING: Final = "RELAY_ROOMS_ADOPTING"
"""Set by `relay-rooms` for a run that takes live rooms into the state: a create makes nothing then."""

Room = tuple[Home, str]
"""A room by its project and its name."""


class Run:
    """What one run knows of the rooms that take part in it.

    `journal` tells it what the engine's other providers declare, make and fail to make: rooms go from one to another.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._lock = threading.Lock()  # a Python program's resources are on threads: what happens has one order for all
        self.began = time.monotonic()
        """What a process has listed before may lack what another process has made since."""
        self.stopping = False
        """Has the engine asked to stop? What has begun is finished then, and no more begun."""
        self._last_declared = self._last_event = self.began
        self._whole = False
        self._declared: dict[Room, str] = {}
        self._homes: dict[str, set[Home]] = {}
        self._replaces: dict[Room, Room] = {}
        self._state: dict[tuple[Place, str, str], Mapping[str, Any]] = {}  # by name and session ID
        self._found: set[tuple[Room, str]] = set()
        self._consents: dict[Room, bool] = {}
        self._forces: dict[str, bool] = {}
        self._made: set[Room] = set()
        self._failed: set[Room] = set()
        self._holders: dict[Room, set[str]] = {}

    def declare(self, room: Room, force: bool, before: Room | None = None, by: str = "") -> str | None:
        """The run declares the room, as a check says.

        `before` is the room that the same resource has had until now, `force` whether an occupied one may be ended for
        it. `by` names the resource; answered is another one that declares the same room.
        """
        if before:  # two resources have one room when the second half of a swap was refused: then both have to consent
            self._consents[before] = force and self._consents.get(before, True)
            self._replaces[room] = before
        return self.declare_all([(room, force, by)]).get(room)

    def declare_all(self, rooms: Collection[tuple[Room, bool, str]]) -> dict[Room, str]:
        """The same of many rooms, each with its `force` and `by`: those that other resources declare, and which."""
        for _, force, by in rooms:
            if by:
                self._forces[by] = force and self._forces.get(by, True)
        self._catch_up()
        self._happened(("declared", room, by) for room, _, by in rooms)
        return {room: other for room, _, by in rooms if by and (other := self._declared[room]) != by}

    def declared_all(self) -> None:
        """Everything that this run declares has been told."""
        self._whole = True

    def quiet_for(self) -> float:
        """Seconds since a room was declared last; endless when everything is."""
        self._catch_up()
        return math.inf if self._whole else time.monotonic() - self._last_declared

    def still_for(self) -> float:
        """Seconds since anything happened."""
        self._catch_up()
        return time.monotonic() - self._last_event

    def cut_short(self, own: Collection[Room]) -> bool:
        """Has a room failed, so that the engine may tell no more of what else is declared? It does not know yet of the
        caller's `own` rooms."""
        self._catch_up()
        return not (self._whole or self._failed.issubset(own))

    def awaits(self, room: Room) -> bool:
        """Has the room been declared, with this key or another one, by a resource that does not have it yet and may
        still come to have it?"""
        declared = [room] if self.declares(room) else self.declares_with_other_keys(room)
        return any(
            not (one in self._made or one in self._failed or self._declared[one] in self._holders.get(one, ()))
            for one in declared
        )

    def declares(self, room: Room) -> bool:
        """Does the run declare this room, by whatever resource of whatever provider?"""
        self._catch_up()
        return room in self._declared

    def declares_with_other_keys(self, room: Room) -> list[Room]:
        """What the run declares by that name there with other keys: rooms of other projects, or this very one."""
        home, name = room
        return [(other, name) for other in tuple(self._homes.get(name, ())) if other != home and other[0] == home[0]]

    def knows(self, room: Room, properties: Mapping[str, Any], by: str = "") -> None:
        """The state has this room, with these properties; `by` is the resource, where that is known."""
        self.know_all([(room, properties, by)])

    def know_all(self, rooms: Collection[tuple[Room, Mapping[str, Any], str]]) -> None:
        """The same of many rooms."""
        self.holds((room, by) for room, _, by in rooms if by)
        for room, properties, _ in rooms:
            if sid := properties.get("sid"):
                self._state[_session(room, sid)] = properties
                self._found.add((room, sid))

    def holds(self, rooms: Iterable[tuple[Room, str]]) -> None:
        """The state has each of these rooms as the one of the resource beside it."""
        self._happened(("held", room, by) for room, by in rooms if by not in self._holders.get(room, ()))

    def owned(self, room: Room, sid: str) -> Mapping[str, Any] | None:
        """The state's properties of the live room of this session ID, with whichever key the state has found it; None
        when it is not the state's."""
        return self._state.get(_session(room, sid))

    def stands(self, room: Room, sid: str) -> bool:
        """Is the live room of this session ID the one that the state has found, or the run has made, with this key?"""
        return (room, sid) in self._found

    def replaces(self, room: Room) -> Room | None:
        """The room that the resource which declares this one has had until now: what a create would replace."""
        return self._replaces.get(room)

    def consents(self, room: Room, in_state: bool, by: str = "") -> bool:
        """May the room be ended with people in it? What this run declares counts more than what the state says.

        `by` is the resource, where it is known: an old room of it, left over from an earlier run, goes by it now. Where
        several have the room, by an interrupted run, each of them has to consent.
        """
        self._catch_up()
        said = [self._forces[one] for one in {by, *self._holders.get(room, ())} if one in self._forces]
        if room in self._consents:
            said.append(self._consents[room])
        return all(said) if said else in_state

    def made(self, room: Room, properties: Mapping[str, Any]) -> None:
        """The declared room stands as declared."""
        self._replaces.pop(room, None)
        self.knows(room, properties)
        self._happened([("made", room, str(properties["sid"]))])

    def failed(self, room: Room) -> None:
        """The declared room could not be made."""
        self._happened([("failed", room, "")])

    def has_failed(self, room: Room) -> bool:
        """Could the declared room not be made?"""
        return room in self._failed

    def _happened(self, events: Iterable[tuple[str, Room, str]]) -> None:
        events = list(events)
        with self._lock:
            for event in events:
                self._apply(*event)
            if self._journal and events:
                said = ((what, place.as_state(), key, name, more) for what, ((place, key), name), more in events)
                self._journal.append(*said)

    def _catch_up(self) -> None:
        with self._lock:
            for what, place, key, name, detail in self._journal.news() if self._journal else ():
                self._apply(what, ((Place.from_state(place), key), name), detail)

    def _apply(self, what: str, room: Room, detail: str) -> None:
        home, name = room
        self._last_event = time.monotonic()
        if what == "declared":
            self._last_declared = time.monotonic()
            self._homes.setdefault(name, set()).add(home)
            self._declared[room] = self._declared.get(room) or detail
        elif what == "made":
            self._failed.discard(room)
            self._made.add(room)
            self._found.add((room, detail))
        elif what == "held":
            self._holders.setdefault(room, set()).add(detail)
        else:
            self._failed.add(room)


def _session(room: Room, sid: str) -> tuple[Place, str, str]:
    (place, _), name = room
    return place, name, sid
