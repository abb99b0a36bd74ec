"""LiveKit's webhooks: hints that a room has ended. What is done about one is decided by a look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from relay_provider.backends.prefix import placed
from relay_provider.config import Connection
from relay_provider.keep.project import Keeper

if TYPE_CHECKING:
    from livekit.protocol.webhook import WebhookEvent

LARGEST: Final = 256 * 1024
"""Bytes of a body that are read: a room's metadata is in it."""
REMEMBERED: Final = 10_000
"""Webhooks that are known again when they come once more."""
LIFE: Final = 600.0
"""Seconds for which a webhook is remembered: longer than its token is good for (5 minutes, and 1 of leeway)."""

Keepers = Callable[[Callable[[Connection], bool]], list[Keeper]]


class Webhooks:
    """Takes webhooks that are signed with the API key of a LiveKit project that is kept."""

    def __init__(self, connections: Callable[[], Iterable[Connection]], keepers: Keepers) -> None:
        self._connections = connections
        self._keepers = keepers
        self._seen: dict[str, float] = {}

    async def __call__(self, request: Request) -> Response:
        """200 for what is LiveKit's, also where there is nothing to do: it would be sent again otherwise."""
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return PlainTextResponse("too large\n", 413)
        except ClientDisconnect:
            return Response(status_code=400)
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        pairs = dict.fromkeys(map(_pair, self._connections()))
        for pair in pairs:
            if pair and (event := _received(bytes(body), token, *pair)):
                if event.event == "room_finished" and event.room.name and not self._known(event.id or token):
                    self._hint(pair, event.room.name, event.room.sid)
                return PlainTextResponse("ok\n")
        return PlainTextResponse("not signed with the key of a project that is kept\n", 401)

    def _hint(self, pair: tuple[str, str], full_name: str, sid: str) -> None:
        project_id, name = placed(full_name)
        for keeper in self._keepers(lambda one: _pair(one) == pair and (one.project_id or "") == project_id):
            keeper.hint(name, sid)

    def _known(self, event: str) -> bool:
        """Was this one here before? LiveKit sends again what it believes lost, and so may others."""
        now = time.monotonic()
        while self._seen and (len(self._seen) >= REMEMBERED or next(iter(self._seen.values())) < now - LIFE):
            del self._seen[next(iter(self._seen))]
        known = event in self._seen
        self._seen.setdefault(event, now)
        return known


def _pair(settings: Connection) -> tuple[str, str] | None:
    key, secret = settings.livekit_api_key, settings.livekit_api_secret
    return (key, secret.get_secret_value()) if settings.backend == "livekit" and key and secret else None


def _received(body: bytes, token: str, key: str, secret: str) -> WebhookEvent | None:
    """The event, if this key signed it and the body is the one that was signed."""
    from livekit.api import TokenVerifier, WebhookReceiver

    try:
        return WebhookReceiver(TokenVerifier(key, secret)).receive(body.decode(), token)
    except Exception:
        # It raises what its libraries raise, and plain Exceptions where the hash differs: none of them is LiveKit's.
        return None
