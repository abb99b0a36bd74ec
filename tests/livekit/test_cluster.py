"""More than one machine: two LiveKit nodes on one Redis, and two copies of the served API, one at each node."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.model import RoomInputs
from tests.conformance.target import Answer, Api, eventually
from tests.gateway.process import running
from tests.livekit.cluster import serving_cluster
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People, real_people
from tests.livekit.server import LiveKit

pytestmark = [pytest.mark.e2e, pytest.mark.anyio, pytest.mark.xdist_group("cluster")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[LiveKit]]:
    with serving_cluster(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def people_of_each(nodes: list[LiveKit]) -> Iterator[list[People]]:
    """People who connect to the one node, and people who connect to the other."""
    with ExitStack() as stack:
        yield [stack.enter_context(real_people(node)) for node in nodes]


@pytest.fixture
def projects(nodes: list[LiveKit]) -> list[Project]:
    """A project of this test's own, as it is reached through each node."""
    project_id = uuid.uuid4().hex[:12]
    return [Project(node, project_id) for node in nodes]


@pytest.fixture
async def backends(projects: list[Project]) -> AsyncIterator[list[LiveKitBackend]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(project.open()) for project in projects]


@pytest.fixture
def copies(projects: list[Project]) -> Iterator[list[Api]]:
    """Two copies of the served API, each at another node."""
    with ExitStack() as stack:
        served = []
        for project in projects:
            env = {**project.livekit.env, "RELAY_GATEWAY_KEYS": f"sk_live_x={project.id}"}
            served.append(Api(stack.enter_context(running("--engine", "livekit", env=env)).url, "sk_live_x"))
        yield served


async def test_a_room_made_at_one_node_is_the_same_room_at_the_other(backends: list[LiveKitBackend]) -> None:
    one, other = backends
    made = await one.create(RoomInputs(name="room", max_participants=5, empty_timeout=900, metadata="a"))
    assert await other.list() == [made]
    assert await other.create(RoomInputs(name="room", metadata="b")) == made
    changed = await other.update(RoomInputs(name="room", metadata="c"), {"metadata"})
    assert changed
    assert (changed.sid, changed.metadata) == (made.sid, "c")
    assert await one.list() == [changed]
    await other.delete("room")
    assert await one.list() == []


async def test_somebody_at_the_other_node_is_seen_counted_and_removed(
    backends: list[LiveKitBackend], projects: list[Project], people_of_each: list[People]
) -> None:
    one, other = backends
    await one.create(RoomInputs(name="room", empty_timeout=900))
    ana, bo = (people.join(f"{projects[0].prefix}room", f"at-{at}") for at, people in enumerate(people_of_each))
    for backend in backends:
        room = await backend.get("room")
        assert room
        assert [person.identity for person in room.participants] == ["at-0", "at-1"]
    assert await one.remove_participant("room", "at-1") is True
    assert eventually(bo.is_connected, lambda connected: not connected) is False
    assert ana.is_connected()
    await other.delete("room")
    assert eventually(ana.is_connected, lambda connected: not connected) is False


def test_it_does_not_matter_which_copy_of_the_served_api_answers(copies: list[Api]) -> None:
    """As behind a balancer: each request goes to the next copy."""
    turn = itertools.cycle(copies)
    made = next(turn).create({"name": "room", "maxParticipants": 5, "metadata": "m"}).json
    assert next(turn).create({"name": "room", "metadata": "other"}).json == made
    assert [next(turn).list().json for _ in copies] == [{"rooms": [made]}] * 2
    assert [next(turn).inspect("room").json for _ in copies] == [{**made, "participants": []}] * 2
    assert next(turn).end("room").json == {"ended": True}
    assert [next(turn).list().json for _ in copies] == [{"rooms": []}] * 2


def test_creates_at_both_copies_at_once_make_one_room(copies: list[Api]) -> None:
    def create(number: int) -> Answer:
        return copies[number % 2].create({"name": "room", "metadata": str(number)})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, range(16)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["sid"] for answer in answers}) == 1
    # Whose settings it has is LiveKit's business: its nodes do not wait for each other.
    assert copies[0].inspect("room").json["metadata"] in {str(number) for number in range(16)}


def test_a_manifest_declared_through_one_node_is_as_declared_through_the_other(
    projects: list[Project], tmp_path: Path
) -> None:
    rooms = {f"room-{number}": {"emptyTimeout": 900, "maxParticipants": 5} for number in range(10)}
    one, other = (Command(tmp_path / str(number), project) for number, project in enumerate(projects))
    one.declare(**rooms)
    other.declare(**rooms)
    assert one.up() == {"create": 10}
    assert other.drift(0)["inSync"] == 10
