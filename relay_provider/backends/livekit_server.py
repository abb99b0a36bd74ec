"""A LiveKit server: one client for all its projects, with the manners of every other one.

Names here are those on the server. What LiveKit answers is passed on as it came, without `turn_password`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError, Message
from livekit.api import AccessToken, VideoGrants
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import ListParticipantsRequest, ListParticipantsResponse, ListRoomsRequest, ListRoomsResponse

from relay_provider.address import HTTP_OF, checked_url
from relay_provider.backends.answers import Answer
from relay_provider.backends.base import CONCURRENCY
from relay_provider.backends.http import Http, Unreadable, error_of
from relay_provider.config import Connection, required
from relay_provider.errors import Rejected, UnexpectedAnswer, quoted

M = TypeVar("M", bound=Message)

_TOKEN_LIFE: Final = timedelta(minutes=10)
_GRANTS: Final = {
    "CreateRoom": VideoGrants(room_create=True),
    "DeleteRoom": VideoGrants(room_create=True),
    "ListRooms": VideoGrants(room_list=True),
}
"""What a token must allow for a method; every other one is about one room."""


class LiveKitServer:
    """Requests to one LiveKit server with one API key. For one event loop; connects when first asked."""

    def __init__(self, settings: Connection, connections: int = CONCURRENCY) -> None:
        where, key = settings.called("livekit_url"), settings.called("livekit_api_key", "livekit_api_secret")
        self.url = checked_url(where, required(settings, "livekit_url"), settings.allow_http)
        self._key = required(settings, "livekit_api_key")
        self._secret = required(settings, "livekit_api_secret")
        scheme, rest = self.url.split("://", 1)
        address = f"{HTTP_OF.get(scheme, scheme)}://{rest}"
        self._tokens: dict[str, tuple[str, float]] = {}
        self._http = _Twirp(
            address,
            settings,
            secrets=(self._secret,),
            connections=connections,
            key_setting=key,
            url_setting=where,
        )

    @property
    def ahead(self) -> float | None:
        """Seconds by which the server's clock was ahead at its last answer; None where it did not say."""
        return self._http.ahead

    async def rooms(self, *names: str) -> list[Room]:
        """The live rooms of these names; every live room without names."""
        answer = await self.call("ListRooms", " ".join(names), ListRoomsResponse, ListRoomsRequest, names=names)
        return list(answer.rooms)

    async def participants(self, name: str) -> list[ParticipantInfo]:
        """Who is in the room; nobody when it is not live."""
        answer = await self.call("ListParticipants", name, ListParticipantsResponse, ListParticipantsRequest, room=name)
        return list(answer.participants)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    def unexpected(self, method: str, why: str) -> UnexpectedAnswer:
        """An answer that LiveKit does not give."""
        return self._http.unexpected(f"LiveKit {method} at {self.url}", why)

    async def call(
        self,
        method: str,
        about: str,
        answer: type[M],
        request: type[Message],
        retries: int | None = None,
        /,
        **fields: Any,
    ) -> M:
        """What the server answers to a request of these fields about a room (by its name). NotFound says that it, or
        the participant, is not live. `retries`: other than the settings say."""
        what = f"LiveKit {method}{f' ({quoted(about, limit=140)})' if about else ''} at {self.url}"
        try:
            content = request(**fields).SerializeToString()
        except UnicodeError:
            raise Rejected(f"{what} was not sent: it holds text that is not valid Unicode.") from None
        token = self._token(method) if method in _GRANTS else self._signed(VideoGrants(room_admin=True, room=about))
        return await self._http.request(
            "POST",
            f"/twirp/livekit.{'AgentDispatchService' if method.endswith('Dispatch') else 'RoomService'}/{method}",
            _as_message(answer),
            what=what,
            reads=method.startswith("List"),
            body=content,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/protobuf"},
            retries=retries,
        )

    def _token(self, method: str) -> str:
        """A token for a method that is about no one room; one serves for half its life."""
        token, until = self._tokens.get(method, ("", 0.0))
        if time.time() >= until:
            token, until = self._signed(_GRANTS[method]), time.time() + _TOKEN_LIFE.total_seconds() / 2
            self._tokens[method] = token, until
        return token

    def _signed(self, grants: VideoGrants) -> str:
        return AccessToken(self._key, self._secret).with_grants(grants).with_ttl(_TOKEN_LIFE).to_jwt()


class _Twirp(Http):
    """LiveKit's error bodies: `{"code": …, "msg": …}`."""

    def said(self, answer: Answer) -> tuple[object, str]:
        return error_of(answer, kind="code", message="msg")

    def unexpected(self, what: str, why: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"{what} answered with {why}; check {self.url_setting}, and whether something else answers in LiveKit's "
            "place."
        )


def _as_message(kind: type[M]) -> Callable[[bytes], M]:
    def read(body: bytes) -> M:
        try:
            found = kind.FromString(body)
        except DecodeError:
            raise Unreadable("something other than LiveKit's own format", garbled=True) from None
        for room in (found,) if isinstance(found, Room) else getattr(found, "rooms", ()):
            room.ClearField("turn_password")
        return found

    return read


def one(rooms: Iterable[Room], name: str) -> Room | None:
    """The room of exactly this name; None when it is not among them."""
    return next((room for room in rooms if room.name == name), None)
