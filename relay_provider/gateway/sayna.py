"""The second document: `GET /livekit/rooms/{room_name}`, a room under its name on the server.

Access follows `metadata.auth_id`: an authenticated caller (a JWT whose `sub` is not blank) sees the rooms that carry
their ID and is told 404 of every other, just as of a room that does not exist. Where no secret is configured, or
the token's `sub` is blank, access is open, as the document has it.
"""

from __future__ import annotations

import json
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import Response

from relay_provider.gateway.engine import Engine
from relay_provider.gateway.wire import ApiError, bearer, decoded, not_found, ok, to_json, unauthorized


async def answer(engine: Engine, secret: str | None, request: Request, segment: bytes) -> Response:
    """Serve the document's one operation. The engine's failures are the caller's to answer (500)."""
    auth_id = authenticated(request, secret) if secret else None
    name = decoded(segment)
    room = await engine.find(name) if name else None
    if room is None or (auth_id is not None and owner(room.metadata) != auth_id):
        raise not_found("Room not found")
    return ok(room.model_copy(update={"participants": await engine.people(room.name)}))


def refusal(error: ApiError) -> Response:
    """An answer other than success. The document has no body for it; Sayna's own client shows this one."""
    return Response(to_json({"error": error.message}), error.status, error.headers, media_type="application/json")


def authenticated(request: Request, secret: str) -> str | None:
    """The caller's `auth.id`; None when the token names nobody. Raises 401 for no token or a wrong one."""
    token = bearer(request)
    if token is None:
        raise unauthorized("A token is required: Authorization: Bearer <JWT>")
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"verify_aud": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        # Whatever is wrong with it, the answer is the same.
        raise unauthorized("The token is invalid or has expired") from None
    subject = claims.get("sub")
    return subject if isinstance(subject, str) and subject.strip() else None


def owner(metadata: str) -> str | None:
    """`auth_id` in a room's metadata; None when there is none, or the metadata is no JSON object."""
    found = _object(metadata)
    auth_id = found.get("auth_id") if found else None
    return auth_id if isinstance(auth_id, str) else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
        # What cannot be written as JSON in UTF-8 (NaN, half of a surrogate pair) is no JSON.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
