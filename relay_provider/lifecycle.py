"""What the provider means: diff, create, read, update and delete of a room, whichever door asks.

Knows nothing of Pulumi. Properties are mappings under schema names; values that a preview does not know yet are
`model.UNKNOWN`. Nobody is disconnected unless the room's `forceDestroy` says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import anyio

from relay_provider.backends.base import Backend
from relay_provider.drift import FieldDifference, differences
from relay_provider.errors import NotFound, ReplacementFailed, RoomDiffers, RoomOccupied, quoted
from relay_provider.listing import SharedListing
from relay_provider.model import FIELDS, LiveRoom, Participant, RoomDetail, RoomInputs, metadata_meaning

DISCONNECTED: Final = 3
OLD_ROOM_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts when a server still answers with the room that was just ended (seen up to 30 s)."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """What one property's change means."""

    field: str
    kind: Literal["add", "update", "delete"]
    replaces: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """What has to happen to a room; nothing when there are no changes. A replacement deletes first."""

    changes: tuple[PropertyChange, ...]

    @property
    def replaces(self) -> tuple[str, ...]:
        return tuple(change.field for change in self.changes if change.replaces)


_ABSENT: Final[Mapping[str, object]] = {"maxParticipants": 0, "metadata": "", "forceDestroy": False}
"""How a room is when an input is absent."""


def diff(old: Mapping[str, Any], new: Mapping[str, Any], in_place: Collection[str]) -> Diff:
    """The live room's properties against new inputs. Names replace, `forceDestroy` needs no call, and a setting
    is changed in place where the backend can, otherwise by a replacement."""
    changes = []
    for field in FIELDS.values():
        before, after = old.get(field), new.get(field)
        if _same(field, before, after):
            continue
        kind: Literal["add", "update", "delete"] = (
            "delete" if after is None else "add" if before in (None, _ABSENT.get(field)) else "update"
        )
        changes.append(PropertyChange(field, kind, replaces=field != "forceDestroy" and field not in in_place))
    return Diff(tuple(changes))


def _same(field: str, before: object, after: object) -> bool:
    absent = _ABSENT.get(field)
    before, after = absent if before is None else before, absent if after is None else after
    if field == "metadata" and isinstance(before, str) and isinstance(after, str):
        return before == after or metadata_meaning(before) == metadata_meaning(after)
    return before == after


def outputs(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    """The properties to keep of a live room: its settings as they are live, `sid` and `creationTime`.

    `emptyTimeout` is kept only where it was asked for: what the server chose by itself is not ours to compare. A
    server that does not report it leaves the last applied value.
    """
    timeout = inputs.get("emptyTimeout")
    return {
        "name": live.name,
        "maxParticipants": live.max_participants,
        **({} if timeout is None else {"emptyTimeout": timeout if live.empty_timeout is None else live.empty_timeout}),
        "metadata": live.metadata,
        "forceDestroy": bool(inputs.get("forceDestroy")),
        "sid": live.sid,
        "creationTime": live.creation_time,
    }


def inputs_as_live(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    """The inputs that would declare the room as it is live; an equal setting keeps the spelling it has."""
    kept: dict[str, Any] = {}
    for key, value in outputs(inputs, live).items():
        if key in inputs and _same(key, inputs[key], value):
            kept[key] = inputs[key]
        elif key in FIELDS.values() and value != _ABSENT.get(key):
            kept[key] = value
    return kept


def imported_inputs(live: LiveRoom) -> dict[str, Any]:
    """The inputs that declare a room found live, with everything that its server reports."""
    return inputs_as_live({"emptyTimeout": live.empty_timeout}, live)


class Rooms:
    """One project's rooms under the rules of the life cycle. For one event loop; safe for concurrent use."""

    def __init__(self, backend: Backend, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self.backend = backend
        self._sleep = sleep
        self._listing = SharedListing(backend.list)
        self._consents: set[str] = set()
        self._ended: dict[str, str] = {}
        self._made: dict[str, str] = {}

    def diff(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
        """`diff` for this backend. A replacement whose new inputs say `forceDestroy` may end the old room."""
        found = diff(old, new, self.backend.in_place)
        consented = found.replaces and new.get("forceDestroy") is True
        (self._consents.add if consented else self._consents.discard)(str(old.get("name")))
        return found

    async def create(self, wanted: RoomInputs, secret: Collection[str] = ()) -> LiveRoom:
        """Make the room, or take over an equal one; safe to repeat.

        Raises RoomDiffers when a room of that name is live with other settings and `force_destroy` is not set.
        Fields named in `secret` are not shown in the message.
        """
        async with self._writing():
            live = await self._create_anew(wanted)
            if found := differences(wanted, live):
                if not wanted.force_destroy:
                    raise RoomDiffers(_live_already(wanted.name, _fields(found, secret)))
                await self.backend.delete(wanted.name)
                self._ended[wanted.name] = live.sid
                live = await self._create_anew(wanted)
                if found := differences(wanted, live):
                    raise RoomDiffers(_still_differs(wanted.name, _fields(found, secret)))
            self._made[wanted.name] = live.sid
            return live

    async def _create_anew(self, wanted: RoomInputs) -> LiveRoom:
        ended = self._ended.get(wanted.name)
        live = await self.backend.create(wanted)
        for wait in OLD_ROOM_WAITS:
            if live.sid != ended:
                break
            await self._sleep(wait)
            live = await self.backend.create(wanted)
        if live.sid == ended:
            raise ReplacementFailed(
                f'Room "{wanted.name}" was ended, but {self.backend.place} still answers with the old one '
                f"({live.sid}) after {sum(OLD_ROOM_WAITS):g} s; run the same command again in a minute."
            )
        return live

    async def read(self, name: str) -> LiveRoom | None:
        """The room as it is live, from the shared list; None only when it is definitely gone."""
        live = await self._listing.find(name)
        if live is None or live.sid != self._made.get(name):
            self._made.pop(name, None)  # what this process made is gone: it knows no newer room than the state does
        return live

    async def update(self, old: Mapping[str, Any], new: RoomInputs, secret: Collection[str] = ()) -> LiveRoom | None:
        """Change in place what can be; None when nothing at the server had to change. `secret` as in `create`."""
        if _same("metadata", old.get("metadata"), new.metadata):
            return None
        async with self._writing():
            live = await self.backend.update_metadata(new.name, new.metadata or "")
        if live is None:
            return await self.create(new, secret)  # it expired meanwhile
        self._made[new.name] = live.sid
        return live

    async def delete(self, name: str, *, force: bool, sid: str | None = None) -> None:
        """End the room; success when it is gone. Raises RoomOccupied while people are in it, unless `force`.

        `sid` is the room as the state knows it: when this process made a newer one of that name, the old one is
        gone already (a replacement that creates first).
        """
        if sid and self._made.get(name, sid) != sid:
            return
        if not (force or name in self._consents):
            room = await self.backend.get(name)
            if room is None:
                # A wrong address finds nothing either; a list tells the two apart.
                if await self._listing.find(name) is None:
                    return
            elif present := [p for p in room.participants if p.state != DISCONNECTED]:
                raise RoomOccupied(_occupied(name, present))
            else:
                sid = room.sid
        async with self._writing():
            await self.backend.delete(name)
        self._consents.discard(name)
        if sid:
            self._ended[name] = sid

    async def remove_participant(self, name: str, identity: str) -> bool:
        """Disconnect one participant; False when they were not there."""
        return await self.backend.remove_participant(name, identity)

    async def get(self, name: str) -> RoomDetail:
        """The room with its participants. Raises NotFound when there is none."""
        room = await self.backend.get(name)
        if room is None:
            raise NotFound(
                f'Room "{name}" is not live at {self.backend.place}; check its name, or run `relay-rooms list`.'
            )
        return room

    async def list(self) -> list[LiveRoom]:
        """Every live room of the project, sorted by name. One request, always a fresh one."""
        return await self.backend.list()

    async def aclose(self) -> None:
        await self.backend.aclose()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._listing.wrote()


def _fields(found: Collection[FieldDifference], secret: Collection[str]) -> str:
    def shown(field: str, value: str | int) -> str:
        if field in secret:
            return "[secret]"
        return f'"{quoted(value, limit=120)}"' if isinstance(value, str) else str(value)

    return "; ".join(
        f"{one.field} is {shown(one.field, one.live)} there and {shown(one.field, one.declared)} here" for one in found
    )


def _live_already(name: str, fields: str) -> str:
    return (
        f'Room "{name}" is live already with other settings: {fields}. Nobody was disconnected. Declare it as it is, '
        "or end it first, or set forceDestroy: true to have it ended and made anew."
    )


def _still_differs(name: str, fields: str) -> str:
    return (
        f'Room "{name}" was ended and made anew, and is not as declared again: {fields}. Perhaps somebody else made '
        "it at the same moment; run the same command again, or declare it as it is."
    )


def _occupied(name: str, present: Collection[Participant]) -> str:
    identities = [quoted(participant.identity, limit=60) for participant in present]
    first = ", ".join(identities[:5]) + (f" and {len(identities) - 5} more" if len(identities) > 5 else "")
    people = "1 person is" if len(identities) == 1 else f"{len(identities)} people are"
    return (
        f'Room "{name}" was not ended, because {people} in it: {first}. Nobody was disconnected. Wait until they '
        "have left, or set forceDestroy: true on the room, run `pulumi up`, and try again."
    )
