"""A LiveKit server: one session for all its projects, and every failure as a sentence of the error family.

Names here are those on the server. What LiveKit answers is passed on as it came, without `turn_password`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiohttp
import anyio
from google.protobuf.message import DecodeError
from livekit.api import LiveKitAPI
from livekit.api.twirp_client import ServerError
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import (
    CreateRoomRequest,
    DeleteRoomRequest,
    ListParticipantsRequest,
    ListRoomsRequest,
    RoomParticipantIdentity,
    UpdateRoomMetadataRequest,
)

from relay_provider.backends.retry import RETRIED_STATUSES, RetryPolicy, Transient
from relay_provider.config import Connection, checked_url, required
from relay_provider.errors import (
    NotFound,
    RateLimited,
    Rejected,
    RelayError,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    quoted,
)

if TYPE_CHECKING:
    from types import SimpleNamespace

    from livekit.api.room_service import RoomService

T = TypeVar("T")

CONCURRENCY: Final = 16
"""Requests at once; more only queue at the server."""


class _Redirected(aiohttp.ClientError):
    """The server answered with a redirect, which livekit-api would follow."""


class LiveKitServer:
    """Requests to one LiveKit server with one API key. For one event loop; connects when first asked."""

    def __init__(self, settings: Connection) -> None:
        url = required(settings.livekit_url, "livekitUrl")
        self.url = checked_url("livekitUrl (LIVEKIT_URL)", url, settings.allow_http)
        self._key = required(settings.livekit_api_key, "livekitApiKey")
        self._secret = required(settings.livekit_api_secret, "livekitApiSecret")
        self._timeout = settings.request_timeout
        self._policy = RetryPolicy(settings.max_retries)
        self._slots = anyio.Semaphore(CONCURRENCY)
        self._session: aiohttp.ClientSession | None = None
        self._api: LiveKitAPI | None = None

    async def create(self, **settings: Any) -> Room:
        """Create a room (the fields of CreateRoomRequest); a live one of that name is answered unchanged."""
        return _public(
            await self._call(
                "CreateRoom", settings["name"], lambda rooms: rooms.create_room(CreateRoomRequest(**settings))
            )
        )

    async def rooms(self, *names: str) -> list[Room]:
        """The live rooms of these names; every live room without names."""
        answer = await self._call(
            "ListRooms", " ".join(names), lambda rooms: rooms.list_rooms(ListRoomsRequest(names=names))
        )
        return [_public(room) for room in answer.rooms]

    async def participants(self, name: str) -> list[ParticipantInfo]:
        """Who is in the room; nobody when it is not live."""
        answer = await self._call(
            "ListParticipants", name, lambda rooms: rooms.list_participants(ListParticipantsRequest(room=name))
        )
        return list(answer.participants)

    async def delete(self, name: str) -> None:
        """End the room. Raises NotFound when it is not live."""
        await self._call("DeleteRoom", name, lambda rooms: rooms.delete_room(DeleteRoomRequest(room=name)))

    async def remove_participant(self, name: str, identity: str) -> None:
        """Disconnect a participant. Raises NotFound when they, or the room, are not there."""
        await self._call(
            "RemoveParticipant",
            name,
            lambda rooms: rooms.remove_participant(RoomParticipantIdentity(room=name, identity=identity)),
        )

    async def update_metadata(self, name: str, metadata: str) -> Room:
        """Change the room's metadata. Raises NotFound when it is not live."""
        return _public(
            await self._call(
                "UpdateRoomMetadata",
                name,
                lambda rooms: rooms.update_room_metadata(UpdateRoomMetadataRequest(room=name, metadata=metadata)),
            )
        )

    async def aclose(self) -> None:
        """Close every connection; the next request opens new ones."""
        session, self._session, self._api = self._session, None, None
        if session is not None:
            await session.close()

    def unexpected(self, method: str, why: str) -> UnexpectedAnswer:
        """An answer that LiveKit does not give."""
        return UnexpectedAnswer(
            f"LiveKit {method} at {self.url} answered with {why}; check livekitUrl (LIVEKIT_URL), and whether "
            "something else answers in LiveKit's place."
        )

    async def _call(self, method: str, about: str, request: Callable[[RoomService], Awaitable[T]]) -> T:
        what = f"LiveKit {method}{f' ({quoted(about, limit=140)})' if about else ''} at {self.url}"

        async def attempt() -> T:
            async with self._slots:
                try:
                    # livekit-api's own requests have no time limit: its `timeout=None` undoes the session's.
                    with anyio.fail_after(self._timeout):
                        return await request(self._rooms())
                except ServerError as error:
                    raise self._failure(method, what, error) from None
                except _Redirected as error:
                    raise self.unexpected(method, str(error)) from None
                except TimeoutError:
                    raise Transient(
                        Unavailable(
                            f"{what} got no answer within {self._timeout:g} s; the server may be down or slow. "
                            "Try again later, or raise requestTimeout (RELAY_REQUEST_TIMEOUT)."
                        )
                    ) from None
                except (aiohttp.ClientError, OSError) as error:
                    why = self._quoted(str(error)) or "the connection was lost"
                    raise Transient(
                        Unavailable(f"{what} failed: {why}. Check livekitUrl (LIVEKIT_URL) and that the server is up.")
                    ) from None
                except UnicodeError:
                    raise Rejected(f"{what} was not sent: it holds text that is not valid Unicode.") from None
                except DecodeError:
                    raise self.unexpected(method, "something other than LiveKit's own format") from None

        return await self._policy.run(attempt)

    def _failure(self, method: str, what: str, error: ServerError) -> RelayError | Transient:
        """What an error answer means. Classified by status: the same refusal comes with several codes."""
        status, said = error.status, self._quoted(error.message)
        because = f": {said}" if said else ""
        match status:
            case 401 | 403:
                return Unauthorized(
                    f"{what} was refused, the key is not accepted ({status}{because}); check livekitApiKey "
                    "(LIVEKIT_API_KEY) and livekitApiSecret (LIVEKIT_API_SECRET)."
                )
            # Another 404 (a proxy's page, a wrong path) says nothing about rooms.
            case 404 if error.code == "not_found":
                return NotFound(f"{what} found nothing{because}.")
            case 400 | 409 | 412 | 422:
                return Rejected(f"{what} was refused as invalid ({status}{because}); correct the values it names.")
            case 429:
                return Transient(RateLimited(f"{what} was refused: too many requests (429{because}); wait a while."))
            case _ if status == 408 or status in RETRIED_STATUSES:
                return Transient(Unavailable(f"{what} failed on the server's side ({status}{because})."))
            case _ if status >= 500:
                return Unavailable(f"{what} failed on the server's side ({status}{because}).")
        return self.unexpected(method, f"status {status}{because}")

    def _rooms(self) -> RoomService:
        if self._api is None:
            redirects = aiohttp.TraceConfig()
            redirects.on_request_redirect.append(_refuse_redirect)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONCURRENCY),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=True,
                trace_configs=[redirects],
            )
            # One retry policy, ours: livekit-api's own is for other regions of its cloud.
            self._api = LiveKitAPI(self.url, self._key, self._secret, session=self._session, failover=False)
        return self._api.room

    def _quoted(self, text: str) -> str:
        return quoted(text, (self._secret,))


async def _refuse_redirect(
    session: aiohttp.ClientSession, context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    """Redirects are not followed, so that a token stays with the server it is for."""
    raise _Redirected(f"a redirect ({redirect.response.status})")


def _public(room: Room) -> Room:
    """The room without its one secret."""
    room.ClearField("turn_password")
    return room


def one(rooms: Iterable[Room], name: str) -> Room | None:
    """The room of exactly this name; None when it is not among them."""
    return next((room for room in rooms if room.name == name), None)
