"""What the provider means: create, read, update and delete of a room, whichever door asks.

Knows nothing of Pulumi. Nobody is disconnected unless the room's `forceDestroy` says so, and a room that the run
declares is never ended by a delete.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio

from relay_provider import agents, changes, guard
from relay_provider.backends.base import Backend
from relay_provider.changes import Diff, outputs
from relay_provider.drift import differences
from relay_provider.errors import NotFound, RelayError, ReplacementFailed, RoomDiffers, RoomKept
from relay_provider.listing import SharedListing
from relay_provider.model import AGENTS, LiveRoom, RoomDetail, RoomInputs, flat
from relay_provider.place import Home
from relay_provider.run import Run

LOOKS: Final = 100
"""Rooms that are looked at for a plan although the list calls them empty."""
OLD_ROOM_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts when a server still answers with the room that was just ended (seen up to 30 s)."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The people in a room that is to end, and whether the guard will refuse that."""

    people: tuple[str, ...]
    refused: bool

    def __str__(self) -> str:
        number = f"{len(self.people)} {'person' if len(self.people) == 1 else 'people'}: {guard.named(self.people)}"
        return f"refused, {number}" if self.refused else f"disconnects {number}"


class Rooms:
    """One project's rooms under the rules of the life cycle. For one event loop; safe for concurrent use."""

    def __init__(
        self,
        backend: Backend,
        project: Home,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        opened: Iterable[Rooms] = (),
    ) -> None:
        """`opened` are all the projects that this process has to do with by now."""
        self.backend = backend
        self.project = project
        self.opened = opened
        self._sleep = sleep
        self._listing = SharedListing(backend.list)
        self._looks = 0
        self._ended: dict[str, str] = {}  # the last session ID of a name: a server may answer with it for a while

    def diff(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
        """What has to happen to a room of this backend. A question: it changes nothing."""
        return changes.diff(old, new, self.backend.in_place)

    async def create(
        self,
        wanted: RoomInputs,
        run: Run,
        secret: Collection[str] = (),
        *,
        anew: bool = False,
        ended: Collection[str] = (),
    ) -> LiveRoom:
        """Make the room, take over an equal one, or replace the one that the state has; safe to repeat.

        A replacement is this one step: guard, end, make. Raises RoomOccupied or RoomUnsure when the guard refuses, and
        RoomDiffers when the room that is live with other settings is not the state's; `force_destroy` allows both.
        Fields named in `secret` are not shown in messages. `anew`: the state's room is replaced also when nothing that
        the server reports differs. `ended` are sessions that are known to have ended: ReplacementFailed, at once, says
        that the server still answers with one of them.
        """
        room = (self.project, wanted.name)
        try:
            live = await self._created(wanted, run, secret, anew or run.replaces(room) == room, ended)
        except RelayError:
            run.failed(room)
            raise
        run.made(room, outputs(wanted.props(), live))
        return live

    async def taken(self, wanted: RoomInputs, run: Run, secret: Collection[str] = ()) -> tuple[LiveRoom, bool] | None:
        """The live room that a create would take over, and whether it would end it to recreate it; None when there is
        none. A question: it changes nothing. Raises RoomDiffers where the create would; `secret` as in `create`.
        """
        live = await self._listing.witness(wanted.name, run.began)
        if live is None:
            return None
        owned = run.owned((self.project, wanted.name), live.sid)
        found = differences(wanted, live, owned)
        if found and not owned:
            guard.refuse_to_end(wanted, found, secret)
        return live, bool(found)

    async def adopt(self, wanted: RoomInputs, run: Run) -> LiveRoom:
        """The live room, which is as wanted. A question: it changes nothing. Raises NotFound when there is none."""
        live = await self.read(wanted.name, run, wanted.props())
        if live is None or differences(wanted, live):
            raise NotFound(f'Room "{wanted.name}" is no longer live as it was just now; run the same command again.')
        run.made((self.project, wanted.name), outputs(wanted.props(), live))
        return live

    async def _created(
        self, wanted: RoomInputs, run: Run, secret: Collection[str], anew: bool, ended: Collection[str]
    ) -> LiveRoom:
        room = (self.project, wanted.name)
        live = await self._made(wanted, ended)
        owned = run.owned(room, live.sid)
        found = differences(wanted, live, owned)
        if not found and not (owned and anew):
            return live
        if not owned:
            guard.refuse_to_end(wanted, found, secret)
        await self._end(wanted.name, run, wanted.force_destroy, live.sid)
        live = await self._made(wanted)
        if found := differences(wanted, live):
            raise RoomDiffers(
                f'Room "{wanted.name}" was ended and recreated, and is not as declared again: '
                f"{guard.fields(found, secret)}. Perhaps somebody else made it at the same moment; run the same "
                "command again, or declare it as it is."
            )
        return live

    async def _made(self, wanted: RoomInputs, ended: Collection[str] = ()) -> LiveRoom:
        """What the server answers to a create: a new room, or the live one of that name; never one that has ended."""
        waits = () if ended else OLD_ROOM_WAITS
        for wait in (0.0, *waits):
            if wait:
                await self._sleep(wait)
            async with self._writing(wanted.name):
                made = await self.backend.create(wanted)
            if made.sid in ended or made.sid == self._ended.get(wanted.name):
                continue
            if (live := await self._with_agents(made, wanted)) is not None:
                return live
        raise ReplacementFailed(
            f'Room "{wanted.name}" was ended, but {self.backend.address} still answers with the old one '
            f"({made.sid}) after {sum(waits):g} s; run the same command again in a minute."
        )

    async def _with_agents(self, live: LiveRoom, wanted: RoomInputs) -> LiveRoom | None:
        """The room, and its agents where they count; None when it has ended meanwhile."""
        return await agents.of_room(self.backend, live) if agents.asked(self.backend, wanted) else live

    async def read(self, name: str, run: Run, state: Mapping[str, Any] | None = None) -> LiveRoom | None:
        """The room as it is live, from the shared list; None only when it is definitely gone.

        `state` is what the state knows of it: a room that is found there belongs to the state. Without it, everything
        is told of the room, its agents too.
        """
        live = await self._listing.find(name, run.began)
        if live and AGENTS in self.backend.in_place and (not state or flat(state).get(AGENTS) is not None):
            # A room that ended just now has none; that it is gone, say two lists from after that.
            live = await agents.of_room(self.backend, live) or await self._listing.find(name, self._listing.now())
        if state and "sid" in state and live:
            run.knows((self.project, name), {**state, "sid": live.sid})
        return live

    async def update(
        self, old: Mapping[str, Any], new: RoomInputs, run: Run, secret: Collection[str] = ()
    ) -> LiveRoom | None:
        """Change in place what can be; None when nothing at the server had to change. `secret` as in `create`."""
        changed = self.backend.in_place & {one.field for one in self.diff(old, new.props()).changes}
        if not changed:
            return None
        async with self._writing(new.name):
            live = await self.backend.update(new, changed)
        live = live and await self._with_agents(live, new)
        if live is None:  # it ended meanwhile
            if sid := old.get("sid"):
                self._ended[new.name] = str(sid)
            return await self.create(new, run, secret)
        return live

    async def delete(self, name: str, run: Run, *, force: bool, sid: str | None = None, by: str = "") -> None:
        """End the room; success when it is gone. `force` is the state's consent to disconnect whoever is in it,
        `sid` the room as the state knows it, and `by` the resource where that is known.

        Ends nothing when the run declares the room, whatever the engine means by the delete. Raises RoomOccupied or
        RoomUnsure when the guard refuses, and RoomKept when the state must not forget the room yet.
        """
        room = (self.project, name)
        if not await self._declared(name, run):
            await self._end(name, run, run.consents(room, force, by), sid)

    async def _declared(self, name: str, run: Run) -> bool:
        """Does the run declare the room, with this key or with another one of the same project?"""
        room = (self.project, name)
        declared = [room] if run.declares(room) else run.declares_with_other_keys(room)
        if any(run.has_failed(one) for one in declared):
            raise RoomKept(
                f'Room "{name}" was left as it is, and stays in the state under its old resource too, because its new '
                "declaration could not be carried out in this run; put that right, and run the same command again."
            )
        if not declared or room in declared:
            return bool(declared)
        # A list from before what was done with the other key would have the wrong session.
        live = await self._listing.witness(name, self._listing.now())
        if live is None:
            return False
        if any(run.stands(one, live.sid) for one in declared):
            return True
        # With the other key, the state may know no more of it than an earlier session. Threads may open more meanwhile.
        others = [other for other in tuple(self.opened) if (other.project, name) in declared]
        return any([await other.has(name, live.sid, run.began) for other in others])

    async def _end(self, name: str, run: Run, force: bool, sid: str | None = None) -> None:
        if not force:
            empty = await guard.known_empty(name, self.backend, self._listing, self._sleep, run.began)
            if empty is None:
                return
            sid = empty.sid
        async with self._writing(name):
            await self.backend.delete(name)
        if sid:
            self._ended[name] = sid

    async def remove_participant(self, name: str, identity: str) -> bool:
        """Disconnect one participant; False when they were not there."""
        # Before it is too late to know: a removal whose answer was lost finds nobody when it is repeated.
        room = await self.backend.get(name)
        was_there = room is not None and any(one.identity == identity for one in guard.present(room))
        return await self.backend.remove_participant(name, identity) or was_there

    async def get(self, name: str) -> RoomDetail:
        """The room with its participants. Raises NotFound when there is none."""
        room = await self.backend.get(name)
        if room is None:
            raise NotFound(
                f'Room "{name}" is not live at {self.backend.address}; check its name, or run `relay-rooms list`.'
            )
        return room

    async def with_agents(
        self, live: Iterable[LiveRoom], declared: Iterable[RoomInputs] | None = None
    ) -> list[LiveRoom]:
        """The live rooms with their agents, which no list tells: those among `declared` that have some, or else all.
        A room that ended meanwhile is left out."""
        return await agents.of_rooms(self.backend, live, declared)

    async def list(self, expected: Collection[str] = ()) -> list[LiveRoom]:
        """Every live room of the project, sorted by name. One request, always a fresh one; a second one where the list
        lacks a room that is `expected`, for a room is gone when two lists lack it."""
        found = {room.name: room for room in await self.backend.list()}
        if not found.keys() >= set(expected):
            found |= {room.name: room for room in await self.backend.list()}
        return [room for _, room in sorted(found.items())]

    async def listed(self, declared: Iterable[RoomInputs]) -> dict[str, LiveRoom]:
        """Every live room by name, from the shared list, and the agents of those declared that have some."""
        found = await self._listing.rooms()
        return {room.name: room for room in await self.with_agents(found.values(), declared)}

    async def witness(self, name: str) -> LiveRoom | None:
        """The live room, from a shared list; None only when two lists lack it."""
        return await self._listing.witness(name)

    async def outlook(self, name: str, *, force: bool) -> Outlook | None:
        """Who would be disconnected if the room were ended now; None when nobody is in it.

        One shared list, and a look at the room itself where it may not be empty: a list's count lags, so `LOOKS` rooms
        that it calls empty are looked at, too.
        """
        live = await self._listing.witness(name)
        if live is None or (not live.num_participants and self._looks >= LOOKS):
            return None
        self._looks += not live.num_participants
        room = await self.backend.get(name)
        identities = [one.identity for one in guard.present(room)] if room else []
        return Outlook(tuple(identities), refused=not force) if identities else None

    async def has(self, name: str, sid: str, since: float = 0.0) -> bool:
        """Is the very room of this session ID among the project's? As a list says that is not older than `since`."""
        live = await self._listing.witness(name, since)
        return live is not None and live.sid == sid

    async def aclose(self) -> None:
        await self.backend.aclose()

    @asynccontextmanager
    async def _writing(self, name: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._listing.wrote(name)
