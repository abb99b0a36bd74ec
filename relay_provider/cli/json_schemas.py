"""The JSON Schemas of what commands print as JSON, generated from the model where that has it.

They allow keys that they do not know: shapes gain some from time to time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from relay_provider.cli.health import CHECKS
from relay_provider.drift import ProjectDrift
from relay_provider.model import OWN, SETTINGS, Removal, RoomDetail, RoomList
from relay_provider.sayna import SaynaRoom

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_DIGEST: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def _object(properties: Schema, *optional: str, description: str = "") -> Schema:
    required = [name for name in properties if name not in optional]
    about = {"description": description} if description else {}
    return {**about, "type": "object", "properties": properties, "required": required}


def _said(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _of(model: type[BaseModel]) -> Schema:
    """A model's, with every key that is written required."""
    return dict(_whole(model.model_json_schema(by_alias=True, mode="serialization")))


def _whole(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_whole(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _whole(one) for key, one in schema.items() if key not in ("title", "default")}
    return {**found, "required": list(found["properties"])} if "properties" in found else found


def _drift() -> Schema:
    project = _whole(TypeAdapter(ProjectDrift).json_schema(by_alias=True, mode="serialization"))
    definitions = project.pop("$defs")
    return {
        **_object(
            {
                "drift": _said({"type": "boolean"}, "Whether anything is not as declared."),
                "projects": _list({"$ref": "#/$defs/ProjectDrift"}),
            }
        ),
        "$defs": {**definitions, "ProjectDrift": project},
    }


def _change(kinds: list[str]) -> Schema:
    value: Schema = {"type": ["string", "integer", "number", "boolean", "object", "array", "null"]}
    field = _object({"field": _TEXT, "before": value, "after": value}, description="null is absent.")
    return {
        "project": _said(_TEXT, "The project's label."),
        "room": _said(_TEXT, "The room's name."),
        "change": {"enum": kinds},
        "fields": _said(_list(field), "What changes; names are the manifest's."),
    }


_KINDS: Final = ("create", "takeOver", "update", "replace", "delete", "forget")
_DIFFERS: Final = "differs"
"""What `up --adopt` leaves alone."""


def _changes() -> Schema:
    people = {
        "people": _said(_COUNT, "How many people are in it now; only where a plan would end it."),
        "identities": _said(_list(_TEXT), "The first few of them."),
        "refused": _said({"type": "boolean"}, "Whether it will be left as it is."),
    }
    counts = dict.fromkeys((*_KINDS, _DIFFERS, "same"), _COUNT)
    return _object(
        {
            "result": {"enum": ["changes", "unchanged", "done", "failed"]},
            "changes": _object(
                counts, "takeOver", "forget", _DIFFERS, description="How many rooms there are of each change."
            ),
            "rooms": _list(_object({**_change([*_KINDS, _DIFFERS]), **people}, *people)),
            "noLongerDeclared": _said(_COUNT, "Rooms that end because the manifest lacks them."),
            "overLimit": _said(_list(_TEXT), "A sentence for each project of which more rooms would end than may."),
            "errors": _said(_list(_TEXT), "A sentence for each room that was not changed."),
        },
        "noLongerDeclared",
        "overLimit",
        "errors",
    )


def _plan() -> Schema:
    nullable = {"type": ["string", "null"]}
    settings = {name: {"type": ["string", "integer", "array", "object", "null"]} for name in sorted(SETTINGS)}
    own = [name for name in SETTINGS if name.startswith(OWN)]
    room = {
        **_change([*_KINDS, "same"]),
        "sid": _said(nullable, "The live room's session; null where there is none."),
        "settings": {**_object(settings, *own, description="As it is live."), "type": ["object", "null"]},
        "people": _said(_list(_TEXT), "Everybody in a room that would end."),
        "refused": _said({"type": "boolean"}, "Whether it will be left as it is."),
    }
    return _object(
        {
            "relayRoomsPlan": _said({"const": 1}, "The version of this format."),
            "made": _said({"type": "string", "format": "date-time"}, "When; for people alone."),
            "manifest": _object({"name": _TEXT, "sha256": _list(_DIGEST)}, description="The files, by their bytes."),
            "stack": _TEXT,
            "project": _said(nullable, "The only project of which it is, by its label."),
            "refresh": {"type": "boolean"},
            "state": _object({"sha256": _DIGEST}, description="The resources in the stack's state."),
            "places": _said({"type": "object", "additionalProperties": _TEXT}, "Where each project's rooms live."),
            "rooms": _list(_object(room, "people", "refused")),
        }
    )


def _token() -> Schema:
    return _object(
        {
            "token": _said(_TEXT, "The join token: a secret."),
            "url": _said(_TEXT, "The LiveKit server to join at."),
            "room": _said(_TEXT, "The room's name there."),
            "identity": _TEXT,
        }
    )


def _imports() -> Schema:
    return _object({"resources": _list(_object({"type": _TEXT, "name": _TEXT, "id": _TEXT}))})


def _doctor() -> Schema:
    finding = _object(
        {
            "check": _said({"enum": list(CHECKS)}, "What was looked at."),
            "project": _said({"type": ["string", "null"]}, "The project's label; null for what is of no project."),
            "status": _said({"enum": ["ok", "note", "wrong"]}, "A note is no error: only `wrong` makes exit code 1."),
            "found": _said(_TEXT, "What was found and, where it is not ok, the way out."),
        }
    )
    return _object({"healthy": _said({"type": "boolean"}, "Whether nothing is wrong."), "checks": _list(finding)})


SCHEMAS: Final[dict[str, tuple[str, Callable[[], Schema]]]] = {
    "drift": ("relay-rooms drift --output json", _drift),
    "changes": ("relay-rooms preview, up and destroy --output json", _changes),
    "plan": ("relay-rooms preview --save FILE", _plan),
    "list": ("relay-rooms list --output json", lambda: _of(RoomList)),
    "get": ("relay-rooms get --output json", lambda: _of(RoomDetail)),
    "get-sayna": ("relay-rooms get --source sayna --output json", lambda: _of(SaynaRoom)),
    "remove-participant": ("relay-rooms remove-participant --output json", lambda: _of(Removal)),
    "token": ("relay-rooms token --output json", _token),
    "doctor": ("relay-rooms doctor --output json", _doctor),
    "imports": ("relay-rooms export --imports", _imports),
}
"""Each by its name: what prints it, and the schema."""


def json_schema(name: str) -> Schema:
    """The schema (draft 2020-12) of one of `SCHEMAS`."""
    title, made = SCHEMAS[name]
    return {"$schema": _DRAFT, "title": title, **made()}
