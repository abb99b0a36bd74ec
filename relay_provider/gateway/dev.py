"""The development door: people in rooms without WebRTC. Memory engine on loopback only; not part of the documents.

- `POST /dev/rooms/{name}/participants` with `{"identity": …, "name"?: …, "tracks"?: 0…, "metadata"?: …,
  "attributes"?: {…}}` joins: 201 and the participant as the Rooms API shows them. As on LiveKit, joining makes the room
  when it is not live (no limit, no metadata), the same identity again replaces the first, and a full room refuses (409,
  type `room_full`).
- `DELETE /dev/rooms/{name}/participants/{identity}` leaves: 200 `{"left": true}`, or 404.

The same keys as the Rooms API, so one acts on one's own project's rooms only.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from relay_provider.errors import Rejected
from relay_provider.gateway.memory import MemoryProject
from relay_provider.gateway.wire import ApiError, identity, invalid, not_found, ok, only, read_object, room_name
from relay_provider.values import kind_of

_FIELDS = {"identity": str, "name": str, "tracks": int, "metadata": str, "attributes": dict}


async def answer(project: MemoryProject, request: Request, rest: list[bytes]) -> Response:
    """Serve a path below `/dev`."""
    match rest:
        case [b"rooms", name, b"participants"]:
            only(request, "POST")
            return _join(project, room_name(name), await read_object(request))
        case [b"rooms", name, b"participants", person]:
            only(request, "DELETE")
            if not await project.remove_participant(room_name(name), identity(person)):
                raise not_found("Participant not found")
            return ok({"left": True})
    raise not_found("No such path")


def _join(project: MemoryProject, name: str, body: dict[str, Any]) -> Response:
    for field, value in body.items():
        if field not in _FIELDS:
            raise invalid(f"A participant has {', '.join(_FIELDS)} only")
        if not isinstance(value, _FIELDS[field]) or isinstance(value, bool):
            raise invalid(f"{field} must not be {kind_of(value)}")
    who, attributes, tracks = body.get("identity"), body.get("attributes", {}), body.get("tracks", 0)
    if not who or "\0" in who:
        raise invalid("identity is required")
    if not all(isinstance(value, str) for value in attributes.values()):
        raise invalid("attributes must hold strings only")
    if not 0 <= tracks <= 1000:
        raise invalid("tracks must be a whole number from 0 to 1000")
    try:
        for text in (who, body.get("name", ""), body.get("metadata", ""), *attributes, *attributes.values()):
            text.encode()
    except UnicodeEncodeError:
        raise invalid("Every text must be valid Unicode") from None
    about = {"name": body.get("name", ""), "metadata": body.get("metadata", ""), "attributes": attributes}
    try:
        return ok(project.join(name, who, tracks=tracks, **about), 201)
    except Rejected as error:
        raise ApiError(409, "room_full", str(error)) from None
