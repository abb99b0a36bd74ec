"""The wire format of the first document: error bodies, and the body of "Create a room"."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from relay_provider.model import MAX_EMPTY_TIMEOUT, MAX_PARTICIPANTS, NAME_PATTERN, LiveRoom, RoomInputs
from relay_provider.values import MAX_METADATA, kind_of

MAX_BODY: Final = 64 * 1024

_NAME: Final = re.compile(NAME_PATTERN)


class RoomList(BaseModel):
    """Every active room of the project."""

    rooms: list[LiveRoom]


class ApiError(Exception):
    """An answer other than success: `{"error": {"type", "code", "message"}}`."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.kind, self.message, self.code = status, kind, message, code or kind
        self.headers = headers
        super().__init__(message)

    def body(self) -> bytes:
        """The documented error body."""
        return to_json({"error": {"type": self.kind, "code": self.code, "message": self.message}})

    def response(self) -> Response:
        """The whole answer."""
        return Response(self.body(), self.status, self.headers, media_type="application/json")


def unauthorized(message: str) -> ApiError:
    """The key (or token) is missing or wrong."""
    return ApiError(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def not_found(message: str) -> ApiError:
    """The room, the participant or the route does not exist."""
    return ApiError(404, "not_found", message)


def invalid(message: str) -> ApiError:
    """A field or a path parameter breaks a rule."""
    return ApiError(422, "validation_error", message)


def malformed(message: str) -> ApiError:
    """The request cannot be read at all."""
    return ApiError(422, "invalid_request", message)


def method_not_allowed(*allowed: str) -> ApiError:
    """The route exists, the method does not."""
    allow = ", ".join(allowed)
    return ApiError(
        405, "invalid_request", f"This path takes {allow} only", code="method_not_allowed", headers={"Allow": allow}
    )


def to_json(value: object) -> bytes:
    """JSON as UTF-8, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ok(value: BaseModel | Mapping[str, Any], status: int = 200) -> Response:
    """A success."""
    body = value.model_dump_json(by_alias=True) if isinstance(value, BaseModel) else to_json(value)
    return Response(body, status, media_type="application/json")


def bearer(request: Request) -> bytes | None:
    """What follows `Bearer` in the one Authorization header; None without it."""
    sent = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(sent) != 1:
        return None
    scheme, _, credentials = bytes(sent[0]).partition(b" ")
    return credentials.strip() or None if scheme.lower() == b"bearer" else None


async def read_object(request: Request) -> dict[str, Any]:
    """The request's JSON object, or the documented 422."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise malformed("The body must be JSON, with Content-Type: application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise malformed(f"The body must have at most {MAX_BODY} bytes")
    try:
        value = json.loads(body.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise malformed("The body is not valid JSON") from None
    if not isinstance(value, dict):
        raise invalid(f"The body must be a JSON object, not {kind_of(value)}")
    return value


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def create_request(body: Mapping[str, Any]) -> RoomInputs:
    """The body of "Create a room", checked field by field; every wrong field is named. Other fields are ignored."""
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for field, check in (
        ("name", _name),
        ("maxParticipants", lambda value: _whole(value, MAX_PARTICIPANTS)),
        ("emptyTimeout", lambda value: _whole(value, MAX_EMPTY_TIMEOUT)),
        ("metadata", _metadata),
    ):
        if field not in body:
            if field == "name":
                problems.append("name is required")
            continue
        try:
            fields[field] = check(body[field])
        except _Wrong as error:
            problems.append(f"{field} {error}")
    if problems:
        raise invalid("; ".join(problems))
    return RoomInputs.model_validate(fields)


class _Wrong(Exception):
    """What is wrong with one field."""


def _whole(value: object, high: int) -> int:
    # JSON has one kind of number, so 50.0 is 50; true is no number.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Wrong(f"must be a whole number from 1 to {high}, not {kind_of(value)}")
    if not 1 <= value <= high:
        raise _Wrong(f"must be a whole number from 1 to {high}")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _Wrong("must be a string of 1 to 128 letters, digits and . _ - : only")
    return value


def _metadata(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"must be a string, not {kind_of(value)}")
    if len(value) > MAX_METADATA:
        raise _Wrong(f"must have at most {MAX_METADATA} characters, not {len(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Wrong("must be valid Unicode, not half of a surrogate pair") from None
    return value
