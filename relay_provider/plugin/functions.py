"""The provider functions: reading rooms, and disconnecting a participant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from relay_provider.errors import Problem, Rejected
from relay_provider.lifecycle import Rooms
from relay_provider.model import UNKNOWN, LiveRoom, kind_of, unknown_key

Answer = dict[str, Any]


async def remove_participant(rooms: Rooms, args: Mapping[str, str], preview: bool) -> Answer:
    return {"removed": not preview and await rooms.remove_participant(args["room"], args["identity"])}


async def get_room(rooms: Rooms, args: Mapping[str, str], preview: bool) -> Answer:
    return room_answer(await rooms.get(args["name"]))


async def list_rooms(rooms: Rooms, args: Mapping[str, str], preview: bool) -> Answer:
    return {"rooms": [room_answer(room) for room in await rooms.list()]}


Function = Callable[[Rooms, Mapping[str, str], bool], Awaitable[Answer]]

FUNCTIONS: Final[Mapping[str, tuple[tuple[str, ...], Function]]] = {
    "relay:index:removeParticipant": (("room", "identity"), remove_participant),
    "relay:index:getRoom": (("name",), get_room),
    "relay:index:listRooms": ((), list_rooms),
}
"""Token → its arguments, all of them required strings, and what it does."""


def known(token: str) -> str:
    """The token, if there is such a function."""
    if token not in FUNCTIONS:
        raise Rejected(f"The relay plugin has no function {token}; it has {', '.join(FUNCTIONS)}.")
    return token


def wrong_arguments(token: str, args: Mapping[str, Any]) -> list[Problem]:
    """Every argument that is missing, wrong or unknown."""
    names = FUNCTIONS[token][0]
    found = [Problem(name, unknown_key(name, names)) for name in args if name not in names]
    for name in names:
        value = args.get(name)
        if value is None:
            found.append(Problem(name, "is required"))
        elif value is not UNKNOWN and not isinstance(value, str):
            found.append(Problem(name, f"must be a string, not {kind_of(value)}"))
        elif value is UNKNOWN or not value:
            found.append(Problem(name, "must be known" if value is UNKNOWN else "must not be empty"))
    return found


def room_answer(room: LiveRoom) -> Answer:
    """A live room under the schema's names."""
    answer = room.model_dump(by_alias=True)
    timeout = {} if room.empty_timeout is None else {"emptyTimeout": room.empty_timeout}
    return {"name": answer.pop("room"), **answer, **timeout}
