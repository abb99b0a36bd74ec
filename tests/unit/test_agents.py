"""Agents are asked for room by room, after the list: what a room that has ended in between means."""

from __future__ import annotations

import pytest

from relay_provider.errors import ReplacementFailed, Unavailable
from relay_provider.model import AGENTS, RoomInputs
from tests.unit.fake import House, live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

NOTES = [{"agentName": "notes"}]


def with_notes(name: str = "standup") -> RoomInputs:
    return RoomInputs.model_validate({"name": name, "livekit": {"agents": NOTES}})


@pytest.fixture
def house() -> House:
    house = House(live_room(), live_room("lobby", "RM_2"), in_place=AGENTS)
    house.backend.dispatched = {"standup": NOTES}
    return house


async def test_only_rooms_that_declare_agents_are_asked_for_them(house: House) -> None:
    found = await house.rooms.with_agents(await house.rooms.list(), [with_notes(), RoomInputs(name="lobby")])
    assert [(room.name, room.agents) for room in found] == [("lobby", None), ("standup", NOTES)]
    assert house.did == ["list", "agents"]


async def test_a_listed_room_that_has_ended_when_its_agents_are_asked_for_is_left_out(house: House) -> None:
    house.backend.ending = ["standup"]
    found = await house.rooms.with_agents(await house.rooms.list(), [with_notes()])
    assert [room.name for room in found] == ["lobby"]


async def test_a_question_that_fails_is_one_error_and_not_a_group(house: House) -> None:
    house.backend.failures = dict.fromkeys(("standup", "lobby"), Unavailable("no answer"))
    with pytest.raises(Unavailable, match="no answer"):
        await house.rooms.with_agents(await house.rooms.list())


async def test_a_read_of_a_room_that_has_ended_just_now_goes_by_lists_from_after_that(house: House) -> None:
    house.backend.ending = ["standup"]
    found = await house.read(state={"name": "standup", "sid": "RM_1", "livekit": {"agents": NOTES}})
    assert found is None
    assert house.did == ["list", "agents", "list", "list"]


async def test_a_created_room_has_its_agents(house: House) -> None:
    live = await house.create(with_notes())
    assert live.agents == NOTES
    assert house.did == ["create", "agents"]


async def test_a_room_that_is_handed_out_and_has_ended_by_then_is_made_anew(house: House) -> None:
    house.backend.ending = ["standup"]
    live = await house.create(with_notes())
    assert live.sid == "RM_new1"
    assert house.did == ["create", "agents", "create", "agents"]


async def test_a_session_that_is_known_to_have_ended_is_not_taken_nor_asked_for_its_agents(house: House) -> None:
    with pytest.raises(ReplacementFailed, match=r"still answers with the old one \(RM_1\)"):
        await house.rooms.create(with_notes(), house.run, ended={"RM_1"})
    assert house.did == ["create"]
    assert house.waits == []
