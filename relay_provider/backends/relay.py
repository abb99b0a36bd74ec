"""Rooms behind the Relay Rooms API: the five operations of its document, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, FailFast

from relay_provider.backends.answers import as_json
from relay_provider.backends.http import Http, segment
from relay_provider.config import Connection, checked_url, required
from relay_provider.errors import NotFound, UnexpectedAnswer
from relay_provider.model import LiveRoom, RoomDetail, RoomInputs, in_place, unreported

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=LiveRoom)


class _Rooms(BaseModel):
    rooms: Annotated[list[LiveRoom], FailFast()]  # millions of wrong ones are as wrong as one


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
            settings,
            token=required(settings.api_key, "apiKey"),
            key_setting="apiKey (RELAY_API_KEY)",
            url_setting=setting,
            transport=transport,
        )

    async def create(self, room: RoomInputs) -> LiveRoom:
        segment(room.name, "Room")  # a room that no request could end again is not made
        return self._named(await self._collection("POST", LiveRoom, json=room.wire()), room.name, "POST", "/rooms")

    async def list(self) -> list[LiveRoom]:
        return sorted((await self._collection("GET", _Rooms)).rooms, key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        path = f"/rooms/{segment(name, 'Room')}"
        try:
            room = await self._http.request("GET", path, as_json(RoomDetail))
        except NotFound:
            return None
        return self._named(room, name, "GET", path)

    async def delete(self, name: str) -> None:
        path = f"/rooms/{segment(name, 'Room')}"
        try:
            answer = await self._http.request("DELETE", path, as_json(_Ended))
        except NotFound as error:
            # Undocumented, and a wrong address says the same: only a list without the room means gone.
            if any(room.name == name for room in await self.list()):
                raise UnexpectedAnswer(f"{error} The list has the room all the same; check baseUrl.") from None
            return
        if not answer.ended:
            raise self._http.unexpected(self._http.what("DELETE", path), '"ended": false')

    async def remove_participant(self, name: str, identity: str) -> bool:
        path = f"/rooms/{segment(name, 'Room')}/participants/{segment(identity, 'Participant')}"
        try:
            return (await self._http.request("DELETE", path, as_json(_Removed))).removed
        except NotFound:
            return False

    async def update_metadata(self, name: str, metadata: str) -> LiveRoom | None:
        raise NotImplementedError("the Rooms API changes nothing in place")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _collection(self, method: str, model: type[M], **content: Any) -> M:
        try:
            return await self._http.request(method, "/rooms", as_json(model), **content)
        except NotFound as error:  # no room was named that could be missing, so it is the address
            raise UnexpectedAnswer(f"{error} Check baseUrl (RELAY_BASE_URL).") from None

    def _named(self, room: R, name: str, method: str, path: str) -> R:
        if room.name != name:
            another = f'the room "{self._http.quoted(room.name)}"'
            raise self._http.unexpected(self._http.what(method, path), another)
        return room
