"""Requests over HTTP with this project's manners, for every server that is asked: Relay, Sayna and LiveKit.

One pooled connection set, a bound on requests at once, on the time of each and on the size of an answer, the retry
policy, no redirects, no proxy for this machine, and every failure as a sentence of the error family that names the
request and never the key.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
import anyio
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import BaseModel, ValidationError

from relay_provider.backends.retry import RETRIED_STATUSES, RetryPolicy, Transient, retry_after
from relay_provider.config import Connection, is_loopback
from relay_provider.errors import (
    ConfigError,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    quoted,
)
from relay_provider.version import __version__

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

CONCURRENCY: Final = 16
"""Requests at once: more only queue at the server (measured: no gain beyond 8)."""
LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer, unpacked, that are read: many times what ten thousand rooms take."""


def segment(value: str, what: str) -> str:
    """`value` as one percent-encoded path segment.

    A lone `.` or `..` is refused: clients and proxies resolve them even when they are encoded, so that removing
    the participant `..` would end the room.
    """
    if value in ("", ".", ".."):
        raise Rejected(f'{what} "{value}" cannot be named in a request: an address cannot hold it as a path segment.')
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise Rejected(f"{what} is not valid Unicode, so no request can name it.") from None


class Unreadable(Exception):
    """A body that is not what the document says; `garbled` when it is in another format altogether."""

    def __init__(self, why: str, *, garbled: bool = False) -> None:
        super().__init__(why)
        self.garbled = garbled


def as_json(model: type[M], name: str | None = None) -> Callable[[bytes], M]:
    """Reads a body as `model`, a room's as that of this name; Unreadable says the first thing that is wrong."""

    def read(body: bytes) -> M:
        try:
            found = model.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            if first["type"] == "json_invalid":
                raise Unreadable("no JSON", garbled=True) from None
            where = ".".join(str(part) for part in first["loc"])
            raise Unreadable(f"{where}: {first['msg']}" if where else first["msg"]) from None
        if name is not None and (other := getattr(found, "name", name)) != name:
            raise Unreadable(f'the room "{other}"')
        return found

    return read


class Http:
    """Requests to one API. `token`, if there is one, goes with each of them; `secrets` are never shown."""

    def __init__(
        self,
        base_url: str,
        settings: Connection,
        *,
        key_setting: str,
        url_setting: str,
        token: str | None = None,
        secrets: tuple[str, ...] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigError(f"{key_setting} holds characters that no key has; set it again, without them.")
        self.base_url = base_url
        self._timeout = settings.request_timeout
        self._policy = RetryPolicy(settings.max_retries)
        self._key_setting = key_setting
        self._url_setting = url_setting
        self._secrets = (*secrets, *([token] if token else []))
        headers = {"User-Agent": f"relay-provider/{__version__}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=self._timeout,
            transport=transport or _transport(base_url),
            follow_redirects=False,
        )
        self._slots = anyio.Semaphore(CONCURRENCY)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        what: str = "",
        reads: bool | None = None,
        **content: Any,
    ) -> T:
        """What `read` makes of a successful (2xx) answer. Raises the error family; NotFound only for a definite 404.

        `what` names the request in messages; one that only `reads` (a GET does) is asked once more when the answer is
        garbled. `content` is what httpx takes: `json`, `content`, `headers`.
        """
        what, reads = what or self.what(method, path), method == "GET" if reads is None else reads

        async def attempt() -> T:
            async with self._slots:
                try:
                    with anyio.fail_after(self._timeout):
                        response = await self._whole(method, self.base_url + path, what, content)
                except (TimeoutError, httpx.TransportError) as error:
                    raise Transient(self._no_answer(what, error)) from None
            self._raise_for(response, what)
            try:
                return read(response.content)
            except Unreadable as wrong:
                answered = self.unexpected(what, self.quoted(str(wrong)))
                raise (Transient(answered, once=True) if wrong.garbled and reads else answered) from None

        try:
            return await self._policy.run(attempt)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, UnicodeError) as error:
            raise UnexpectedAnswer(f"{what} could not be carried out: {self.quoted(str(error))}.") from None

    def what(self, method: str, path: str) -> str:
        """What messages call a request."""
        return f"{method} {self.base_url}{path}"

    async def _whole(self, method: str, url: str, what: str, content: dict[str, Any]) -> httpx.Response:
        body = bytearray()
        async with self._client.stream(method, url, **content) as response:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise self.unexpected(what, f"more than {LARGEST_ANSWER >> 20} MiB")
        headers = [(key, value) for key, value in response.headers.multi_items() if key not in _OF_THE_WIRE]
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)

    def _no_answer(self, what: str, error: TimeoutError | httpx.TransportError) -> Unavailable:
        # The aiohttp transport calls a refused connection a timeout; its cause knows better.
        cause: object = error.__cause__ or error
        if isinstance(cause, TimeoutError | httpx.TimeoutException):
            return Unavailable(
                f"{what} got no answer within {self._timeout:g} s; the server may be down or slow. "
                "Try again later, or raise requestTimeout (RELAY_REQUEST_TIMEOUT)."
            )
        if isinstance(cause, aiohttp.ClientConnectorError):
            cause = _connection_failure(cause.os_error)
        why = self.quoted(str(cause)) or "the connection was lost"
        return Unavailable(f"{what} failed: {why}. Check {self._url_setting} and that the server is up.")

    def quoted(self, text: str) -> str:
        """Foreign text for a message, without this client's key."""
        return quoted(text, self._secrets)

    def unexpected(self, what: str, why: str) -> UnexpectedAnswer:
        """An answer that is not what the document says, as an error naming the request."""
        return UnexpectedAnswer(
            f"{what} answered with {why}, which is not what the API documents; check {self._url_setting}."
        )

    def said(self, response: httpx.Response) -> tuple[object, str]:
        """The kind and the message of the documented error body; of something else's (a proxy's page), nothing."""
        return error_of(response, "error", kind="type", message="message")

    def _raise_for(self, response: httpx.Response, what: str) -> None:
        status = response.status_code
        if response.is_success:
            return
        kind, message = self.said(response)
        said = self.quoted(message)
        because = f": {said}" if said else ""
        failed = f"{what} failed on the server's side ({status} {_phrase(status)}{because})"
        match status:
            case 401 | 403:
                raise Unauthorized(
                    f"{what} was refused, the key is not accepted ({status}{because}); check {self._key_setting}."
                )
            case 404 if kind == "not_found":
                raise NotFound(f"{what} found nothing{because}.")
            case 400 | 409 | 412 | 422:
                raise Rejected(f"{what} was refused as invalid ({status}{because}); correct the values it names.")
            case 429:
                raise Transient(
                    RateLimited(
                        f"{what} was refused: too many requests (429{because}); wait a while, or run fewer at once "
                        "(pulumi up --parallel)."
                    ),
                    retry_after(response.headers.get("Retry-After")),
                )
            case _ if status in RETRIED_STATUSES:
                raise Transient(
                    Unavailable(f"{failed}; try again later."), retry_after(response.headers.get("Retry-After"))
                )
            case _ if response.has_redirect_location:
                target = self.quoted(response.headers["Location"])
                raise UnexpectedAnswer(
                    f"{what} was redirected ({status}) to {target}; redirects are not followed, so that the key "
                    f"stays with the server it is for. If that is the right address, set {self._url_setting} to it."
                )
            case _ if status >= 500:
                raise Unavailable(f"{failed}.")
            case _:
                raise self.unexpected(what, f"{status} {_phrase(status)}{because}")


_OF_THE_WIRE: Final = ("content-encoding", "content-length", "transfer-encoding")


def _transport(base_url: str) -> httpx.AsyncBaseTransport:
    # httpx's own transport slows down fourfold with many connections; aiohttp's does not.
    # Certificates take long to load, and plain http needs none.
    context = httpx.create_ssl_context(verify=httpx.URL(base_url).scheme != "http")
    # A proxy (HTTPS_PROXY, NO_PROXY) is for other machines: it cannot reach this one, and would see the key.
    proxied = not is_loopback(httpx.URL(base_url).host)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=context)
        return aiohttp.ClientSession(connector=connector, trust_env=proxied, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(client=session, verify=context)


def _connection_failure(error: OSError) -> str:
    """Why there is no connection, in the system's words or TLS's, without the client's around them."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "verify_message", None) or error.strerror or str(error)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def error_of(response: httpx.Response, *path: str, kind: str, message: str) -> tuple[object, str]:
    """What an error body has at `path` for its kind and its message."""
    try:
        body = response.json()
        for key in path:
            body = body[key]
        said = body.get(message)
        return body.get(kind), said if isinstance(said, str) else ""
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None, ""
