"""Data sources: reading rooms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from relay_provider.errors import InvalidInputs, Problem, Rejected
from relay_provider.model import LiveRoom
from relay_provider.terraform import codec, schema
from relay_provider.terraform.codec import Type
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.schema import Attribute
from relay_provider.terraform.words import wrong
from relay_provider.values import UNKNOWN, canonical_json

if TYPE_CHECKING:
    from relay_provider.terraform.provider import Provider


@dataclass(frozen=True, slots=True)
class Source:
    """A data source: what may be asked, and what is answered."""

    attributes: Callable[[], tuple[Attribute, ...]]
    about: str
    answer: Callable[[dict[str, Any], Provider], Awaitable[dict[str, Any]]]

    def wrong(self, config: pb.DynamicValue) -> list[pb.Diagnostic]:
        return wrong(_problems(self._asked(config)))

    async def read(self, config: pb.DynamicValue, provider: Provider) -> Any:
        """The raw state."""
        asked = self._asked(config)
        if problems := _problems(asked, known=True):
            raise InvalidInputs("The data source's arguments are wrong", problems)
        type_: Type = schema.object_type(self.attributes())
        return codec.written({**asked, **await self.answer(asked, provider)}, type_)

    def _asked(self, config: pb.DynamicValue) -> dict[str, Any]:
        raw = codec.fields(codec.unpacked(config.msgpack))
        return {one.name: one.read(raw.get(one.name)) for one in self.attributes() if not one.computed}


def _problems(asked: dict[str, Any], *, known: bool = False) -> list[Problem]:
    found = []
    for name, value in asked.items():
        if known and value is UNKNOWN:
            found.append(Problem(name, "must be known"))
        elif name == "name" and not value:
            found.append(Problem(name, "must not be empty"))
    return found


async def _room(asked: dict[str, Any], provider: Provider) -> dict[str, Any]:
    return _shown(await provider.rooms.get(asked["name"]))


async def _rooms(asked: dict[str, Any], provider: Provider) -> dict[str, Any]:
    pattern = asked["name_pattern"] or "*"
    return {"rooms": [_shown(room) for room in await provider.rooms.list() if fnmatchcase(room.name, pattern)]}


async def _sayna_room(asked: dict[str, Any], provider: Provider) -> dict[str, Any]:
    found = (await provider.session.sayna(provider.sayna_settings).get(asked["name"])).model_dump()
    for one in found["participants"]:
        if not isinstance(one["metadata"], str):
            one["metadata"] = canonical_json(one["metadata"])
    return found


def _shown(room: LiveRoom) -> dict[str, Any]:
    return {one.name: getattr(room, one.name) for one in schema.live_room()} | room.model_dump()


SOURCES: Final = {
    "relay_room": Source(
        schema.room_by_name, "A live room, and who is in it. Fails when there is no such room.", _room
    ),
    "relay_rooms": Source(schema.rooms, "The project's active rooms, sorted by name.", _rooms),
    "relay_sayna_room": Source(
        schema.sayna_room,
        "A room as Sayna (`sayna_url`, `sayna_token`) shows it, with the attributes, kind and metadata of everybody in "
        "it. Fails when the room is not there or not yours: Sayna answers the same for both, nothing follows from it.",
        _sayna_room,
    ),
}


def source(type_name: str) -> Source:
    """The data source of this type. Raises Rejected where there is none."""
    if type_name not in SOURCES:
        raise Rejected(f'The relay provider has no data source "{type_name}"; it has {", ".join(SOURCES)}.')
    return SOURCES[type_name]
