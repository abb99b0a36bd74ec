"""The provider functions: reading rooms, and disconnecting a participant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic.alias_generators import to_camel

from relay_provider.config import Connection
from relay_provider.errors import Problem, Rejected
from relay_provider.model import LiveRoom
from relay_provider.session import Session
from relay_provider.values import UNKNOWN, kind_of, unknown_key

if TYPE_CHECKING:
    from relay_provider.sayna import SaynaRoom

Answer = dict[str, Any]

FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "relay:index:removeParticipant": ("room", "identity"),
    "relay:index:getRoom": ("name",),
    "relay:index:listRooms": (),
    "relay:index:getSaynaRoom": ("name",),
}
"""Token → its arguments, all of them required strings."""


async def answer(token: str, args: Mapping[str, str], preview: bool, session: Session, settings: Connection) -> Answer:
    """What a function answers; only what it asks needs its settings."""
    match token.rpartition(":")[2]:
        case "getSaynaRoom":
            return _shown(await session.sayna(settings).get(args["name"]))
        case "getRoom":
            return _shown(await session.rooms(settings).get(args["name"]))
        case "listRooms":
            return {"rooms": [_shown(room) for room in await session.rooms(settings).list()]}
    removed = not preview and await session.rooms(settings).remove_participant(args["room"], args["identity"])
    return {"removed": removed}


def wrong_arguments(token: str, args: Mapping[str, Any]) -> list[Problem]:
    """Every argument that is missing, wrong or unknown. Raises Rejected where there is no such function."""
    if token not in FUNCTIONS:
        raise Rejected(f"The relay plugin has no function {token}; it has {', '.join(FUNCTIONS)}.")
    names = FUNCTIONS[token]
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


def _shown(room: LiveRoom | SaynaRoom) -> Answer:
    """A room under the schema's names, and who is in it where that was asked."""
    found = room.model_dump()
    people = {"participants": [_in_camel_case(one) for one in found["participants"]]} if "participants" in found else {}
    shown = ("empty_timeout", "departure_timeout") if isinstance(room, LiveRoom) else ()
    timeouts = _in_camel_case({name: getattr(room, name) for name in shown})
    told = {name: seconds for name, seconds in timeouts.items() if seconds is not None}
    return {**_in_camel_case(found), **people, **told}


def _in_camel_case(fields: Mapping[str, Any]) -> Answer:
    return {to_camel(name): value for name, value in fields.items()}
