from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest

from tests.plugin.client import Client, plugin
from tests.served import Served


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_loop(anyio_backend: str) -> AsyncIterator[None]:
    """Keeps one event loop for all tests: gRPC delivers late events of a closed one to the test that runs then."""
    yield


@pytest.fixture
def api(served: Served) -> Served:
    """A served Rooms API without rooms."""
    return served


@pytest.fixture
async def client(api: Served) -> AsyncIterator[Client]:
    """The plugin in this process, configured for the served API, and a gRPC client of it."""
    async with plugin() as client:
        await client.configure(apiKey=api.key, baseUrl=api.url)
        yield client


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
