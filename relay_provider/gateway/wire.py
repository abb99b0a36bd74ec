"""The wire format of the first document: error bodies, paths, and the body of "Create a room".

Paths are decoded as they were sent, per segment, so that `%2F` in an identity is part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from relay_provider.checks import check
from relay_provider.model import ROOM_NAME, SETTINGS, RoomInputs, settings_of
from relay_provider.values import kind_of

_SETTINGS: Final = settings_of("relay")
MAX_BODY: Final = 64 * 1024
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


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


def only(request: Request, *methods: str) -> None:
    """Refuse a method that the route does not have."""
    if request.method not in methods:
        allow = ", ".join(methods)
        said = f"This path takes {allow} only"
        raise ApiError(405, "invalid_request", said, code="method_not_allowed", headers={"Allow": allow})


def to_json(value: object) -> bytes:
    """JSON as UTF-8, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ok(value: BaseModel | Mapping[str, Any], status: int = 200) -> Response:
    """A success."""
    body = value.model_dump_json(by_alias=True) if isinstance(value, BaseModel) else to_json(value)
    return Response(body, status, media_type="application/json")


def decoded(segment: bytes) -> str | None:
    """A path's segment without its percent-encoding; None when that is broken, or is not UTF-8."""
    if _BROKEN_ESCAPE.search(segment):
        return None
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None


def room_name(segment: bytes) -> str:
    """The room's name in a path, or the documented 422."""
    name = decoded(segment)
    if name is None or not ROOM_NAME.fullmatch(name):
        raise invalid("The room name in the path must hold 1 to 128 letters, digits and . _ - : only")
    return name


def identity(segment: bytes) -> str:
    """A participant's identity in a path: any text, percent-encoded as one segment."""
    text = decoded(segment)
    if not text or "\0" in text:
        raise invalid("The identity in the path must be text, percent-encoded as one segment")
    return text


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
    """The body of "Create a room", checked field by field; every wrong field is named. Other fields are ignored.

    The limits are the model's. Its rules for people who declare rooms are not the document's: here metadata is a
    string, null is no value, and a name may be any of the allowed characters.
    """
    given = {field: body[field] for field in ("name", *_SETTINGS) if field in body}
    problems = {field: reason for field, value in given.items() if (reason := _not_documented(field, value))}
    if "name" not in given:
        problems["name"] = "is required"
    checked = check({**given, "name": "any"})
    problems = {problem.path: problem.message for problem in checked.problems} | problems
    if problems:
        raise invalid("; ".join(f"{field} {problems[field]}" for field in ("name", *_SETTINGS) if field in problems))
    settings = {SETTINGS[field].field: value for field, value in checked.inputs.items() if field in _SETTINGS}
    return RoomInputs.model_construct(name=given["name"], **settings)


def _not_documented(field: str, value: object) -> str | None:
    if field == "name" and not (isinstance(value, str) and ROOM_NAME.fullmatch(value)):
        return "must be a string of 1 to 128 letters, digits and . _ - : only"
    if value is None or (field == "metadata" and not isinstance(value, str)):
        return f"must be {'a string' if field == 'metadata' else 'a whole number'}, not {kind_of(value)}"
    return None
