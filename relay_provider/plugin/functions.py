"""The provider functions: reading rooms, and disconnecting a participant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic.alias_generators import to_camel

from relay_provider import tokens
from relay_provider.changes import imported_inputs
from relay_provider.config import Connection
from relay_provider.errors import NotFound, Problem, Rejected
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, flat, nested
from relay_provider.room_config import KEY as ROOM_CONFIG
from relay_provider.room_config import preset
from relay_provider.run import Run
from relay_provider.session import Session
from relay_provider.values import UNKNOWN, holds_unknown, kind_of, unknown_key

if TYPE_CHECKING:
    from relay_provider.sayna import SaynaRoom

Answer = dict[str, Any]
Props = Mapping[str, Mapping[str, Any]]
"""Rooms' inputs by their names."""

JOIN_TOKEN: Final = "relay:index:getJoinToken"  # noqa: S105 - a function's name
FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "relay:index:removeParticipant": ("room", "identity"),
    "relay:index:getRoom": ("name",),
    "relay:index:listRooms": (),
    "relay:index:getSaynaRoom": ("name",),
    JOIN_TOKEN: ("room", "identity"),
}
"""Token → the arguments that are required, all of them strings."""
OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {JOIN_TOKEN: ("name", "ttl", "grants", ROOM_CONFIG)}
"""Those that are not; what makes them wrong, their function says."""
SECRET: Final[Mapping[str, tuple[str, ...]]] = {JOIN_TOKEN: ("token",)}
"""What is secret in an answer."""


async def answer(token: str, args: Mapping[str, Any], preview: bool, session: Session, settings: Connection) -> Answer:
    """What a function answers, but for `JOIN_TOKEN`; only what it asks needs its settings."""
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
    names, optional = FUNCTIONS[token], OPTIONAL.get(token, ())
    known = (*names, *optional)
    found = [Problem(name, unknown_key(name, known)) for name in args if name not in known]
    found += [Problem(name, "must be known") for name in optional if holds_unknown(args.get(name))]
    for name in names:
        value = args.get(name)
        if value is None:
            found.append(Problem(name, "is required"))
        elif value is not UNKNOWN and not isinstance(value, str):
            found.append(Problem(name, f"must be a string, not {kind_of(value)}"))
        elif value is UNKNOWN or not value:
            found.append(Problem(name, "must be known" if value is UNKNOWN else "must not be empty"))
    return found


async def join_token(args: Mapping[str, Any], rooms: Rooms, run: Run, declared: Props, settings: Connection) -> Answer:
    """A join token that carries a room's settings: `roomConfig`, or those of the inputs that this run `declared`, or
    else those of the live room."""
    tokens.on_livekit(settings)
    who = tokens.holder(*(args.get(name) for name in ("identity", "name", "ttl", "grants")))
    room, inputs = args["room"], declared.get(args["room"])
    if (config := args.get(ROOM_CONFIG)) is not None:
        made_with = tokens.Settings(config, preset(inputs or {}))
    elif inputs is not None:  # without what a preview does not know yet
        known = {name: value for name, value in flat(inputs).items() if not holds_unknown(value)}
        made_with = tokens.Settings.of(nested(known))
    elif live := await rooms.read(room, run):
        made_with = tokens.Settings.of(imported_inputs(live))
    else:
        raise NotFound(
            f'Room "{room}" is neither declared in this run, as far as it has come, nor live; pass the roomConfig of '
            "the resource that declares it."
        )
    return {"token": tokens.join_token(settings, room, made_with, who)}


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
