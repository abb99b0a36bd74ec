"""The LiveKit backend on a real LiveKit server, with real participants."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest
from livekit import api

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.errors import Unauthorized
from relay_provider.model import LiveRoom, RoomInputs
from tests.livekit.conftest import Project
from tests.livekit.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rooms(project: Project) -> AsyncIterator[LiveKitBackend]:
    async with project.open() as backend:
        yield backend


@pytest.fixture
async def raw(project: Project) -> AsyncIterator[api.LiveKitAPI]:
    async with api.LiveKitAPI(project.livekit.url, project.livekit.key, project.livekit.secret) as client:
        yield client


async def eventually(probe: Callable[[], Awaitable[object]], wanted: object) -> object:
    until = time.monotonic() + 30
    while (found := await probe()) != wanted and time.monotonic() < until:
        await anyio.sleep(0.1)
    return found


async def test_a_created_room_is_live_as_declared(rooms: LiveKitBackend) -> None:
    declared = RoomInputs(name="room", max_participants=5, empty_timeout=600, metadata='{"a":"ü"}')
    live = await rooms.create(declared)
    assert live.sid.startswith("RM_")
    assert live == LiveRoom(
        room="room",
        sid=live.sid,
        num_participants=0,
        max_participants=5,
        creation_time=live.creation_time,
        metadata='{"a":"ü"}',
        empty_timeout=600,
        departure_timeout=600,
    )
    assert await rooms.list() == [live]


async def test_the_room_has_the_projects_prefix_on_the_server(
    rooms: LiveKitBackend, raw: api.LiveKitAPI, project: Project
) -> None:
    await rooms.create(RoomInputs(name="room"))
    found = await raw.room.list_rooms(api.ListRoomsRequest(names=[f"{project.prefix}room"]))
    assert [room.name for room in found.rooms] == [f"{project.prefix}room"]


async def test_empty_timeout_is_both_of_the_servers_timeouts(
    rooms: LiveKitBackend, raw: api.LiveKitAPI, project: Project
) -> None:
    await rooms.create(RoomInputs(name="room", empty_timeout=600))
    (found,) = (await raw.room.list_rooms(api.ListRoomsRequest(names=[f"{project.prefix}room"]))).rooms
    assert (found.empty_timeout, found.departure_timeout) == (600, 600)


async def test_without_empty_timeout_the_servers_defaults_hold(
    rooms: LiveKitBackend, raw: api.LiveKitAPI, project: Project
) -> None:
    live = await rooms.create(RoomInputs(name="room"))
    (found,) = (await raw.room.list_rooms(api.ListRoomsRequest(names=[f"{project.prefix}room"]))).rooms
    assert (found.empty_timeout, found.departure_timeout) == (300, 20) == (live.empty_timeout, live.departure_timeout)


async def test_a_create_of_a_live_room_answers_with_it_unchanged(rooms: LiveKitBackend) -> None:
    first = await rooms.create(RoomInputs(name="room", max_participants=5, empty_timeout=600, metadata="a"))
    assert await rooms.create(RoomInputs(name="room", max_participants=9, empty_timeout=60, metadata="b")) == first


async def test_parallel_creates_make_one_room(rooms: LiveKitBackend) -> None:
    sids: list[str] = []

    async def create() -> None:
        sids.append((await rooms.create(RoomInputs(name="room"))).sid)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(create)
    assert len(sids) == 20
    assert len(set(sids)) == 1


async def test_the_list_holds_the_projects_own_rooms_by_name(
    rooms: LiveKitBackend, raw: api.LiveKitAPI, project: Project
) -> None:
    for name in ("b", "a", "C", "p_other__x"):
        await rooms.create(RoomInputs(name=name))
    for foreign in (f"p_{project.id}x__a", f"p_{project.id}_a", f"p_{project.id}", "room", "a"):
        await raw.room.create_room(api.CreateRoomRequest(name=foreign))
    assert [room.name for room in await rooms.list()] == ["C", "a", "b", "p_other__x"]


async def test_a_room_that_is_not_live_is_none(rooms: LiveKitBackend) -> None:
    assert await rooms.get("room") is None


async def test_a_room_is_shown_with_its_participants(rooms: LiveKitBackend, people: People, project: Project) -> None:
    live = await rooms.create(RoomInputs(name="room", empty_timeout=600))
    people.join(f"{project.prefix}room", "team/ana ü?#", "Ana", tracks=2)

    async def tracks() -> object:
        found = await rooms.get("room")
        return (
            [(person.identity, person.name, person.state, person.tracks) for person in found.participants]
            if found
            else None
        )

    assert await eventually(tracks, [("team/ana ü?#", "Ana", 2, 2)]) == [("team/ana ü?#", "Ana", 2, 2)]
    found = await rooms.get("room")
    assert found
    assert found.sid == live.sid
    assert found.participants[0].joined_at >= live.creation_time


async def test_delete_ends_the_room_and_disconnects_everyone(
    rooms: LiveKitBackend, people: People, project: Project
) -> None:
    person = people.join(f"{project.prefix}room", "ana")
    await rooms.delete("room")

    async def connected() -> object:
        return person.is_connected()

    assert await eventually(connected, False) is False
    assert await rooms.list() == []


async def test_delete_of_a_room_that_is_gone_succeeds(rooms: LiveKitBackend) -> None:
    await rooms.create(RoomInputs(name="room"))
    await rooms.delete("room")
    await rooms.delete("room")


async def test_a_removed_participant_is_disconnected_and_the_others_stay(
    rooms: LiveKitBackend, people: People, project: Project
) -> None:
    ana, bo = (people.join(f"{project.prefix}room", identity) for identity in ("ana", "bo"))
    assert await rooms.remove_participant("room", "ana") is True

    async def connected() -> object:
        return ana.is_connected(), bo.is_connected()

    assert await eventually(connected, (False, True)) == (False, True)


async def test_nobody_to_remove_is_false(rooms: LiveKitBackend) -> None:
    assert await rooms.remove_participant("room", "ana") is False
    await rooms.create(RoomInputs(name="room"))
    assert await rooms.remove_participant("room", "ana") is False


async def test_metadata_changes_in_place(rooms: LiveKitBackend) -> None:
    live = await rooms.create(RoomInputs(name="room", max_participants=5, empty_timeout=600, metadata="a"))
    assert await rooms.update(RoomInputs(name="room", metadata="b"), {"metadata"}) == live.model_copy(
        update={"metadata": "b"}
    )
    assert await rooms.update(RoomInputs(name="room", metadata=""), {"metadata"}) == live.model_copy(
        update={"metadata": ""}
    )
    assert (await rooms.list())[0].sid == live.sid


async def test_metadata_changes_without_throwing_anybody_out(
    rooms: LiveKitBackend, people: People, project: Project
) -> None:
    await rooms.create(RoomInputs(name="room", metadata="a"))
    person = people.join(f"{project.prefix}room", "ana")
    await rooms.update(RoomInputs(name="room", metadata="b"), {"metadata"})

    async def seen() -> object:
        return person.room_metadata()

    assert await eventually(seen, "b") == "b"
    assert person.is_connected()


async def test_metadata_of_a_room_that_is_gone_is_none(rooms: LiveKitBackend) -> None:
    assert await rooms.update(RoomInputs(name="room", metadata="a"), {"metadata"}) is None


async def test_a_room_made_by_a_join_shows_both_of_its_timeouts(
    rooms: LiveKitBackend, people: People, project: Project
) -> None:
    people.join(f"{project.prefix}room", "ana")
    (live,) = await rooms.list()
    assert (live.max_participants, live.metadata, live.empty_timeout, live.departure_timeout) == (0, "", 300, 20)


async def test_a_wrong_secret_is_an_error_that_shows_none(project: Project) -> None:
    secret = "wrong-" * 10
    async with project.open(LIVEKIT_API_SECRET=secret) as rooms:
        with pytest.raises(Unauthorized, match="LIVEKIT_API_SECRET") as caught:
            await rooms.list()
    assert secret not in str(caught.value)


async def test_no_answer_holds_the_turn_password(rooms: LiveKitBackend, raw: api.LiveKitAPI, project: Project) -> None:
    live = await rooms.create(RoomInputs(name="room"))
    (found,) = (await raw.room.list_rooms(api.ListRoomsRequest(names=[f"{project.prefix}room"]))).rooms
    assert found.turn_password
    held = await rooms._server.rooms(f"{project.prefix}room")
    assert found.turn_password not in str(held) + repr(live) + repr(await rooms.get("room"))


async def test_a_room_that_is_not_live_has_no_agents_to_tell_of_which_is_no_failure(rooms: LiveKitBackend) -> None:
    """LiveKit itself answers that it is unavailable, as it does where a node is down."""
    assert await rooms.agents("room") is None
    wanted = RoomInputs.model_validate({"name": "room", "livekit": {"agents": [{"agentName": "notes"}]}})
    assert await rooms.update(wanted, {"livekit.agents"}) is None
    await rooms.create(wanted)
    assert await rooms.agents("room") == [{"agentName": "notes"}]
