"""Schemas of the provider, its resource and data sources, from the model's table and the settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel, to_snake

from relay_provider.config import OPTIONS
from relay_provider.model import FIELDS, LiveRoom, RoomDetail, RoomInputs
from relay_provider.sayna import SaynaRoom
from relay_provider.terraform import codec
from relay_provider.terraform.codec import DYNAMIC, Type
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.words import in_hcl
from relay_provider.tokens import DEFAULT_TTL, GRANTS, MAX_TTL
from relay_provider.values import UNKNOWN

_KINDS: Final[Mapping[Any, Type]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "bool",
    dict[str, str]: ["map", "string"],
}
_OF_OPTIONS: Final = {"string": "string", "number": "number", "integer": "number", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name here, `key`, its name in the life cycle, and what may be in it."""

    name: str
    key: str
    type: Type
    description: str
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    members: tuple[Attribute, ...] = ()
    """Of an object, or of each object of a list."""

    def message(self) -> pb.Schema.Attribute:
        shown = pb.Schema.Attribute(
            name=self.name,
            description=self.description,
            required=self.required,
            optional=self.optional,
            computed=self.computed,
            sensitive=self.sensitive,
        )
        if self.members:
            nesting = pb.Schema.Object.LIST if self.type[0] == "list" else pb.Schema.Object.SINGLE
            members = [one.message() for one in self.members]
            shown.nested_type.CopyFrom(pb.Schema.Object(attributes=members, nesting=nesting))
        else:
            shown.type = as_json(self.type)
        return shown

    def read(self, raw: Any) -> Any:
        """The raw value under the life cycle's names; what is null is left out of objects."""
        return _renamed(codec.read(raw, self.type, self.name), self.members, inward=True)

    def written(self, value: Any) -> Any:
        """The raw value of a value of the life cycle."""
        return codec.written(_renamed(value, self.members, inward=False), self.type)


def _renamed(value: Any, members: tuple[Attribute, ...], *, inward: bool) -> Any:
    if not members or value is None or value is UNKNOWN:
        return value
    if isinstance(value, list):
        return [_renamed(item, members, inward=inward) for item in value]
    found = {}
    for one in members:
        before, after = (one.name, one.key) if inward else (one.key, one.name)
        if value.get(before) is not None:
            found[after] = _renamed(value[before], one.members, inward=inward)
    return found


def as_json(type_: Type) -> bytes:
    """A type as the protocol has it."""
    return json.dumps(type_, separators=(",", ":")).encode()


def object_type(attributes: Iterable[Attribute]) -> Type:
    """The type of an object with these attributes."""
    return ["object", {one.name: one.type for one in attributes}]


def block(attributes: Iterable[Attribute], description: str) -> pb.Schema:
    """The schema of a resource, a data source or the provider."""
    shown = [one.message() for one in sorted(attributes, key=lambda one: one.name)]
    return pb.Schema(version=0, block=pb.Schema.Block(attributes=shown, description=description))


def _attribute(field: str, info: Any, **how: bool) -> Attribute:
    annotation = info.annotation
    if NoneType in get_args(annotation):
        annotation = next(one for one in get_args(annotation) if one is not NoneType)
    inner = get_args(annotation)[0] if get_origin(annotation) in (list, tuple) else annotation
    inner = get_args(inner)[0] if get_origin(inner) is Annotated else inner
    members: tuple[Attribute, ...] = ()
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        members = _of(inner, **how)
        type_ = object_type(members)
    else:
        type_ = _KINDS.get(inner, "string")  # JSON that has no one type is its text
    if inner is not annotation:
        type_ = ["list", type_]
    return Attribute(to_snake(field), to_camel(field), type_, in_hcl(info.description or ""), members=members, **how)


def _of(model: type[BaseModel], **how: bool) -> tuple[Attribute, ...]:
    asked = {"required": True, "optional": False} if how.get("optional") else {}
    return tuple(
        _attribute(field, info, **{**how, **(asked if info.is_required() else {})})
        for field, info in model.model_fields.items()
        if info.description
    )


_MADE: Final = ("sid", "creation_time")
_CONFIG: Final = (
    "On LiveKit, the declared settings as LiveKit's server SDKs read them (JSON of a RoomConfiguration), for join "
    "tokens."
)


@cache
def provider() -> tuple[Attribute, ...]:
    """The settings of a connection, all of which may come from the environment instead."""
    return tuple(
        Attribute(
            one.field,
            one.name,
            _OF_OPTIONS[one.kind],
            in_hcl(f"{one.description} Or the environment's {one.env}.")
            + ("" if one.default is None else f" Default: {str(one.default).lower()}."),
            optional=True,
            sensitive=one.secret,
        )
        for one in OPTIONS
    )


@cache
def room() -> tuple[Attribute, ...]:
    """A room: its inputs, and what the server chooses."""
    inputs = [
        _attribute(field, info, required=field == "name", optional=field != "name", computed=field == "force_destroy")
        for field, info in RoomInputs.model_fields.items()
    ]
    return (
        *(replace(one, type=DYNAMIC) if one.name == "metadata" else one for one in inputs),
        *(_attribute(field, LiveRoom.model_fields[field], computed=True) for field in _MADE),
        # With the metadata in it, of which the protocol does not say whether it is sensitive.
        Attribute("room_config", "roomConfig", "string", _CONFIG, computed=True, sensitive=True),
    )


@cache
def live_room() -> tuple[Attribute, ...]:
    """A room as it is live."""
    return _of(LiveRoom, computed=True)


@cache
def room_by_name() -> tuple[Attribute, ...]:
    """A live room and who is in it, by its name."""
    return _named(_of(RoomDetail, computed=True))


@cache
def sayna_room() -> tuple[Attribute, ...]:
    """A room as Sayna shows it, by its name."""
    return _named(_of(SaynaRoom, computed=True))


def _named(attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    return tuple(replace(one, required=True, computed=False) if one.name == "name" else one for one in attributes)


@cache
def rooms() -> tuple[Attribute, ...]:
    """The project's live rooms, or those whose names fit a pattern."""
    return (
        Attribute(
            "name_pattern", "namePattern", "string", "Only rooms whose names fit, such as `class-*`.", optional=True
        ),
        Attribute(
            "rooms",
            "rooms",
            ["list", object_type(live_room())],
            "The rooms, sorted by name.",
            computed=True,
            members=live_room(),
        ),
    )


@cache
def join_token() -> tuple[Attribute, ...]:
    """A join token, and what it is made of."""
    texts = {
        "name": "What others see them called.",
        "ttl": f"How long the token may be used to join: 90s, 15m, 1h or 7d, at most {MAX_TTL.days}d. "
        f"Default: {DEFAULT_TTL}.",
        "room_config": "The declared settings: the room_config of the room's resource. Without it they are those of "
        "the live room.",
        "room_preset": "The preset of the server that the room's livekit.room_preset names, beside room_config.",
    }
    return (
        Attribute("room", "room", "string", "The room's name.", required=True),
        Attribute("identity", "identity", "string", "Who the token is for, unique in the room.", required=True),
        *(Attribute(name, to_camel(name), "string", text, optional=True) for name, text in texts.items()),
        Attribute(
            "grants",
            "grants",
            ["map", "bool"],
            f"What the token allows or denies beside joining: {', '.join(GRANTS)}.",
            optional=True,
        ),
        Attribute("token", "token", "string", "The token.", computed=True, sensitive=True),
    )


@cache
def declared_room() -> tuple[Attribute, ...]:
    """A room of a manifest."""
    label = Attribute("project", "project", "string", "The label of the room's project.")
    return (
        label,
        *(replace(one, type="string") if one.type == DYNAMIC else one for one in room() if one.key in FIELDS.values()),
    )
