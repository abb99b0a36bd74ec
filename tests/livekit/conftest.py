"""One LiveKit server for this process's tests; each test uses a project ID of its own on it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.config import load
from relay_provider.model import LiveRoom
from tests.livekit.people import People, real_people
from tests.livekit.server import LiveKit, serving_livekit


@pytest.fixture(scope="session")
def livekit() -> Iterator[LiveKit]:
    with serving_livekit() as server:
        yield server


@pytest.fixture(scope="session")
def people(livekit: LiveKit) -> Iterator[People]:
    with real_people(livekit) as everybody:
        yield everybody


@dataclass(frozen=True)
class Project:
    """A project that only this test uses."""

    livekit: LiveKit
    id: str

    @property
    def prefix(self) -> str:
        return f"p_{self.id}__"

    @property
    def env(self) -> dict[str, str]:
        """The environment by which every door reaches this project."""
        return {**self.livekit.env, "RELAY_BACKEND": "livekit", "RELAY_PROJECT_ID": self.id}

    def rooms(self) -> list[LiveRoom]:
        """What is live, for tests that have no event loop."""

        async def listed() -> list[LiveRoom]:
            async with self.open() as backend:
                return await backend.list()

        return asyncio.run(listed())

    def room(self, name: str) -> LiveRoom:
        """The live room of this name."""
        return next(room for room in self.rooms() if room.name == name)

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
