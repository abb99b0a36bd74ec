"""What `keep --listen` serves: health, metrics, the status page with what it shows, and LiveKit's webhooks."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from relay_provider.address import is_loopback
from relay_provider.errors import ConfigError
from relay_provider.keep.metrics import Metrics
from relay_provider.keep.state import State
from relay_provider.keep.status import status

TOKEN_VARIABLE: Final = "RELAY_KEEP_TOKEN"  # noqa: S105 — its name
SHORTEST_TOKEN: Final = 16

Handler = Callable[[Request], Awaitable[Response]]

_PAGE: Final = Path(__file__).with_name("page.html")


def checked_token(host: str, token: str) -> bytes | None:
    """The token that readers have to bring; None on loopback without one. ConfigError where one has to be set."""
    if not token:
        if is_loopback(host):
            return None
        raise ConfigError(
            f"{host} can be reached by other machines, so {TOKEN_VARIABLE} must be set: the token that the status page "
            "and the metrics want."
        )
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
        raise ConfigError(f"{TOKEN_VARIABLE} must have at least {SHORTEST_TOKEN} printable characters of ASCII.")
    return token.encode()


class Web:
    """The answers. `look_now` is called when somebody begins to look; `webhook` answers LiveKit."""

    def __init__(self, state: State, token: bytes | None, look_now: Callable[[], None], webhook: Handler) -> None:
        self._state = state
        self._token = token
        self._look_now = look_now
        self._metrics = Metrics(state)
        self._page = _PAGE.read_bytes()
        self._policy = _policy(self._page.decode())
        self._known: tuple[int, bytes] = (-1, b"")
        guarded = self._guarded
        self.app = Starlette(
            routes=[
                Route("/", guarded(self._show)),
                Route("/state.json", guarded(self._tell)),
                Route("/metrics", guarded(self._measure)),
                Route("/healthz", self._health),
                Route("/readyz", self._readiness),
                Route("/webhook", webhook, methods=["POST"]),
            ],
            middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)],
        )

    def _guarded(self, handler: Handler) -> Handler:
        @wraps(handler)
        async def answer(request: Request) -> Response:
            if self._token is None and not is_loopback(_host(request)):
                # Another site's page may have its own name lead here.
                said = f"Ask for this by the name of this machine (localhost), or set {TOKEN_VARIABLE}.\n"
                return PlainTextResponse(said, 403)
            if self._token is not None and not hmac.compare_digest(_sent_token(request), self._token):
                challenge = {"WWW-Authenticate": 'Basic realm="relay-rooms keep: any name, the token as password"'}
                return PlainTextResponse(f"The token of {TOKEN_VARIABLE} is missing or wrong.\n", 401, challenge)
            response = await handler(request)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            return response

        return answer

    async def _show(self, request: Request) -> Response:
        headers = {"Content-Security-Policy": self._policy, "Referrer-Policy": "no-referrer"}
        return Response(self._page, headers=headers, media_type="text/html")

    async def _tell(self, request: Request) -> Response:
        if self._state.somebody_looks():
            self._look_now()
        version = self._state.version
        headers = {"ETag": f'W/"{self._state.began:.6f}-{version}"', "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if self._known[0] != version:
            self._known = (
                version,
                json.dumps(status(self._state), ensure_ascii=False, separators=(",", ":")).encode(errors="replace"),
            )
        return Response(self._known[1], headers=headers, media_type="application/json")

    async def _measure(self, request: Request) -> Response:
        content, media_type = self._metrics.written(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type})

    async def _health(self, request: Request) -> Response:
        if stuck := self._state.stuck():
            return PlainTextResponse(f"{len(stuck)} of {len(self._state.projects)} loops do not move\n", 503)
        return PlainTextResponse("ok\n")

    async def _readiness(self, request: Request) -> Response:
        if not self._state.ready:
            return PlainTextResponse("not every project was listed yet\n", 503)
        return PlainTextResponse("ok\n")


def _host(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _sent_token(request: Request) -> bytes:
    """A bearer's token (programs), or the password of any name (people: browsers ask for it)."""
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return sent.strip().encode()
        case "basic":
            try:
                return base64.b64decode(sent.strip(), validate=True).partition(b":")[2]
            except ValueError:
                return b""
    return b""


def _policy(page: str) -> str:
    """Nothing runs, and nothing is shown, but what the page itself holds; it talks to nobody but this server."""

    def digest(tag: str) -> str:
        content = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"

    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {digest('script')}",
            f"style-src {digest('style')}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )
