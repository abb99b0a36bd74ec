"""What a delete means: of a room that nobody declares any more, and of one that the run declares."""

from __future__ import annotations

from typing import Any

import pytest

from relay_provider.errors import RoomOccupied, Unavailable
from tests.unit.fake import House, live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


async def occupied(house: House, **how: Any) -> str:
    with pytest.raises(RoomOccupied) as caught:
        await house.delete(**how)
    return str(caught.value)


# -- A room that nobody declares any more


async def test_delete_ends_an_empty_room() -> None:
    house = House(live_room())
    await house.delete()
    assert house.backend.rooms == {}


async def test_delete_of_a_gone_room_is_success() -> None:
    house = House()
    await house.delete()
    await house.delete(force=True)


async def test_delete_of_an_occupied_room_is_refused_with_who_is_there_and_the_way_out() -> None:
    house = House(live_room())
    house.join("ada")
    assert await occupied(house) == (
        'Room "standup" was not ended, because 1 person is in it: ada. Nobody was disconnected. Wait until they have '
        "left, or set forceDestroy: true on the room and bring that up; then try again."
    )


async def test_delete_that_is_refused_leaves_the_room_as_it_was() -> None:
    house = House(live_room())
    house.join("ada")
    await occupied(house)
    assert house.backend.rooms == {"standup": live_room()}
    assert house.did == ["get", "list"]


async def test_delete_names_the_first_five_people_and_counts_the_rest() -> None:
    house = House(live_room())
    house.join(*"abcde")
    assert "because 5 people are in it: a, b, c, d, e. Nobody" in await occupied(house)
    house.join(*"abcdefgh")
    assert "because 8 people are in it: a, b, c, d, e and 3 more. Nobody" in await occupied(house)


async def test_identities_in_a_message_are_one_short_line_without_keys() -> None:
    house = House(live_room())
    house.join("ada\n\x1b[2Jx", "sk_live_0123456789", "y" * 100)
    said = await occupied(house)
    assert f"ada [2Jx, sk_live_***, {'y' * 59}…. Nobody" in said


@pytest.mark.parametrize("state", [0, 1, 2])
async def test_somebody_who_is_still_joining_is_there(state: int) -> None:
    house = House(live_room())
    house.join("ada", state=state)
    assert "ada" in await occupied(house)


async def test_somebody_who_is_disconnected_is_not_there() -> None:
    house = House(live_room())
    house.join("ada", state=3)
    await house.delete()
    assert house.backend.rooms == {}


async def test_delete_with_force_ends_an_occupied_room() -> None:
    house = House(live_room())
    house.join("ada")
    await house.delete(force=True)
    assert house.backend.rooms == {}


@pytest.mark.parametrize("force", [False, True])
async def test_delete_that_fails_is_an_error_and_no_success(force: bool) -> None:
    house = House(live_room())
    house.backend.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await house.delete(force=force)
    assert "standup" in house.backend.rooms
