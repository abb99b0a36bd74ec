"""One LiveKit server for this process's tests; each test uses a project ID of its own on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.config import load
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
