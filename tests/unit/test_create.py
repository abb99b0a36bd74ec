"""What a create means where no room of that name is live, and where one is."""

from __future__ import annotations

import anyio
import pytest

from relay_provider.errors import ReplacementFailed, RoomDiffers
from relay_provider.lifecycle import OLD_ROOM_WAITS
from relay_provider.model import RoomInputs
from tests.unit.fake import House, live_room, wanted

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


async def refused(house: House, room: RoomInputs, secret: tuple[str, ...] = ()) -> str:
    with pytest.raises(RoomDiffers) as caught:
        await house.create(room, secret)
    return str(caught.value)


# -- No room, or an equal one


async def test_create_makes_the_room() -> None:
    house = House()
    live = await house.create(wanted(max_participants=5, metadata="m"))
    assert (live.max_participants, live.metadata) == (5, "m")
    assert house.did == ["create"]


async def test_create_is_safe_to_repeat() -> None:
    house = House()
    assert await house.create(wanted()) == await house.create(wanted())
    assert list(house.backend.rooms) == ["standup"]


@pytest.mark.parametrize("force", [False, True])
async def test_create_takes_over_an_equal_room(force: bool) -> None:
    house = House(live_room(max_participants=5, metadata='{ "b": 2, "a": 1 }'))
    house.join("ada")
    live = await house.create(wanted(max_participants=5, metadata={"a": 1, "b": 2}, force_destroy=force))
    assert live.sid == "RM_1"
    assert house.did == ["create"]


async def test_create_whose_answer_was_lost_finds_its_own_room() -> None:
    house = House()
    await house.backend.create(wanted(max_participants=5))
    live = await house.create(wanted(max_participants=5))
    assert live.sid == "RM_new1"


async def test_create_of_a_room_whose_timeout_is_not_reported_is_taken_over() -> None:
    assert (await House(live_room()).create(wanted(empty_timeout=60))).sid == "RM_1"


# -- A room of somebody else with other settings


async def test_create_refuses_a_different_room_naming_each_field_both_values_and_the_ways_out() -> None:
    house = House(live_room(max_participants=5, metadata="theirs", empty_timeout=90), reports_timeout=True)
    assert await refused(house, wanted(max_participants=6, empty_timeout=60, metadata="ours")) == (
        'Room "standup" is live already with other settings: emptyTimeout is 90 there and 60 here; maxParticipants is '
        '5 there and 6 here; metadata is "theirs" there and "ours" here. Nobody was disconnected. Declare it as it is, '
        "or end it first, or set forceDestroy: true to have it ended and recreated. If this stack has made it under "
        "another resource, a run that refreshes first knows that."
    )


async def test_create_that_is_refused_leaves_the_room_as_it_was() -> None:
    house = House(live_room(max_participants=5))
    await refused(house, wanted())
    assert house.backend.rooms == {"standup": live_room(max_participants=5)}
    assert house.did == ["create"]


async def test_create_does_not_show_secret_fields() -> None:
    said = await refused(House(live_room(metadata="their-pin")), wanted(metadata="our-pin"), secret=("metadata",))
    assert "metadata is [secret] there and [secret] here" in said
    assert "pin" not in said


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ("two\nlines\x1b[2J", '"two lines [2J"'),
        ("x" * 500, f'"{"x" * 119}…"'),
        ("Bearer abcdefgh", '"Bearer ***"'),
        ("", '""'),
    ],
)
def test_metadata_in_a_message_is_one_short_line_without_keys(metadata: str, shown: str) -> None:
    said = anyio.run(refused, House(live_room(metadata=metadata)), wanted(metadata="ours"))
    assert f"metadata is {shown} there" in said


async def test_create_with_force_ends_a_different_room_and_recreates_it() -> None:
    house = House(live_room(max_participants=5))
    house.join("ada")
    live = await house.create(wanted(max_participants=6, force_destroy=True))
    assert (live.sid, live.max_participants) == ("RM_new1", 6)
    assert house.did == ["create", "delete", "create"]


async def test_create_whose_new_room_differs_again_says_so_and_ends_nothing_twice() -> None:
    house = House(live_room(max_participants=5))
    ended = []

    async def others_are_quicker(name: str) -> None:
        ended.append(name)
        house.backend.rooms[name] = live_room(sid="RM_theirs", max_participants=7)

    house.backend.delete = others_are_quicker  # type: ignore[method-assign]
    said = await refused(house, wanted(force_destroy=True))
    assert said.startswith('Room "standup" was ended and recreated, and is not as declared again: maxParticipants is 7')
    assert "Nobody was disconnected" not in said
    assert ended == ["standup"]


# -- A server that still answers with the room that was ended


async def test_a_create_after_a_delete_waits_until_the_old_room_is_really_gone() -> None:
    house = House(live_room())
    await house.delete()
    house.backend.old_answers = 2
    live = await house.create(wanted(max_participants=5))
    assert live.sid == "RM_new1"
    assert house.waits == list(OLD_ROOM_WAITS[:2])


async def test_an_old_room_that_never_goes_is_a_failure_that_says_what_to_do() -> None:
    house = House(live_room())
    await house.delete()
    house.backend.old_answers = 99
    with pytest.raises(ReplacementFailed) as caught:
        await house.create(wanted())
    assert str(caught.value) == (
        'Room "standup" was ended, but memory still answers with the old one (RM_1) after 30 s; run the same command '
        "again in a minute."
    )
    assert house.waits == list(OLD_ROOM_WAITS)


async def test_a_forced_create_waits_for_the_old_room_too() -> None:
    house = House(live_room(max_participants=5))
    delete = house.backend.delete

    async def slowly(name: str) -> None:
        await delete(name)
        house.backend.old_answers = 1

    house.backend.delete = slowly  # type: ignore[method-assign]
    assert (await house.create(wanted(force_destroy=True))).sid == "RM_new1"
    assert house.waits == list(OLD_ROOM_WAITS[:1])


async def test_a_forced_delete_remembers_the_room_that_the_state_knows() -> None:
    house = House(live_room())
    await house.delete(force=True)
    house.backend.old_answers = 1
    assert (await house.create(wanted())).sid == "RM_new1"
    assert len(house.waits) == 1


async def test_a_guarded_delete_remembers_the_room_that_was_there() -> None:
    house = House(live_room(sid="RM_2"))
    await house.delete(sid="RM_1")  # as the state knows it
    house.backend.old_answers = 1
    assert (await house.create(wanted())).sid == "RM_new1"
    assert len(house.waits) == 1


async def test_a_room_that_this_run_did_not_end_is_not_waited_for() -> None:
    house = House(live_room())
    assert (await house.create(wanted())).sid == "RM_1"
    assert house.waits == []
