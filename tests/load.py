"""Many clients at once: each makes a room, lists, ends it, and begins again, until the time is over."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from livekit import api

from tests.livekit.server import LiveKit


class Client(Protocol):
    """Three operations, each of which answers with what became of it."""

    async def create(self, name: str) -> object: ...

    async def list(self) -> object: ...

    async def end(self, name: str) -> object: ...


@dataclass
class Load:
    """What a run was like."""

    outcomes: Counter[tuple[str, object]] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 requests were answered."""
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


async def load(client: Client, clients: int, seconds: float) -> Load:
    """Let so many clients work for so long; each ends its last room before it stops."""
    found, start = Load(), time.perf_counter()

    async def timed(what: str, request: Awaitable[object]) -> None:
        begun = time.perf_counter()
        try:
            outcome = await request
        except (aiohttp.ClientError, OSError, TimeoutError, api.TwirpError) as error:
            outcome = repr(error)
        found.latencies.append(time.perf_counter() - begun)
        found.outcomes[what, outcome] += 1

    async def work(number: int) -> None:
        while time.perf_counter() < start + seconds:
            name = f"load-{number}"
            await timed("create", client.create(name))
            await timed("list", client.list())
            await timed("end", client.end(name))

    await asyncio.gather(*(work(number) for number in range(clients)))
    found.seconds = time.perf_counter() - start
    return found


class _Served:
    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = f"{url}/rooms", session

    async def create(self, name: str) -> int:
        return await self._status("POST", self._url, {"name": name, "maxParticipants": 5})

    async def list(self) -> int:
        return await self._status("GET", self._url)

    async def end(self, name: str) -> int:
        return await self._status("DELETE", f"{self._url}/{name}")

    async def _status(self, method: str, url: str, body: object = None) -> int:
        async with self._session.request(method, url, json=body) as answer:
            await answer.read()
            return answer.status


class _Direct:
    def __init__(self, livekit: api.LiveKitAPI) -> None:
        self._rooms = livekit.room

    async def create(self, name: str) -> str:
        await self._rooms.create_room(api.CreateRoomRequest(name=name, max_participants=5))
        return "ok"

    async def list(self) -> str:
        await self._rooms.list_rooms(api.ListRoomsRequest())
        return "ok"

    async def end(self, name: str) -> str:
        await self._rooms.delete_room(api.DeleteRoomRequest(room=name))
        return "ok"


@asynccontextmanager
async def served(url: str, key: str) -> AsyncIterator[Client]:
    """A client of the served API, with as many connections as are wanted."""
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:
        yield _Served(url, session)


@asynccontextmanager
async def direct(livekit: LiveKit) -> AsyncIterator[Client]:
    """livekit-api doing the same directly, with as many connections as are wanted."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield _Direct(api.LiveKitAPI(livekit.url, livekit.key, livekit.secret, session=session))
