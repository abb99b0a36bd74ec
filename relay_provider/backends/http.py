"""Requests over HTTP with this project's manners, for every server that is asked: Relay, Sayna and LiveKit.

One pooled connection set, a bound on requests at once, on the time of each and on the size of an answer, the retry
policy, no redirects, no proxy for this machine, and every failure as a sentence of the error family that names the
request and never the key.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from relay_provider.backends import answers
from relay_provider.backends.answers import Answer, Broken, Lost
from relay_provider.backends.base import CONCURRENCY
from relay_provider.backends.retry import RETRIED_STATUSES, RetryPolicy, Transient, retry_after
from relay_provider.config import Connection
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

if TYPE_CHECKING:
    from relay_provider.backends.exchange import Exchange

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


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
        connections: int = CONCURRENCY,
    ) -> None:
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigError(f"{key_setting} holds characters that no key has; set it again, without them.")
        self.base_url = base_url
        self._timeout = settings.request_timeout
        self._policy = RetryPolicy(settings.max_retries)
        self._key_setting = key_setting
        self.url_setting = url_setting
        self._secrets = (*secrets, *([token] if token else []))
        self._headers = {"User-Agent": f"relay-provider/{__version__}", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._dated: tuple[str | None, float] = None, 0.0
        self._slots = asyncio.Semaphore(connections)
        self._connections = connections

    async def aclose(self) -> None:
        if "_exchange" in vars(self):
            await self._exchange.aclose()

    @cached_property
    def _exchange(self) -> Exchange:
        # The client takes a tenth of a second to import, and a run that changes nothing asks for nothing.
        from relay_provider.backends.exchange import Exchange

        return Exchange(self.base_url, self._timeout, self._connections)

    async def request(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        what: str = "",
        reads: bool | None = None,
        body: bytes | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> T:
        """What `read` makes of a successful (2xx) answer. Raises the error family; NotFound only for a definite 404.

        `what` names the request in messages; one that only `reads` (a GET does) is asked once more when the answer is
        garbled. A `body` that is not bytes is sent as JSON. `retries`: other than the settings say.
        """
        what, reads = what or self.what(method, path), method == "GET" if reads is None else reads
        of_json = {"Content-Type": "application/json"} if isinstance(body, Mapping) else {}
        sent = {**self._headers, **of_json, **(headers or {})}

        async def attempt() -> T:
            async with self._slots:
                try:
                    answer = await self._exchange.send(method, path, sent, content)
                except (TimeoutError, Lost) as error:
                    raise Transient(self._no_answer(what, error)) from None
            self._dated = answer.headers.get("Date"), time.time()
            if len(answer.body) > answers.LARGEST:
                raise self.unexpected(what, f"more than {answers.LARGEST >> 20} MiB")
            self._raise_for(answer, what)
            try:
                return read(answer.body)
            except Unreadable as wrong:
                answered = self.unexpected(what, self.quoted(str(wrong)))
                raise (Transient(answered, once=True) if wrong.garbled and reads else answered) from None

        try:
            content = _json(body) if isinstance(body, Mapping) else body
            policy = self._policy if retries is None else RetryPolicy(retries)
            return await policy.run(attempt)
        except (Broken, UnicodeError) as error:
            raise UnexpectedAnswer(f"{what} could not be carried out: {self.quoted(str(error))}.") from None

    @property
    def ahead(self) -> float | None:
        """Seconds by which the server's clock was ahead of this machine's at its last answer, also of one that refuses;
        None where it does not say."""
        said, here = self._dated
        try:
            return parsedate_to_datetime(said).timestamp() - here if said else None
        except (ValueError, OverflowError):
            return None

    def what(self, method: str, path: str) -> str:
        """What messages call a request."""
        return f"{method} {self.base_url}{path}"

    def _no_answer(self, what: str, error: TimeoutError | Lost) -> Unavailable:
        if isinstance(error, TimeoutError):
            return Unavailable(
                f"{what} got no answer within {self._timeout:g} s; the server may be down or slow. "
                "Try again later, or raise requestTimeout (RELAY_REQUEST_TIMEOUT)."
            )
        why = self.quoted(str(error)) or "the connection was lost"
        return Unavailable(f"{what} failed: {why}. Check {self.url_setting} and that the server is up.")

    def quoted(self, text: str) -> str:
        """Foreign text for a message, without this client's key."""
        return quoted(text, self._secrets)

    def unexpected(self, what: str, why: str) -> UnexpectedAnswer:
        """An answer that is not what the document says, as an error naming the request."""
        return UnexpectedAnswer(
            f"{what} answered with {why}, which is not what the API documents; check {self.url_setting}."
        )

    def said(self, answer: Answer) -> tuple[object, str]:
        """The kind and the message of the documented error body; of something else's (a proxy's page), nothing."""
        return error_of(answer, "error", kind="type", message="message")

    def _raise_for(self, answer: Answer, what: str) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        kind, message = self.said(answer)
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
                    retry_after(answer.headers.get("Retry-After")),
                )
            case _ if status in RETRIED_STATUSES:
                raise Transient(
                    Unavailable(f"{failed}; try again later."), retry_after(answer.headers.get("Retry-After"))
                )
            case 301 | 302 | 303 | 307 | 308 if "Location" in answer.headers:
                target = self.quoted(answer.headers["Location"])
                raise UnexpectedAnswer(
                    f"{what} was redirected ({status}) to {target}; redirects are not followed, so that the key "
                    f"stays with the server it is for. If that is the right address, set {self.url_setting} to it."
                )
            case _ if status >= 500:
                raise Unavailable(f"{failed}.")
            case _:
                raise self.unexpected(what, f"{status} {_phrase(status)}{because}")


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def error_of(answer: Answer, *path: str, kind: str, message: str) -> tuple[object, str]:
    """What an error body has at `path` for its kind and its message."""
    try:
        body = json.loads(answer.body)
        for key in path:
            body = body[key]
        said = body.get(message)
        return body.get(kind), said if isinstance(said, str) else ""
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None, ""
