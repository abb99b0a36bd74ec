"""Hundreds of rooms in one program, and a thousand: it works, the state stays small, and a refresh asks once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.engine import Project
from tests.proxy import proxying
from tests.served import Served

pytestmark = pytest.mark.e2e

PROGRAM = """
import relay_provider as relay
for number in range(ROOMS):
    relay.Room(f"room-{number:04}", max_participants=12, empty_timeout=86400, metadata={"team": "core"})
"""


@pytest.mark.parametrize("rooms", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_many_rooms(rooms: int, served: Served, tmp_path: Path) -> None:
    with proxying(served.url) as proxy:
        # The engine rewrites its whole state at every step; that is its own cost, and quadratic, so not here.
        skipping = {"PULUMI_SKIP_CHECKPOINTS": "true"}
        project = Project(tmp_path / "project", served.env | {"RELAY_BASE_URL": proxy.url} | skipping)
        project.write("Pulumi.yaml", "name: rooms\nruntime: {name: python}\n")
        project.write("__main__.py", PROGRAM.replace("ROOMS", str(rooms)))
        project.init()
        assert project.up().changes == {"create": rooms}
        assert len(served.rooms()) == rooms
        assert len(proxy.requests) == rooms, "one request a room"
        assert len(project.state_text()) < 2500 * rooms

        proxy.requests.clear()
        assert project.refresh().code == 0
        assert proxy.requests == [("GET", "/rooms")]

        served.end("room-0007")
        served.end("room-0070")
        proxy.requests.clear()
        assert project.refresh().code == 0
        assert proxy.requests == [("GET", "/rooms")] * 2
        assert len(project.resources()) == rooms - 2
