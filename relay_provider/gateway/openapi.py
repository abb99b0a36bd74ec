"""The OpenAPI 3.1 document of what is served, made from the models and limits that serve it."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from relay_provider.model import NAME_PATTERN, LiveRoom, RoomDetail, RoomInputs, RoomList, settings_of
from relay_provider.sayna import SaynaRoom
from relay_provider.version import __version__

_ERRORS: Final = {
    "401": ("Unauthorized", "The key (or token) is missing, invalid, or revoked."),
    "404": ("NotFound", "The room or participant does not exist in the project."),
    "422": ("Invalid", "The request body or a path parameter failed validation."),
    "502": ("Upstream", "The realtime service returned an error."),
}
_TEXT: Final = {"type": "string", "minLength": 1}
_NAME: Final = {"type": "string", "pattern": NAME_PATTERN, "minLength": 1, "maxLength": 128}


def document(*, token_required: bool) -> dict[str, Any]:
    """The document; `token_required` says whether the second document's route wants a JWT."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rooms API",
            "version": __version__,
            "description": "Create, list, inspect and end real-time rooms, and remove participants from them.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/v1/rooms": {
                "post": _create(),
                "get": _operation("listRooms", "List active rooms", _answer("RoomList")),
            },
            "/v1/rooms/{name}": {
                "get": _operation("inspectRoom", "Inspect a room", _answer("RoomDetail"), "404", "422", path=("name",)),
                "delete": _operation("endRoom", "End a room", _flag("ended"), "422", path=("name",)),
            },
            "/v1/rooms/{name}/participants/{identity}": {
                "delete": _operation(
                    "removeParticipant",
                    "Remove a participant",
                    _flag("removed"),
                    "404",
                    "422",
                    path=("name", "identity"),
                )
            },
            "/livekit/rooms/{room_name}": {"get": _sayna(token_required)},
        },
        "components": {
            "schemas": {
                **_schemas(LiveRoom, RoomList, RoomDetail, SaynaRoom),
                "Error": _error_schema(),
                "SaynaError": _all_of({"error": _TEXT}),
            },
            "responses": {name: _json(text, _ref("Error")) for name, text in _ERRORS.values()},
            "securitySchemes": {
                "secretKey": {"type": "http", "scheme": "bearer", "description": "The project's key, sk_live_…"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "HS256."},
            },
        },
    }


def _create() -> dict[str, Any]:
    inputs = RoomInputs.model_json_schema(by_alias=True)["properties"]
    said = {key: inputs[key] for key in settings_of("relay")}
    properties = {key: {**one["anyOf"][0], "description": one["description"]} for key, one in said.items()}
    properties["metadata"]["description"] = "Opaque string attached to the room."
    properties["name"] = {**_NAME, "description": "Room name, unique in the project."}
    body = {"type": "object", "required": ["name"], "properties": properties}
    created = _json("The room as it is now.", _ref("LiveRoom"))
    created["links"] = {
        operation: {"operationId": operation, "parameters": {"name": "$response.body#/room"}}
        for operation in ("inspectRoom", "endRoom")
    }
    return {
        **_operation("createRoom", "Create a room", {"201": created}, "422"),
        "description": "A live room of that name is left as it is, and answered.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }


def _sayna(token_required: bool) -> dict[str, Any]:
    operation = _operation("getLiveKitRoom", "A room under its name on the server", _answer("SaynaRoom"))
    operation["parameters"] = [_parameter("room_name", {"type": "string", "minLength": 1})]
    operation["security"] = [{"token": []}] if token_required else []
    refusals = {
        **({"401": "The token is missing, wrong, or has expired."} if token_required else {}),
        "404": "Room not found or access denied.",
        "500": "LiveKit is not configured, or its API failed.",
    }
    operation["responses"] = _answer("SaynaRoom") | {
        status: _json(text, _ref("SaynaError")) for status, text in refusals.items()
    }
    return operation


def _operation(
    name: str, summary: str, success: dict[str, Any], *errors: str, path: tuple[str, ...] = ()
) -> dict[str, Any]:
    schemas = {"name": _NAME, "identity": {"type": "string", "minLength": 1, "pattern": "^[^\\u0000]+$"}}
    responses = {status: {"$ref": f"#/components/responses/{_ERRORS[status][0]}"} for status in ("401", "502", *errors)}
    return {
        "operationId": name,
        "summary": summary,
        "security": [{"secretKey": []}],
        "parameters": [_parameter(part, schemas[part]) for part in path],
        "responses": success | dict(sorted(responses.items())),
    }


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _answer(schema: str) -> dict[str, Any]:
    return {"200": _json("Success.", _ref(schema))}


def _flag(name: str) -> dict[str, Any]:
    return {"200": _json("Success.", _all_of({name: {"const": True}}))}


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _error_schema() -> dict[str, Any]:
    return _all_of({"error": _all_of({"type": _TEXT, "code": _TEXT, "message": _TEXT})})


def _all_of(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(
            by_alias=True, mode="serialization", ref_template="#/components/schemas/{model}"
        )
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    for schema in found.values():
        # Every field is always there, also where the model has a default for it.
        schema["required"] = list(schema["properties"])
    # Other servers may send an object.
    metadata = found["SaynaParticipant"]["properties"]["metadata"]
    found["SaynaParticipant"]["properties"]["metadata"] = {
        "type": "string",
        "title": metadata["title"],
        "description": "The participant's metadata string.",
    }
    return found
