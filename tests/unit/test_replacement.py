"""A replacement is one step, the create: guard, end, make."""

from __future__ import annotations

import pytest

from relay_provider.changes import outputs
from relay_provider.errors import ReplacementFailed, RoomDiffers, RoomOccupied, RoomUnsure, Unavailable
from relay_provider.lifecycle import OLD_ROOM_WAITS
from relay_provider.model import LiveRoom
from tests.unit.fake import PROJECT, House, live_room, wanted

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

STANDUP = (PROJECT, "standup")
GUARDED = ["create", "get", "list", "delete", "create"]


def replacing(room: LiveRoom, *, force: bool = False, reports_timeout: bool = False, **applied: object) -> House:
    """A run in which the resource that has had this room declares it with something else."""
    house = House(room, reports_timeout=reports_timeout)
    house.owns(sid=room.sid, **{"maxParticipants": room.max_participants, **applied})
    house.declares(before="standup", force=force)
    return house


async def test_the_states_room_is_replaced_in_one_step_when_nobody_is_in_it() -> None:
    house = replacing(live_room(max_participants=5))
    live = await house.create(wanted(max_participants=6))
    assert (live.sid, live.max_participants) == ("RM_new1", 6)
    assert house.did == GUARDED


async def test_the_delete_that_follows_has_nothing_to_do() -> None:
    house = replacing(live_room(max_participants=5))
    live = await house.create(wanted(max_participants=6))
    await house.delete(force=True)
    assert house.backend.rooms == {"standup": live}
    assert house.did == GUARDED


async def test_the_states_room_is_not_replaced_while_somebody_is_in_it() -> None:
    house = replacing(live_room(max_participants=5))
    house.join("ada")
    with pytest.raises(RoomOccupied, match="ada"):
        await house.create(wanted(max_participants=6))
    assert house.backend.rooms == {"standup": live_room(max_participants=5)}
    assert "delete" not in house.did


async def test_the_states_room_is_not_replaced_when_it_is_not_sure_that_nobody_is_in_it() -> None:
    house = replacing(live_room(max_participants=5, num_participants=1))
    with pytest.raises(RoomUnsure):
        await house.create(wanted(max_participants=6))
    assert "delete" not in house.did


async def test_the_states_room_is_replaced_by_force_with_everybody_in_it_and_no_look() -> None:
    house = replacing(live_room(max_participants=5), force=True)
    house.join("ada")
    live = await house.create(wanted(max_participants=6, force_destroy=True))
    assert live.sid == "RM_new1"
    assert house.did == ["create", "delete", "create"]


async def test_a_room_that_somebody_else_has_made_since_is_not_replaced() -> None:
    house = replacing(live_room(max_participants=5))
    house.backend.rooms["standup"] = live_room(sid="RM_theirs", max_participants=7)
    with pytest.raises(RoomDiffers):
        await house.create(wanted(max_participants=6))
    assert house.did == ["create"]


async def test_an_equal_room_that_somebody_else_has_made_since_is_taken_over() -> None:
    house = replacing(live_room(max_participants=5))
    house.backend.rooms["standup"] = live_room(sid="RM_theirs", max_participants=6)
    assert (await house.create(wanted(max_participants=6))).sid == "RM_theirs"
    assert house.did == ["create"]


async def test_a_room_that_expired_is_made_without_ending_anything() -> None:
    house = replacing(live_room(max_participants=5))
    house.backend.rooms.clear()
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new1"
    assert house.did == ["create"]


async def test_another_room_of_the_state_is_replaced_too() -> None:
    """As two resources swap their rooms' names: the state has the room, under the other one."""
    house = House(live_room(max_participants=5))
    house.owns()
    house.declares(before="other")
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new1"
    assert house.did == GUARDED


async def test_the_states_room_is_replaced_with_another_key_of_its_project_too() -> None:
    house = House(live_room(max_participants=5))
    with_old_key = ((PROJECT[0], "digest of another key"), "standup")
    house.run.knows(with_old_key, {"sid": "RM_1"})
    house.run.declare(STANDUP, force=False, before=with_old_key)
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new1"
    assert house.did == GUARDED


# -- A replacement that nothing of the live room asks for


async def test_a_setting_that_is_not_reported_is_held_against_what_was_applied() -> None:
    house = replacing(live_room(), emptyTimeout=60)
    assert (await house.create(wanted(empty_timeout=90))).sid == "RM_new1"
    assert house.did == GUARDED


async def test_a_setting_that_is_not_reported_is_held_against_what_another_resource_applied() -> None:
    house = House(live_room())
    house.owns(emptyTimeout=60)
    house.declares(before="other")
    assert (await house.create(wanted(empty_timeout=90))).sid == "RM_new1"
    assert house.did == GUARDED


async def test_a_setting_that_is_not_reported_and_was_applied_as_it_is_asked_for_is_equal() -> None:
    house = House(live_room())
    house.owns(emptyTimeout=60)
    house.declares("standup", before="other")
    assert (await house.create(wanted(empty_timeout=60))).sid == "RM_1"
    assert house.did == ["create"]


async def test_an_own_room_with_equal_settings_is_replaced_where_its_own_resource_asks_for_that() -> None:
    house = replacing(live_room(max_participants=5))
    assert (await house.create(wanted(max_participants=5))).sid == "RM_new1"
    assert house.did == GUARDED


async def test_an_own_room_with_equal_settings_is_kept_where_another_resource_takes_it_up() -> None:
    house = House(live_room(max_participants=5))
    house.owns()
    house.declares(before="other")
    assert (await house.create(wanted(max_participants=5))).sid == "RM_1"


async def test_a_room_is_replaced_once_a_run() -> None:
    house = replacing(live_room(max_participants=5))
    first = await house.create(wanted(max_participants=6))
    assert await house.create(wanted(max_participants=6)) == first
    assert house.did == [*GUARDED, "create"]


# -- A replacement that was interrupted


async def test_a_replacement_that_ended_before_it_made_is_made_by_the_next_run() -> None:
    house = House()
    house.owns(maxParticipants=5)
    house.declares(before="standup")
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new1"
    assert house.did == ["create"]


async def test_a_replacement_whose_answer_was_lost_is_taken_over() -> None:
    house = House(live_room(sid="RM_new", max_participants=6))
    house.owns(maxParticipants=5)  # RM_1
    house.declares(before="standup")
    house.join("ada")
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new"
    assert house.did == ["create"]


async def test_what_was_made_belongs_to_the_run_with_what_was_applied() -> None:
    house = House()
    room = wanted(empty_timeout=60)
    live = await house.create(room)
    assert house.run.owned(STANDUP, live.sid) == outputs(room.props(), live)


# -- A server in trouble


async def test_a_replacement_waits_until_the_old_room_is_really_gone() -> None:
    house = replacing(live_room(max_participants=5))
    delete = house.backend.delete

    async def slowly(name: str) -> None:
        await delete(name)
        house.backend.old_answers = 2

    house.backend.delete = slowly  # type: ignore[method-assign]
    assert (await house.create(wanted(max_participants=6))).sid == "RM_new1"
    assert house.waits == list(OLD_ROOM_WAITS[:2])


async def test_a_replacement_whose_old_room_never_goes_fails() -> None:
    house = replacing(live_room(max_participants=5))
    delete = house.backend.delete

    async def never(name: str) -> None:
        await delete(name)
        house.backend.old_answers = 99

    house.backend.delete = never  # type: ignore[method-assign]
    with pytest.raises(ReplacementFailed):
        await house.create(wanted(max_participants=6))
    assert house.run.has_failed(STANDUP)


async def test_a_replacement_whose_guard_gets_no_answer_leaves_the_room() -> None:
    house = replacing(live_room(max_participants=5))

    async def down(name: str) -> None:
        raise Unavailable("It is down.")

    house.backend.get = down  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable, match=r"was not ended, as it is not known whether it is empty. It is down\."):
        await house.create(wanted(max_participants=6))
    assert house.did == ["create"]
