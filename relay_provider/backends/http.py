"""A JSON-over-HTTP client with this project's manners, shared by the Relay and the Sayna backend.

One pooled connection set, a bound on requests at once and on the time of each, the retry policy, no redirects,
and every failure as a sentence of the error family that names the request and never the key.
"""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import anyio
import httpx
from httpx_aiohttp import AiohttpTransport

from relay_provider.backends.retry import RETRIED_STATUSES, RetryPolicy, Transient, retry_after
from relay_provider.config import is_loopback
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

CONCURRENCY: Final = 16
"""Requests at once: more only queue at the server (measured: no gain beyond 8)."""


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


class Http:
    """Requests to one API with one bearer key."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout: float,
        policy: RetryPolicy,
        key_setting: str,
        url_setting: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigError(f"{key_setting} holds characters that no key has; set it again, without them.")
        self.base_url = base_url
        self._timeout = timeout
        self._policy = policy
        self._key_setting = key_setting
        self._url_setting = url_setting
        self._secrets = (token,) if token else ()
        headers = {"User-Agent": f"relay-provider/{__version__}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, transport=transport or _transport(base_url), follow_redirects=False
        )
        self._slots = anyio.Semaphore(CONCURRENCY)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """A successful (2xx) answer, read whole. Raises the error family; NotFound only for a definite 404."""

        async def attempt() -> httpx.Response:
            what = f"{method} {self.base_url}{path}"
            async with self._slots:
                try:
                    with anyio.fail_after(self._timeout):
                        response = await self._client.request(method, self.base_url + path, json=body)
                except (TimeoutError, httpx.TransportError) as error:
                    raise Transient(self._no_answer(what, error)) from None
            self._raise_for(response, what)
            return response

        try:
            return await self._policy.run(attempt)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, UnicodeError) as error:
            raise UnexpectedAnswer(
                f"{method} {self.base_url}{path} could not be carried out: {self.quoted(str(error))}."
            ) from None

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

    def unexpected(self, response: httpx.Response, why: str) -> UnexpectedAnswer:
        """An answer that is not what the document says, as an error naming the request."""
        request = response.request
        return UnexpectedAnswer(
            f"{request.method} {request.url} answered with {why}, which is not what the API documents; "
            f"check {self._url_setting}."
        )

    def _raise_for(self, response: httpx.Response, what: str) -> None:
        status = response.status_code
        if response.is_success:
            return
        said = self.quoted(_message(response))
        because = f": {said}" if said else ""
        match status:
            case 401 | 403:
                raise Unauthorized(
                    f"{what} was refused, the key is not accepted ({status}{because}); check {self._key_setting}."
                )
            case 404 if _error_type(response) == "not_found":
                raise NotFound(f"{what} found nothing{because}.")
            case 400 | 422:
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
                    Unavailable(
                        f"{what} failed on the server's side ({status} {_phrase(status)}{because}); try again later."
                    ),
                    retry_after(response.headers.get("Retry-After")),
                )
            case _ if response.has_redirect_location:
                target = self.quoted(response.headers["Location"])
                raise UnexpectedAnswer(
                    f"{what} was redirected ({status}) to {target}; redirects are not followed, so that the key "
                    f"stays with the server it is for. If that is the right address, set {self._url_setting} to it."
                )
            case _ if status >= 500:
                raise Unavailable(f"{what} failed on the server's side ({status} {_phrase(status)}{because}).")
            case _:
                raise self.unexpected(response, f"{status} {_phrase(status)}{because}")


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


def _error(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _error_type(response: httpx.Response) -> str | None:
    """`error.type` of the documented error body; None when the answer is something else's (a proxy's page)."""
    kind = _error(response).get("type")
    return kind if isinstance(kind, str) else None


def _message(response: httpx.Response) -> str:
    message = _error(response).get("message")
    return message if isinstance(message, str) else ""
