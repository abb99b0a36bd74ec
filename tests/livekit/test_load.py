"""The served API under load: 200 clients at once, on both engines. `RELAY_LOAD_SECONDS=20` for a longer look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay_provider.gateway.livekit import CONNECTIONS
from tests.conformance.target import Api, eventually
from tests.gateway.process import Running, running
from tests.livekit.server import LiveKit
from tests.load import load, served

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

CLIENTS = 200
SECONDS = float(os.environ.get("RELAY_LOAD_SECONDS", "4"))
KEY = "sk_live_load"
KEYS = {"RELAY_GATEWAY_KEYS": f"{KEY}=load"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["memory", "livekit"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param == "memory":
        with running(env=KEYS) as started:
            yield started
        return
    livekit: LiveKit = request.getfixturevalue("livekit")
    with running("--engine", "livekit", env=KEYS | livekit.env) as started:
        yield started


def sockets(pid: int) -> int:
    """How many sockets the process has open."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        return 0  # not Linux: nothing to see
    found = 0
    for link in folder.iterdir():
        try:
            found += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


async def test_no_5xx_and_no_leak_of_a_room_or_a_connection(gateway: Running) -> None:
    before = sockets(gateway.process.pid)
    async with served(gateway.url, KEY) as client:
        found = await load(client, CLIENTS, SECONDS)
    assert set(found.outcomes) == {("create", 201), ("list", 200), ("end", 200)}, found.outcomes
    assert Api(gateway.url, KEY).list().json == {"rooms": []}
    # What the gateway keeps open is its pool of connections to LiveKit.
    most = before + CONNECTIONS
    assert eventually(lambda: sockets(gateway.process.pid), lambda count: count <= most) <= most
