"""Rooms behind the Relay Rooms API: the five operations of its document, and nothing else."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from pydantic import BaseModel

from relay_provider.address import checked_url
from relay_provider.backends.http import Http, as_json, segment
from relay_provider.config import Connection, required
from relay_provider.errors import NotFound, UnexpectedAnswer
from relay_provider.model import LiveRoom, Removal, RoomDetail, RoomInputs, RoomList, in_place, unreported

M = TypeVar("M", bound=BaseModel)


class _Ended(BaseModel, strict=True):
    ended: bool


class RelayBackend:
    """One Relay project, by its key."""

    in_place = in_place("relay")
    unreported = unreported("relay")

    def __init__(self, settings: Connection) -> None:
        setting = settings.called("base_url")
        self.address = checked_url(setting, settings.base_url, settings.allow_http, schemes=("http", "https"))
        self._http = Http(
            self.address,
            settings,
            token=required(settings, "api_key"),
            key_setting=settings.called("api_key"),
            url_setting=setting,
        )

    @property
    def ahead(self) -> float | None:
        return self._http.ahead

    async def create(self, room: RoomInputs) -> LiveRoom:
        segment(room.name, "Room")  # a room that no request could end again is not made
        return await self._collection("POST", as_json(LiveRoom, room.name), body=room.wire())

    async def list(self) -> list[LiveRoom]:
        return sorted((await self._collection("GET", as_json(RoomList))).rooms, key=lambda room: room.name)

    async def get(self, name: str) -> RoomDetail | None:
        try:
            return await self._http.request("GET", f"/rooms/{segment(name, 'Room')}", as_json(RoomDetail, name))
        except NotFound:
            return None

    async def delete(self, name: str) -> None:
        path = f"/rooms/{segment(name, 'Room')}"
        try:
            answer = await self._http.request("DELETE", path, as_json(_Ended))
        except NotFound as error:
            # Undocumented, and a wrong address says the same: only a list without the room means gone.
            if any(room.name == name for room in await self.list()):
                raise UnexpectedAnswer(
                    f"{error} The list has the room all the same; check {self._http.url_setting}."
                ) from None
            return
        if not answer.ended:
            raise self._http.unexpected(self._http.what("DELETE", path), '"ended": false')

    async def remove_participant(self, name: str, identity: str) -> bool:
        path = f"/rooms/{segment(name, 'Room')}/participants/{segment(identity, 'Participant')}"
        try:
            return (await self._http.request("DELETE", path, as_json(Removal))).removed
        except NotFound:
            return False

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        raise NotImplementedError("the Rooms API changes nothing in place")

    async def agents(self, name: str) -> builtins.list[dict[str, str]]:
        raise NotImplementedError("the Rooms API knows nothing of agents")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _collection(self, method: str, read: Callable[[bytes], M], **content: Any) -> M:
        try:
            return await self._http.request(method, "/rooms", read, **content)
        except NotFound as error:  # no room was named that could be missing, so it is the address
            raise UnexpectedAnswer(f"{error} Check {self._http.url_setting}.") from None
