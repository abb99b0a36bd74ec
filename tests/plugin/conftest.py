from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.plugin.client import Client, plugin
from tests.served import Served, serving


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def module_api() -> Iterator[Served]:
    with serving() as api:
        yield api


@pytest.fixture
def api(module_api: Served) -> Served:
    """A served Rooms API without rooms; one process for all the tests of a module."""
    for room in module_api.rooms():
        module_api.end(room)
    return module_api


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
