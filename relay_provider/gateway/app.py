"""The Rooms API as an ASGI application.

Routes by the path as it was sent (`raw_path`), judges the key before anything else, and answers every failure with
the documented error body; the second document has none, and its route one of its own.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from relay_provider.backends.base import Backend
from relay_provider.errors import RelayError, quoted
from relay_provider.gateway import dev, sayna
from relay_provider.gateway.engine import Engine
from relay_provider.gateway.keys import Keys
from relay_provider.gateway.memory import MemoryEngine
from relay_provider.gateway.openapi import document
from relay_provider.gateway.shared import Shared
from relay_provider.gateway.wire import (
    ApiError,
    bearer,
    create_request,
    identity,
    not_found,
    ok,
    only,
    read_object,
    room_name,
    to_json,
    unauthorized,
)
from relay_provider.model import RoomList

_log = logging.getLogger("relay_provider.gateway")


class Gateway:
    """Both documents on one engine.

    `jwt_secret` closes the second document's route to callers without a token. `development` opens the development
    door (`gateway/dev.py`), which the memory engine alone has.
    """

    def __init__(self, engine: Engine, keys: Keys, *, jwt_secret: str | None = None, development: bool = False) -> None:
        self._engine = engine
        self._keys = keys
        self._jwt_secret = jwt_secret
        self._lists: dict[str, Shared[bytes]] = {}
        self._memory = engine if development and isinstance(engine, MemoryEngine) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                with suppress(ClientDisconnect):
                    response = await self._answered(Request(scope, receive))
                    await response(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1000})

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._route(request)
        except ApiError as error:
            return error.response()
        except RelayError as error:
            return _upstream(502, error).response()
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("A request could not be answered")
            return ApiError(500, "internal_error", "The request could not be answered").response()

    async def _route(self, request: Request) -> Response:
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        match raw.split(b"/")[1:]:
            case [b"v1", *rest]:
                return await self._v1(self._project_id(request), request, rest)
            case [b"livekit", b"rooms", name]:
                return await self._sayna(request, name)
            case [b"openapi.json"]:
                only(request, "GET")
                return Response(self._openapi, media_type="application/json")
            case [b"dev", *rest] if self._memory:
                return await dev.answer(self._memory.project(self._project_id(request)), request, rest)
        raise not_found("No such path")

    async def _v1(self, project_id: str, request: Request, rest: list[bytes]) -> Response:
        rooms = self._engine.project(project_id)
        match rest:
            case [b"rooms"]:
                only(request, "GET", "POST")
                if request.method == "GET":
                    if project_id not in self._lists:
                        self._lists[project_id] = Shared(partial(_listed, rooms))
                    return Response(await self._lists[project_id].get(), media_type="application/json")
                return ok(await rooms.create(create_request(await read_object(request))), 201)
            case [b"rooms", name]:
                only(request, "GET", "DELETE")
                if request.method == "GET":
                    if (room := await rooms.get(room_name(name))) is None:
                        raise not_found("Room not found")
                    return ok(room)
                await rooms.delete(room_name(name))
                return ok({"ended": True})
            case [b"rooms", name, b"participants", person]:
                only(request, "DELETE")
                if not await rooms.remove_participant(room_name(name), identity(person)):
                    raise not_found("Participant not found")
                return ok({"removed": True})
        raise not_found("No such path")

    async def _sayna(self, request: Request, name: bytes) -> Response:
        try:
            only(request, "GET")
            return await sayna.answer(self._engine, self._jwt_secret, request, name)
        except ApiError as error:
            return sayna.refusal(error)
        except RelayError as error:
            return sayna.refusal(_upstream(500, error))

    def _project_id(self, request: Request) -> str:
        key = bearer(request)
        project_id = self._keys.home_of(key) if key else None
        if project_id is None:
            raise unauthorized("The API key is missing, invalid, or revoked")
        return project_id

    @cached_property
    def _openapi(self) -> bytes:
        return to_json(document(token_required=self._jwt_secret is not None))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message: MutableMapping[str, Any] = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._engine.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})


async def _listed(rooms: Backend) -> bytes:
    return RoomList.model_construct(rooms=await rooms.list()).model_dump_json(by_alias=True).encode()


def _upstream(status: int, error: RelayError) -> ApiError:
    # The sentence names addresses that are no business of the caller's: it goes to the log.
    _log.warning("%s", quoted(str(error), limit=500))
    return ApiError(status, "livekit_error", "The realtime service returned an error")
