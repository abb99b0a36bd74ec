"""The guard: a room is known to be empty, or it is not ended. Nothing in between.

What remains: somebody may join between the look and the end, some milliseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Final

from relay_provider.backends.base import Backend
from relay_provider.drift import FieldDifference
from relay_provider.errors import RelayError, RoomDiffers, RoomOccupied, RoomUnsure, in_words, quoted
from relay_provider.listing import SharedListing
from relay_provider.model import LiveRoom, Participant, RoomDetail, RoomInputs

DISCONNECTED: Final = 3
SECOND_LOOKS: Final = (0.0, 1.0, 2.0, 3.0)
"""Seconds before each further look while answers disagree. A list's count of people may lag 5 s behind."""
NAMED: Final = 5
"""How many of the people in a room are named."""


def present(room: RoomDetail) -> list[Participant]:
    """Who is in the room now. Agents and recorders, where they are known as such, are nobody to be thrown out."""
    return [one for one in room.participants if one.state != DISCONNECTED and not one.serves]


def named(identities: Collection[str]) -> str:
    """The first few of those in a room: `ana, bob and 2 more`."""
    shown = [quoted(identity, limit=60) for identity in identities]
    return ", ".join(shown[:NAMED]) + (f" and {len(shown) - NAMED} more" if len(shown) > NAMED else "")


def people_in(identities: Collection[str]) -> str:
    """`1 person is in it: ana`."""
    counted = "1 person is" if len(identities) == 1 else f"{len(identities)} people are"
    return f"{counted} in it: {named(identities)}"


async def known_empty(
    name: str, backend: Backend, listing: SharedListing, sleep: Callable[[float], Awaitable[None]], since: float
) -> LiveRoom | None:
    """The room, in which nobody is; None when it is gone.

    The room's own answer and the project's list have to say the same, and both have to be had; the list is not older
    than the moment `since` (monotonic seconds). Raises RoomOccupied, RoomUnsure when they go on disagreeing, or the
    failure of the request; then the room is left as it is.
    """
    for wait in (*SECOND_LOOKS, None):
        try:
            room, listed = await backend.get(name), await listing.witness(name, since)
        except RelayError as error:
            raise type(error)(f'Room "{name}" was not ended, as it is not known whether it is empty. {error}') from None
        if room is not None and (people := [one.identity for one in present(room)]):
            raise RoomOccupied(
                f'Room "{name}" was not ended, because {people_in(people)}. Nobody was disconnected. Wait '
                "until they have left, or set forceDestroy: true on the room and bring that up; then try again."
            )
        if room is None and listed is None:
            return None
        if room and listed and room.sid == listed.sid and not room.num_participants and not listed.num_participants:
            return room
        if wait is not None:
            await sleep(wait)
            since = listing.now()
    raise RoomUnsure(
        f'Room "{name}" was not ended, as it is not known whether it is empty: asked for it, {backend.address} answers '
        f"{_said(room)}, and its list {_said(listed)}. Nobody was disconnected. Run the same command again in a while."
    )


def _said(room: LiveRoom | None) -> str:
    if room is None:
        return "that there is no such room"
    people = room.num_participants
    counted = "nobody" if not people else "1 person" if people == 1 else f"{people} people"
    return f"with {counted} in it ({room.sid})"


def refuse_to_end(wanted: RoomInputs, found: Collection[FieldDifference], secret: Collection[str]) -> None:
    """A live room that is not as wanted, and not the state's, is ended with consent alone."""
    if not wanted.force_destroy:
        raise RoomDiffers(
            f'Room "{wanted.name}" is live already with other settings: {fields(found, secret)}. Nobody was '
            "disconnected. Declare it as it is, or end it first, or set forceDestroy: true to have it ended and "
            "recreated. If this stack has made it under another resource, a run that refreshes first knows that."
        )


def fields(found: Collection[FieldDifference], secret: Collection[str]) -> str:
    """In which settings a live room is not as wanted, in words."""

    def shown(field: str, value: object) -> str:
        if field in secret or field.partition(".")[0] in secret:
            return "[secret]"
        return in_words(value)

    return "; ".join(
        f"{one.field} is {shown(one.field, one.live)} there and {shown(one.field, one.declared)} here" for one in found
    )
