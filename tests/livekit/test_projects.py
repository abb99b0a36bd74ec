"""Several projects, and strangers, on one LiveKit server: nobody sees or touches another's room."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest
from livekit import api

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.model import RoomInputs
from tests.conformance.target import Api
from tests.gateway.process import running
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.livekit.server import LiveKit

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def ids() -> tuple[str, str]:
    """Two project IDs, one of them the other's beginning."""
    first = uuid.uuid4().hex[:12]
    return first, f"{first}b"


@pytest.fixture
async def both(livekit: LiveKit, ids: tuple[str, str]) -> AsyncIterator[list[LiveKitBackend]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Project(livekit, project_id).open()) for project_id in ids]


@pytest.fixture
def strangers(livekit: LiveKit, ids: tuple[str, str]) -> list[str]:
    """The names of rooms that no project made, though they look as if."""
    first, _ = ids
    names = [f"p_{first}__", f"p_{first}", f"p_{first}_x", f"p_{first}c__x", f"P_{first}__x", f"{first}__x", "p___x"]
    names = [*names, f" p_{first}__x", f"p_{first[:-1]}__x"]

    async def make() -> None:
        async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as client:
            for name in names:
                await client.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=900))

    anyio.run(make)
    return names


async def live(livekit: LiveKit, names: list[str]) -> list[str]:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as client:
        found = await client.room.list_rooms(api.ListRoomsRequest(names=names))
    return sorted(room.name for room in found.rooms)


async def test_each_project_lists_its_own_rooms_only(both: list[LiveKitBackend], strangers: list[str]) -> None:
    one, other = both
    await one.create(RoomInputs(name="x"))
    await other.create(RoomInputs(name="y"))
    assert [room.name for room in await one.list()] == ["x"]
    assert [room.name for room in await other.list()] == ["y"]


async def test_nothing_that_one_project_does_touches_a_room_of_another(
    both: list[LiveKitBackend], strangers: list[str], livekit: LiveKit, ids: tuple[str, str]
) -> None:
    one, other = both
    await other.create(RoomInputs(name="x", metadata="theirs"))
    assert await one.get("x") is None
    assert await one.update(RoomInputs(name="x", metadata="mine"), {"metadata"}) is None
    mine = await one.create(RoomInputs(name="x", metadata="mine"))
    await one.delete("x")
    theirs = await other.get("x")
    assert theirs
    assert (theirs.metadata, theirs.sid == mine.sid) == ("theirs", False)
    assert await live(livekit, strangers) == sorted(strangers)


async def test_one_project_cannot_remove_another_projects_participant(
    both: list[LiveKitBackend], people: People, ids: tuple[str, str]
) -> None:
    one, other = both
    ana = people.join(f"p_{ids[1]}__x", "ana")
    await one.create(RoomInputs(name="x"))
    assert await one.remove_participant("x", "ana") is False
    await anyio.sleep(0.5)
    assert ana.is_connected()
    assert await other.remove_participant("x", "ana") is True


@pytest.fixture
def served(livekit: LiveKit, ids: tuple[str, str]) -> Iterator[list[Api]]:
    keys = ",".join(f"sk_live_{number}={project_id}" for number, project_id in enumerate(ids))
    with running("--engine", "livekit", env={**livekit.env, "RELAY_GATEWAY_KEYS": keys}) as gateway:
        yield [Api(gateway.url, f"sk_live_{number}") for number in range(len(ids))]


async def test_the_served_api_keeps_projects_and_strangers_apart(
    served: list[Api], strangers: list[str], livekit: LiveKit
) -> None:
    one, other = served
    theirs = other.create({"name": "x", "metadata": "theirs"}).json
    assert one.list().json == {"rooms": []}
    assert one.inspect("x").status == 404
    assert one.end("x").status == 200
    assert other.list().json == {"rooms": [theirs]}
    assert await live(livekit, strangers) == sorted(strangers)


def test_a_manifest_of_two_projects_ends_one_projects_rooms_and_leaves_the_other_and_strangers_alone(
    livekit: LiveKit, ids: tuple[str, str], strangers: list[str], tmp_path: Path
) -> None:
    one, other = (Project(livekit, project_id) for project_id in ids)
    command = Command(tmp_path, one, other)
    command.declare(x={"emptyTimeout": 900})
    assert command.up() == {"create": 2}
    drift = command.json("drift", "--strict")["projects"]
    assert [(project["inSync"], project["unmanaged"]) for project in drift] == [(1, []), (1, [])]
    command.json("destroy", "--yes", "--stack", command.engine.stack, "--project", "project-0")
    assert (one.rooms(), [room.name for room in other.rooms()]) == ([], ["x"])
    assert anyio.run(live, livekit, strangers) == sorted(strangers)
