"""The Pulumi package schema, generated from the model and the settings.

`schema.json` at the top of the repository is what `package_schema` returns; a test fails when it is stale.
"""

from __future__ import annotations

from importlib.resources import files
from types import NoneType
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from relay_provider import room_config
from relay_provider.config import BACKENDS, OPTIONS, Option
from relay_provider.livekit_room import Agent, LiveKit
from relay_provider.model import FIELDS, LiveRoom, Participant, Removal, RoomDetail, RoomInputs, RoomList, settings_of
from relay_provider.plugin.functions import JOIN_TOKEN
from relay_provider.plugin.messages import ROOM, ROOM_SET
from relay_provider.sayna import SaynaParticipant, SaynaRoom
from relay_provider.tokens import DEFAULT_TTL, GRANTS, MAX_TTL
from relay_provider.version import __version__

_SETTINGS: Final = "relay:index:RoomSettings"
_ROOM_OF_SET: Final = "relay:index:RoomOfSet"
_BACKEND: Final = "relay:index:Backend"
_NESTED: Final[dict[type[BaseModel], str]] = {
    model: f"relay:index:{model.__name__}" for model in (Participant, LiveRoom, SaynaParticipant, LiveKit, Agent)
}
_HIDDEN: Final = ("agents", "serves")
"""What a live room and its people have for the life cycle alone."""

Spec = dict[str, Any]


def package_schema() -> Spec:
    """The schema of the package `relay`, as Pulumi's code generators and documentation read it."""
    settings = {setting.name: _setting(setting) for setting in OPTIONS}
    # Not the enumeration alone: Go's generator cannot give one a default from the environment.
    backend = {"backend": {**settings["backend"], "oneOf": [{"type": "string"}, {"$ref": f"#/types/{_BACKEND}"}]}}
    return {
        "name": "relay",
        "displayName": "Relay Rooms",
        "version": __version__,
        "description": "Real-time rooms as code: declare the rooms of Relay and LiveKit projects.",
        "keywords": ["pulumi", "relay", "livekit", "rooms", "webrtc", "category/cloud", "kind/native"],
        "license": "Apache-2.0",
        "meta": {"supportPack": True},  # SDKs that can be built and installed as they are written
        "language": _LANGUAGES,
        "config": {"variables": settings},
        "provider": {
            "description": "Where rooms live, and with which key. One provider serves one project.",
            "type": "object",
            "inputProperties": {**settings, **backend},
            "properties": {name: spec for name, spec in settings.items() if spec.get("type") == "string"},
        },
        "types": {
            _BACKEND: {
                "description": "Where rooms live.",
                "type": "string",
                "enum": [
                    {"name": text, "value": value, "description": what}
                    for value, (text, what) in zip(BACKENDS, _BACKENDS, strict=True)
                ],
            },
            **{token: _object(model) for model, token in _NESTED.items()},
            **_set_types(),
        },
        "resources": {ROOM: _room(), ROOM_SET: _room_set()},
        "functions": {
            JOIN_TOKEN: {
                "description": f"A token with which somebody may join a room on LiveKit. {_text('join-token-settings')}"
                + _usage("get-join-token"),
                "inputs": _join_token_arguments(),
                "outputs": {
                    "type": "object",
                    "properties": {"token": {"type": "string", "description": "The token.", "secret": True}},
                    "required": ["token"],
                },
            },
            "relay:index:getRoom": {
                "description": "A live room, and who is in it. Fails when there is no such room." + _usage("get-room"),
                "inputs": _arguments(name="The room's name."),
                "outputs": _object(RoomDetail),
            },
            "relay:index:getSaynaRoom": {
                "description": "A room as Sayna (`saynaUrl`, `saynaToken`) shows it, with the attributes, kind and "
                "metadata of everybody in it. Fails when the room is not there or not yours: Sayna answers the same "
                "for both, so nothing follows from it." + _usage("get-sayna-room"),
                "inputs": _arguments(name="The room's name, exactly as on the server."),
                "outputs": _object(SaynaRoom),
            },
            "relay:index:listRooms": {
                "description": "Every active room of the project, sorted by name." + _usage("list-rooms"),
                "outputs": _object(RoomList),
            },
            "relay:index:removeParticipant": {
                "description": "Disconnects a participant from a room. Does nothing in a preview, and nothing when "
                "they are not there, so that repeating it is fine." + _usage("remove-participant"),
                "inputs": _arguments(room="The room's name.", identity="The participant's identity."),
                "outputs": _object(Removal),
            },
        },
    }


_BACKENDS: Final = (
    ("Relay", "Behind the Relay Rooms API."),
    ("LiveKit", "On a LiveKit server of one's own."),
)

_LANGUAGES: Final[Spec] = {
    "csharp": {"namespaces": {"relay": "Relay"}, "respectSchemaVersion": True},
    "go": {"generateResourceContainerTypes": True, "respectSchemaVersion": True},
    "java": {"basePackage": "relay"},
    "nodejs": {
        "packageName": "pulumi-relay",
        "dependencies": {"@pulumi/pulumi": "^3.165.0"},
        "typescriptVersion": "^5.0.0",
        "respectSchemaVersion": True,
    },
    "python": {
        "packageName": "pulumi_relay",
        "requires": {"pulumi": ">=3.165.0,<4.0.0"},
        "pyproject": {"enabled": True},
        "inputTypes": "classes-and-dicts",
        "respectSchemaVersion": True,
    },
}

_REPLACING: Final = ("name", *settings_of("relay"))
_OUTPUTS: Final = ("max_participants", "metadata", "sid", "creation_time")
_CONFIG: Final = (
    "On LiveKit, the declared settings as LiveKit's server SDKs read them (JSON of a RoomConfiguration): as the "
    "roomConfig of a join token, they recreate an expired room as declared. A roomPreset is to be named beside it."
)
_MAYBE: Final = {"emptyTimeout", "livekit", room_config.KEY}
"""The outputs that are there only where they are declared."""
_TYPES: Final = {str: "string", int: "integer", bool: "boolean"}
_MAPPINGS: Final[dict[Any, Spec]] = {
    dict[str, str]: {"type": "object", "additionalProperties": {"type": "string"}},
    dict[str, Any] | str: {"$ref": "pulumi.json#/Any"},
    **{
        list[model]: {"type": "array", "items": {"$ref": f"#/types/{token}"}}  # type: ignore[valid-type]
        for model, token in _NESTED.items()
    },
}


def _usage(*names: str) -> str:
    """Examples in the registry's markup; the code generators keep each language's own."""
    shown = "".join(f"{{{{% example %}}}}\n{_text(name)}{{{{% /example %}}}}\n" for name in names)
    return f"\n\n{{{{% examples %}}}}\n## Example Usage\n{shown}{{{{% /examples %}}}}\n"


def _text(name: str) -> str:
    return (files("relay_provider.plugin") / "usage" / f"{name}.md").read_text()


def _room() -> Spec:
    inputs, outputs = _room_properties()
    inputs = {
        alias: spec | ({"willReplaceOnChanges": True} if alias in _REPLACING else {}) for alias, spec in inputs.items()
    }
    life, importing = _text("room-life"), _text("room-import")
    return {
        "description": f"{RoomInputs.__doc__}\n\n{life}{_usage('room', 'providers')}\n{importing}",
        "inputProperties": inputs,
        "properties": outputs,
        "required": sorted(outputs.keys() - _MAYBE),
        "listInputs": _arguments(required=False, namePrefix="Only rooms whose names begin with this."),
    }


def _room_properties() -> tuple[Spec, Spec]:
    """The inputs and the outputs of a room."""
    inputs = {alias: _property(RoomInputs, field) for field, alias in FIELDS.items()}
    outputs = {
        **inputs,
        **{to_camel(field): _property(LiveRoom, field) for field in LiveRoom.model_fields if field in _OUTPUTS},
    }
    outputs[room_config.KEY] = {"type": "string", "description": _CONFIG}
    inputs["metadata"] = {"$ref": "pulumi.json#/Any", **{k: v for k, v in inputs["metadata"].items() if k != "type"}}
    return inputs, outputs


def _room_set() -> Spec:
    def rooms(token: str, description: str) -> Spec:
        of = {"$ref": f"#/types/{token}"}
        return {"rooms": {"type": "object", "additionalProperties": of, "description": description}}

    life, importing = _text("room-set-life"), _text("room-set-import")
    return {
        "description": f"Many rooms as one resource.\n\n{life}{_usage('room-set')}\n{importing}",
        "inputProperties": rooms(_SETTINGS, "Each room's settings by its name, by which people join it."),
        "requiredInputs": ["rooms"],
        "properties": rooms(_ROOM_OF_SET, "The rooms as they are live, by name."),
        "required": ["rooms"],
    }


def _set_types() -> Spec:
    inputs, outputs = ({key: spec for key, spec in one.items() if key != "name"} for one in _room_properties())
    required = sorted(outputs.keys() - _MAYBE)
    return {
        _SETTINGS: {"description": "The settings of a room of a set.", "type": "object", "properties": inputs},
        _ROOM_OF_SET: {
            "description": "A room of a set, as it is live.",
            "type": "object",
            "properties": outputs,
            "required": required,
        },
    }


def _object(model: type[BaseModel]) -> Spec:
    # Not under the wire's own names: the Rooms API says `room` for a room's name.
    hidden = _HIDDEN if issubclass(model, LiveRoom | Participant) else ()
    fields = [(field, info) for field, info in model.model_fields.items() if field not in hidden]
    return {
        "description": model.__doc__,
        "type": "object",
        "properties": {to_camel(field): _property(model, field) for field, _ in fields},
        "required": sorted(to_camel(field) for field, info in fields if NoneType not in get_args(info.annotation)),
    }


def _arguments(*, required: bool = True, **described: str) -> Spec:
    properties = {name: {"type": "string", "description": description} for name, description in described.items()}
    return {"type": "object", "properties": properties, **({"required": sorted(described)} if required else {})}


def _join_token_arguments() -> Spec:
    required = _arguments(room="The room's name.", identity="Who the token is for, unique in the room.")
    optional = _arguments(
        name="What others see them called.",
        ttl=f"How long the token may be used to join: 90s, 15m, 1h or 7d, at most {MAX_TTL.days}d. "
        f"Default: {DEFAULT_TTL}.",
        roomConfig="The declared settings: the roomConfig of the room's resource. Without it they are those that this "
        "run declares, as far as it has come, or else those of the live room.",
    )
    grants = {
        "type": "object",
        "additionalProperties": {"type": "boolean"},
        "description": f"What the token allows or denies beside joining: {', '.join(GRANTS)}.",
    }
    return {**required, "properties": {**required["properties"], **optional["properties"], "grants": grants}}


def _setting(setting: Option) -> Spec:
    default = f"{setting.default:g}" if isinstance(setting.default, float) else str(setting.default).lower()
    return {
        "type": setting.kind,
        "description": setting.description + ("" if setting.default is None else f" Default: {default}."),
        "defaultInfo": {"environment": [setting.env]},
        **({"secret": True} if setting.secret else {}),
    }


def _property(model: type[BaseModel], field: str) -> Spec:
    info = model.model_fields[field]
    if info.annotation in _MAPPINGS:
        return {**_MAPPINGS[info.annotation], "description": info.description}
    kind = next(kind for kind in get_args(info.annotation) or (info.annotation,) if kind is not NoneType)
    if kind in _NESTED:
        return {"$ref": f"#/types/{_NESTED[kind]}", "description": info.description}
    if model is Agent and field == "metadata":
        return {"$ref": "pulumi.json#/Any", "description": info.description}
    if get_origin(kind) is tuple:
        items = {"$ref": f"#/types/{_NESTED[Agent]}"}
        return {"type": "array", "items": items, "description": info.description}
    return {"type": _TYPES[kind], "description": info.description}
