"""Rooms behind the Relay Rooms API: the five operations of its document, and nothing else."""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from relay_provider.backends.answers import read
from relay_provider.backends.http import Http, segment
from relay_provider.backends.retry import RetryPolicy
from relay_provider.config import Connection, checked_url, required
from relay_provider.errors import NotFound, UnexpectedAnswer
from relay_provider.model import LiveRoom, RoomDetail, RoomInputs, in_place, unreported

M = TypeVar("M", bound=BaseModel)


class _Rooms(BaseModel):
    rooms: list[LiveRoom]


class _Ended(BaseModel, strict=True):
    ended: bool


class _Removed(BaseModel, strict=True):
    removed: bool


class RelayBackend:
    """One Relay project, by its key."""

    in_place = in_place("relay")
    unreported = unreported("relay")

    def __init__(self, settings: Connection, transport: httpx.AsyncBaseTransport | None = None) -> None:
        setting = "baseUrl (RELAY_BASE_URL)"
        self.address = checked_url(setting, settings.base_url, settings.allow_http, schemes=("http", "https"))
        self._http = Http(
            self.address,
            required(settings.api_key, "apiKey"),
            timeout=settings.request_timeout,
            policy=RetryPolicy(settings.max_retries),
            key_setting="apiKey (RELAY_API_KEY)",
            url_setting=setting,
            transport=transport,
        )

    async def create(self, room: RoomInputs) -> LiveRoom:
        segment(room.name, "Room")  # a room that no request could end again is not made
        response = await self._collection("POST", room.wire())
        return self._named(self._read(response, LiveRoom), room.name, response)

    async def list(self) -> list[LiveRoom]:
        found = self._read(await self._collection("GET"), _Rooms).rooms
        return sorted(found, key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        try:
            response = await self._http.request("GET", f"/rooms/{segment(name, 'Room')}")
        except NotFound:
            return None
        return self._named(self._read(response, RoomDetail), name, response)

    async def delete(self, name: str) -> None:
        try:
            response = await self._http.request("DELETE", f"/rooms/{segment(name, 'Room')}")
        except NotFound as error:
            # Undocumented, and a wrong address says the same: only a list without the room means gone.
            if any(room.name == name for room in await self.list()):
                raise UnexpectedAnswer(f"{error} The list has the room all the same; check baseUrl.") from None
            return
        if not self._read(response, _Ended).ended:
            raise self._http.unexpected(response, '"ended": false')

    async def remove_participant(self, name: str, identity: str) -> bool:
        path = f"/rooms/{segment(name, 'Room')}/participants/{segment(identity, 'Participant')}"
        try:
            response = await self._http.request("DELETE", path)
        except NotFound:
            return False
        return self._read(response, _Removed).removed

    async def update_metadata(self, name: str, metadata: str) -> LiveRoom | None:
        raise NotImplementedError("the Rooms API changes nothing in place")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _collection(self, method: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            return await self._http.request(method, "/rooms", body)
        except NotFound as error:  # no room was named that could be missing, so it is the address
            raise UnexpectedAnswer(f"{error} Check baseUrl (RELAY_BASE_URL).") from None

    def _read(self, response: httpx.Response, model: type[M]) -> M:
        return read(self._http, response, model)

    def _named(self, room: M, name: str, response: httpx.Response) -> M:
        if isinstance(room, LiveRoom) and room.name != name:
            raise UnexpectedAnswer(str(self._http.unexpected(response, f'the room "{self._http.quoted(room.name)}"')))
        return room
