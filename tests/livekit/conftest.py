"""One LiveKit server for this process's tests; each test uses a project ID of its own on it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.config import load
from relay_provider.model import LiveRoom, RoomInputs
from tests.livekit.people import People, real_people
from tests.livekit.server import LiveKit, serving_livekit

T = TypeVar("T")


@pytest.fixture(scope="session")
def livekit() -> Iterator[LiveKit]:
    with serving_livekit() as server:
        yield server


@pytest.fixture(scope="session")
def clients(livekit: LiveKit) -> Iterator[People]:
    with real_people(livekit) as everybody:
        yield everybody


@pytest.fixture
def people(clients: People) -> Iterator[People]:
    """People, who leave when the test has ended."""
    yield clients
    clients.all_leave()


@dataclass(frozen=True)
class Project:
    """A project that only this test uses. Without an ID, it is whatever is on the server."""

    livekit: LiveKit
    id: str

    @property
    def prefix(self) -> str:
        return f"p_{self.id}__" if self.id else ""

    @property
    def env(self) -> dict[str, str]:
        """The environment by which every door reaches this project."""
        return {**self.livekit.env, "RELAY_BACKEND": "livekit", "RELAY_PROJECT_ID": self.id}

    # For tests that have no event loop:

    def rooms(self) -> list[LiveRoom]:
        """What is live."""
        return self._run(lambda backend: backend.list())

    def create(self, name: str, **settings: Any) -> LiveRoom:
        """Make a room behind everybody's back."""
        return self._run(lambda backend: backend.create(RoomInputs(name=name, **settings)))

    def room(self, name: str) -> LiveRoom:
        """The live room of this name."""
        return next(room for room in self.rooms() if room.name == name)

    def _run(self, work: Callable[[LiveKitBackend], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.open() as backend:
                return await work(backend)

        return asyncio.run(run())

    def open(self, **environ: str) -> AbstractAsyncContextManager[LiveKitBackend]:
        """The backend, closed afterwards."""

        @asynccontextmanager
        async def opened() -> Any:
            backend = LiveKitBackend(load(None, {**self.livekit.env, "RELAY_PROJECT_ID": self.id, **environ}))
            try:
                yield backend
            finally:
                await backend.aclose()

        return opened()


@pytest.fixture
def project(livekit: LiveKit) -> Project:
    return Project(livekit, uuid.uuid4().hex[:12])
