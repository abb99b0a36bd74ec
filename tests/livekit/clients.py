"""The process in which the clients of `tests/livekit/people.py` live: JSON lines in, JSON lines out."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import Any

from livekit import api, rtc

TIMEOUT = 30


class Clients:
    def __init__(self, url: str, key: str, secret: str) -> None:
        self._url, self._key, self._secret = url.replace("http", "ws", 1), key, secret
        self._rooms: list[rtc.Room] = []
        self._sources: list[rtc.AudioSource] = []

    async def answer(self, request: dict[str, Any]) -> Any:
        match request.pop("do"):
            case "join":
                return await self._join(**request)
            case "join with":
                await self._connected(request["token"])
                return len(self._rooms) - 1
            case "leave":
                return await self._rooms[request["number"]].disconnect()
            case "look":
                room = self._rooms[request["number"]]
                return {"connected": room.isconnected(), "metadata": room.metadata}
            case "leave all":
                return await self.leave()

    async def _join(
        self, room: str, identity: str, name: str, tracks: int, metadata: str, attributes: dict[str, str]
    ) -> int:
        token = api.AccessToken(self._key, self._secret).with_identity(identity).with_name(name)
        token = token.with_metadata(metadata).with_attributes(attributes)
        grants = api.VideoGrants(room_join=True, room=room)
        joined = await self._connected(token.with_grants(grants).to_jwt())
        for number in range(tracks):
            self._sources.append(rtc.AudioSource(48_000, 1))
            track = rtc.LocalAudioTrack.create_audio_track(f"voice-{number}", self._sources[-1])
            await joined.local_participant.publish_track(track)
        return len(self._rooms) - 1

    async def _connected(self, token: str) -> rtc.Room:
        joined = rtc.Room()
        await joined.connect(self._url, token, rtc.RoomOptions(auto_subscribe=False))
        self._rooms.append(joined)
        return joined

    async def leave(self) -> None:
        """Everybody goes, and nothing is left that works on."""
        await asyncio.gather(*(room.disconnect() for room in self._rooms if room.isconnected()))
        await asyncio.gather(*(source.aclose() for source in self._sources))
        self._sources.clear()


async def main() -> None:
    clients = Clients(*sys.argv[1:])
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = {"answer": await asyncio.wait_for(clients.answer(json.loads(line)), TIMEOUT)}
        except Exception as error:
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    await asyncio.wait_for(clients.leave(), TIMEOUT)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(main())
    finally:
        # The native threads are not fit for the interpreter's own end.
        os._exit(0)
