"""What is asked and done by hand: a room, the list, who is in a room that is to end, and removing somebody."""

from __future__ import annotations

import pytest

from relay_provider.errors import NotFound
from relay_provider.lifecycle import LOOKS
from relay_provider.model import LiveRoom
from tests.unit.fake import House, live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


async def test_get_shows_the_participants() -> None:
    house = House(live_room())
    house.join("ada")
    assert [one.identity for one in (await house.rooms.get("standup")).participants] == ["ada"]


async def test_get_of_a_missing_room_is_an_error_with_a_way_out() -> None:
    with pytest.raises(NotFound) as caught:
        await House().rooms.get("standup")
    assert str(caught.value) == ('Room "standup" is not live at memory; check its name, or run `relay-rooms list`.')


async def test_list_is_always_a_fresh_one() -> None:
    house = House(live_room("b"), live_room("a"))
    assert [room.name for room in await house.rooms.list()] == ["a", "b"]
    await house.rooms.list()
    assert house.did == ["list", "list"]


async def test_removing_somebody_twice_is_fine() -> None:
    house = House(live_room())
    house.join("ada")
    assert await house.rooms.remove_participant("standup", "ada") is True
    assert await house.rooms.remove_participant("standup", "ada") is False


async def test_a_removal_whose_answer_was_lost_still_says_that_somebody_was_removed() -> None:
    house = House(live_room())
    house.join("ada", "bob")
    remove = house.backend.remove_participant

    async def twice(room: str, identity: str) -> bool:
        """As a client that got no answer, and asks again."""
        await remove(room, identity)
        return await remove(room, identity)

    house.backend.remove_participant = twice  # type: ignore[method-assign]
    assert await house.rooms.remove_participant("standup", "ada") is True
    assert [one.identity for one in house.backend.people["standup"]] == ["bob"]


@pytest.mark.parametrize("room", ["standup", "nowhere"])
async def test_removing_somebody_who_is_not_there_removes_nobody(room: str) -> None:
    house = House(live_room())
    house.join("bob")
    assert await house.rooms.remove_participant(room, "ada") is False


async def test_somebody_who_comes_between_the_look_and_the_removal_is_removed() -> None:
    house = House(live_room())

    async def removed(room: str, identity: str) -> bool:
        return True

    house.backend.remove_participant = removed  # type: ignore[method-assign]
    assert await house.rooms.remove_participant("standup", "ada") is True


async def test_a_room_is_there_by_its_session_and_not_by_its_name_alone() -> None:
    house = House(live_room())
    assert await house.rooms.has("standup", "RM_1")
    assert not await house.rooms.has("standup", "RM_2")
    assert not await house.rooms.has("other", "RM_1")


# -- Who would be disconnected


async def test_the_outlook_names_who_is_there_and_whether_the_guard_will_refuse() -> None:
    house = House(live_room(num_participants=2))
    house.join("ana", "bob")
    assert str(await house.rooms.outlook("standup", force=False)) == "refused, 2 people: ana, bob"
    assert str(await house.rooms.outlook("standup", force=True)) == "disconnects 2 people: ana, bob"


async def test_the_outlook_names_the_first_five_and_counts_the_rest() -> None:
    house = House(live_room(num_participants=7))
    house.join(*"abcdefg")
    assert str(await house.rooms.outlook("standup", force=False)) == "refused, 7 people: a, b, c, d, e and 2 more"
    house.join("a")
    assert str(await house.rooms.outlook("standup", force=False)) == "refused, 1 person: a"


@pytest.mark.parametrize("rooms", [[], [live_room()], [live_room(num_participants=1)]])
async def test_a_room_that_nobody_is_in_has_no_outlook(rooms: list[LiveRoom]) -> None:
    house = House(*rooms)
    house.join("gone", state=3)
    assert await house.rooms.outlook("standup", force=False) is None


async def test_the_outlook_does_not_believe_a_count_that_lags_behind() -> None:
    house = House(live_room(num_participants=0))
    house.join("ana")
    outlook = await house.rooms.outlook("standup", force=False)
    assert outlook and outlook.people == ("ana",)


async def test_the_outlook_of_many_rooms_costs_one_list_and_a_look_each() -> None:
    house = House(*(live_room(f"r{number}", num_participants=1) for number in range(20)))
    for number in range(20):
        await house.rooms.outlook(f"r{number}", force=False)
    assert (house.did.count("list"), house.did.count("get")) == (1, 20)


async def test_so_many_empty_rooms_are_looked_at_and_every_one_that_may_not_be_empty() -> None:
    house = House(*(live_room(f"r{number}") for number in range(LOOKS + 50)), live_room("last", num_participants=1))
    house.join("ana", room="last")
    for number in range(LOOKS + 50):
        assert await house.rooms.outlook(f"r{number}", force=False) is None
    assert house.did.count("get") == LOOKS
    assert await house.rooms.outlook("last", force=False)


async def test_the_outlook_ends_nothing() -> None:
    house = House(live_room(num_participants=1))
    house.join("ana")
    await house.rooms.outlook("standup", force=True)
    assert house.did == ["list", "get"]


# -- The end


async def test_closing_closes_the_backend() -> None:
    house = House()
    await house.rooms.aclose()
    assert house.backend.closed
