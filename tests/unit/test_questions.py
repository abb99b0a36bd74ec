"""What is asked and done by hand: a room, the list, who is in a room that is to end, and removing somebody."""

from __future__ import annotations

import pytest

from relay_provider.errors import NotFound
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


async def test_closing_closes_the_backend() -> None:
    house = House()
    await house.rooms.aclose()
    assert house.backend.closed
