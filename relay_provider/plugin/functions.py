"""The provider functions: reading rooms, and disconnecting a participant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.alias_generators import to_camel

from relay_provider.config import Connection
from relay_provider.errors import Problem, Rejected
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom
from relay_provider.session import Session
from relay_provider.values import UNKNOWN, kind_of, unknown_key

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a function may ask: each place needs its own settings, and is opened when it is asked."""

    session: Session
    settings: Connection

    @property
    def rooms(self) -> Rooms:
        return self.session.rooms(self.settings)


async def remove_participant(places: Places, args: Mapping[str, str], preview: bool) -> Answer:
    return {"removed": not preview and await places.rooms.remove_participant(args["room"], args["identity"])}


async def get_room(places: Places, args: Mapping[str, str], preview: bool) -> Answer:
    return room_answer(await places.rooms.get(args["name"]))


async def list_rooms(places: Places, args: Mapping[str, str], preview: bool) -> Answer:
    return {"rooms": [room_answer(room) for room in await places.rooms.list()]}


async def get_sayna_room(places: Places, args: Mapping[str, str], preview: bool) -> Answer:
    room = (await places.session.sayna(places.settings).get(args["name"])).model_dump()
    people = [_in_camel_case(person) for person in room.pop("participants")]
    return {**_in_camel_case(room), "participants": people}


Function = Callable[[Places, Mapping[str, str], bool], Awaitable[Answer]]

FUNCTIONS: Final[Mapping[str, tuple[tuple[str, ...], Function]]] = {
    "relay:index:removeParticipant": (("room", "identity"), remove_participant),
    "relay:index:getRoom": (("name",), get_room),
    "relay:index:listRooms": ((), list_rooms),
    "relay:index:getSaynaRoom": (("name",), get_sayna_room),
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


def _in_camel_case(fields: Mapping[str, Any]) -> Answer:
    return {to_camel(name): value for name, value in fields.items()}
