"""The JSON Schema of a manifest, from which editors complete and check. Generated from the model."""

from __future__ import annotations

from typing import Any, Final

from relay_provider.backends.prefix import MAX_PROJECT_ID, PROJECT_ID_PATTERN
from relay_provider.config import BACKENDS, OPTIONS
from relay_provider.limits import ALWAYS, MOST, PERCENT
from relay_provider.manifest.connection import CONFIG_PATTERN, ENV_PATTERN
from relay_provider.manifest.document import LABEL_PATTERN
from relay_provider.manifest.names import NAME_PATTERN as MANIFEST_NAME_PATTERN
from relay_provider.model import NAME_PATTERN, RoomInputs

Schema = dict[str, Any]

_DESCRIPTIONS: Final = {setting.name: setting.description for setting in OPTIONS}


def manifest_schema() -> Schema:
    """The schema (draft 2020-12) of a manifest file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rooms",
        "description": "Real-time rooms, declared. Keys that begin with x- are ignored: a place for anchors.",
        **_object(
            {
                "version": {"description": "The version of this format.", "const": 1},
                "name": _text(
                    "What tells this manifest apart from others: the name of its Pulumi project. "
                    "The file's own name without it; required on a shared backend.",
                    MANIFEST_NAME_PATTERN,
                ),
                "defaults": _described("Settings of every room of the file.", "settings"),
                "projects": _map(
                    "The projects by label. A label is for people, state and reports.",
                    {"pattern": LABEL_PATTERN},
                    {"$ref": "#/$defs/project"},
                ),
            }
        ),
        "patternProperties": {"^x-": {"description": "Ignored; a place for anchors."}},
        "required": ["version", "projects"],
        "$defs": {"project": _project(), "livekit": _livekit(), "settings": _settings(), "key": _key()},
    }


def _project() -> Schema:
    return _object(
        {
            "apiKey": _key_of("apiKey"),
            "baseUrl": _text(_DESCRIPTIONS["baseUrl"], "^[Hh][Tt][Tt][Pp][Ss]?://."),
            "backend": {"description": _DESCRIPTIONS["backend"], "enum": list(BACKENDS)},
            "grouped": {
                "description": "Whether the rooms are one resource, a set: for hundreds of rooms and more.",
                "type": "boolean",
            },
            "maxEnds": _number("How many of the project's rooms one run may end.", MOST),
            "maxEndsPercent": _number(
                f"How many percent of the project's declared rooms one run may end, and always {ALWAYS}. "
                f"{PERCENT} where neither this nor maxEnds is said; where both are, both count.",
                100,
            ),
            "ignore": {
                "description": "Patterns (*, ?, […]) of names: undeclared rooms that others own; drift ignores them.",
                "type": "array",
                "items": {"type": "string", "minLength": 1},
            },
            "livekit": _described("The LiveKit server that holds the rooms.", "livekit"),
            "defaults": _described("Settings of every room of the project, over those of the file.", "settings"),
            "rooms": _map(
                "The rooms by name: letters, digits and . _ - : (at most 128).",
                {"pattern": NAME_PATTERN, "not": {"enum": [".", ".."]}},
                _described("A room; what it leaves out comes from the defaults.", "settings"),
            ),
        },
        nullable=True,
    )


def _livekit() -> Schema:
    return _object(
        {
            "url": _text(_DESCRIPTIONS["livekitUrl"], "^([Ww][Ss]|[Hh][Tt][Tt][Pp])[Ss]?://."),
            "apiKey": _key_of("livekitApiKey"),
            "apiSecret": _key_of("livekitApiSecret"),
            "projectId": {
                **_text(
                    f"{_DESCRIPTIONS['projectId']} null: none, whatever RELAY_PROJECT_ID says.", PROJECT_ID_PATTERN
                ),
                "type": ["string", "null"],
                "maxLength": MAX_PROJECT_ID,
            },
        },
        nullable=True,
    )


def _settings() -> Schema:
    """A room's inputs but its name. Null is allowed everywhere: it takes a default away."""
    whole = RoomInputs.model_json_schema(by_alias=True)
    kinds = whole["$defs"]
    agent = _object(_inputs(kinds["Agent"]["properties"]))
    agents = {"type": "array", "items": {**agent, "required": kinds["Agent"]["required"]}}
    own = _inputs(kinds["LiveKit"]["properties"], agents=agents)
    settings = _inputs(whole["properties"], livekit=_object(own))
    del settings["name"]
    return _object(settings, nullable=True)


def _inputs(properties: Schema, **objects: Schema) -> Schema:
    """The inputs of a model; those that are no plain values are given."""
    found: Schema = {}
    for key, value in properties.items():
        kinds = value.get("anyOf") or [{k: v for k, v in value.items() if k not in _SAID}, *_NULLABLE.get(key, ())]
        if key == "metadata":
            kinds = [kinds[0], {"type": "object"}, {"type": "array"}, *kinds[1:]]
        if key in objects:
            kinds = [objects[key], {"type": "null"}]
        said = {"description": value["description"]}
        found[key] = {**said, "anyOf": kinds} if len(kinds) > 1 else {**said, **kinds[0]}
    return found


_SAID: Final = ("title", "description", "default")
_NULLABLE: Final = {"forceDestroy": [{"type": "null"}]}


def _key() -> Schema:
    ways = {
        "env": _text("The name of an environment variable.", ENV_PATTERN),
        "config": _text("A key of the stack's Pulumi config.", CONFIG_PATTERN),
    }
    return {
        "description": "Where the key is to be found; never the key itself.",
        "oneOf": [{**_object({name: way}), "required": [name]} for name, way in ways.items()],
    }


def _key_of(setting: str) -> Schema:
    return _described(f"{_DESCRIPTIONS[setting]} Write where it is: {{env: NAME}} or {{config: NAME}}.", "key")


def _described(description: str, definition: str) -> Schema:
    return {"description": description, "$ref": f"#/$defs/{definition}"}


def _text(description: str, pattern: str) -> Schema:
    return {"description": description, "type": "string", "pattern": pattern}


def _number(description: str, most: int) -> Schema:
    return {"description": description, "type": "integer", "minimum": 0, "maximum": most}


def _map(description: str, names: Schema, values: Schema) -> Schema:
    kind = ["object", "null"]
    return {"description": description, "type": kind, "propertyNames": names, "additionalProperties": values}


def _object(properties: Schema, *, nullable: bool = False) -> Schema:
    kind = ["object", "null"] if nullable else "object"
    return {"type": kind, "properties": properties, "additionalProperties": False}
