"""The ephemeral resource: a join token, which is in no state and in no plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay_provider import tokens
from relay_provider.changes import imported_inputs
from relay_provider.errors import InvalidInputs, NotFound, Problem, Rejected
from relay_provider.terraform import codec, schema
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.words import wrong
from relay_provider.values import holds_unknown

if TYPE_CHECKING:
    from relay_provider.terraform.provider import Provider

JOIN_TOKEN: Final = "relay_join_token"  # noqa: S105 - a type's name
ABOUT: Final = "A token with which somebody joins a room on LiveKit, and which recreates an expired room as declared."


def known_type(type_name: str) -> None:
    """Raises Rejected where there is no such type."""
    if type_name != JOIN_TOKEN:
        raise Rejected(f'The relay provider has no ephemeral resource "{type_name}"; it has {JOIN_TOKEN}.')


def wrong_in(config: pb.DynamicValue) -> list[pb.Diagnostic]:
    """What is wrong with the arguments, as far as they are known."""
    asked = _asked(config)
    known = {name: value for name, value in asked.items() if not holds_unknown(value)}
    try:
        tokens.holder(known.get("identity", "unknown"), *(known.get(name) for name in ("name", "ttl", "grants")))
    except InvalidInputs as error:
        return wrong(error.problems)
    return []


async def opened(config: pb.DynamicValue, provider: Provider) -> Any:
    """The raw result. Raises NotFound where it is not known what the room is to be like."""
    asked = _asked(config)
    if unknown := [Problem(name, "must be known") for name, value in asked.items() if holds_unknown(value)]:
        raise InvalidInputs("The join token cannot be made", unknown)
    settings = tokens.on_livekit(provider.connection)
    who = tokens.holder(*(asked.get(name) for name in ("identity", "name", "ttl", "grants")))
    if (config_ := asked.get("room_config")) is not None:
        made_with = tokens.Settings(config_, asked.get("room_preset") or "")
    elif live := await provider.rooms.read(asked["room"], provider.run):
        made_with = tokens.Settings.of(imported_inputs(live))
    else:
        raise NotFound(
            f'Room "{asked["room"]}" is not live, so that its settings are not known: pass the room_config of the '
            "resource that declares it."
        )
    token = tokens.join_token(settings, asked["room"], made_with, who)
    return codec.written({**asked, "token": token}, schema.object_type(schema.join_token()))


def _asked(config: pb.DynamicValue) -> dict[str, Any]:
    raw = codec.fields(codec.unpacked(config.msgpack))
    asked = {one.name: one.read(raw.get(one.name)) for one in schema.join_token() if not one.computed}
    if missing := [Problem(name, "must not be empty") for name in ("room", "identity") if asked[name] in (None, "")]:
        raise InvalidInputs("The join token cannot be made", missing)
    return asked
