"""What a delete means: of a room that nobody declares any more, and of one that the run declares."""

from __future__ import annotations

from typing import Any

import pytest

from relay_provider.errors import RoomDiffers, RoomKept, RoomOccupied, Unavailable
from relay_provider.lifecycle import Rooms
from relay_provider.place import Home, Place
from relay_provider.run import Run
from tests.unit.fake import PROJECT, FakeBackend, House, live_room, wanted

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


# -- Consent: the state's, unless the run declares what comes after the room


async def test_a_declaration_that_takes_the_consent_back_beats_the_state() -> None:
    house = House(live_room())
    house.join("ada")
    house.declares("new-name", before="standup", force=False)
    await occupied(house, force=True)


async def test_a_declaration_that_consents_beats_the_state() -> None:
    house = House(live_room())
    house.join("ada")
    house.declares("new-name", before="standup", force=True)
    await house.delete(force=False)
    assert house.backend.rooms == {}


async def test_a_diff_is_a_question_and_no_consent() -> None:
    house = House(live_room())
    house.join("ada")
    house.rooms.diff({"name": "standup", "maxParticipants": 0}, {"maxParticipants": 9, "forceDestroy": True})
    await occupied(house)


async def test_a_consent_is_for_one_room() -> None:
    house = House(live_room(), live_room("other"))
    house.join("ada")
    house.declares("new-name", before="other", force=True)
    await occupied(house)


async def test_a_consent_is_for_one_run() -> None:
    house = House(live_room())
    house.join("ada")
    house.declares("new-name", before="standup", force=True)
    house.run = Run()
    await occupied(house)


async def test_a_consent_outlives_a_delete_that_failed() -> None:
    house = House(live_room())
    house.join("ada")
    house.declares("new-name", before="standup", force=True)
    house.backend.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await house.delete()
    house.backend.failure = None
    await house.delete()
    assert house.backend.rooms == {}


# -- A room that the run declares


@pytest.mark.parametrize("sid", ["RM_1", "RM_old", None])
@pytest.mark.parametrize("force", [False, True])
async def test_a_declared_room_is_not_ended_whatever_is_meant_by_the_delete(sid: str | None, force: bool) -> None:
    house = House(live_room())
    house.declares()
    await house.delete(sid=sid, force=force)
    assert house.did == []


async def test_a_declared_room_that_was_made_is_not_ended_by_the_delete_of_the_old_one() -> None:
    house = House()
    house.declares()
    live = await house.create(wanted())
    await house.delete(force=True, sid="RM_old")
    await house.delete(force=True, sid=live.sid)
    assert house.backend.rooms == {"standup": live}


async def test_a_declared_room_that_somebody_else_made_since_is_not_ended() -> None:
    house = House()
    house.declares()
    await house.create(wanted())
    house.backend.rooms["standup"] = live_room(sid="RM_theirs")
    await house.delete(force=True, sid="RM_theirs")
    assert "standup" in house.backend.rooms


async def test_a_room_of_another_project_with_the_declared_name_is_ended() -> None:
    house = House(live_room())
    house.run.declare(((Place("relay", "elsewhere"), None), "standup"), force=False)
    await house.delete()
    assert house.backend.rooms == {}


async def test_a_declared_room_that_could_not_be_made_stays_in_the_state() -> None:
    house = House(live_room(max_participants=5))
    house.declares()
    with pytest.raises(RoomDiffers):
        await house.create(wanted())
    with pytest.raises(RoomKept) as caught:
        await house.delete(force=True)
    assert str(caught.value) == (
        'Room "standup" was left as it is, and stays in the state under its old resource too, because its new '
        "declaration could not be carried out in this run; put that right, and run the same command again."
    )
    assert "delete" not in house.did


async def test_a_declared_room_that_could_be_made_after_all_is_forgotten_under_its_old_resource() -> None:
    house = House(live_room(max_participants=5))
    house.declares()
    with pytest.raises(RoomDiffers):
        await house.create(wanted())
    house.backend.rooms.clear()
    await house.create(wanted())
    await house.delete()


# -- A room that the run declares with another key of the same project


OTHER_KEY: Home = (PROJECT[0], "digest of another key")
ELSEWHERE = (OTHER_KEY, "standup")


async def test_a_room_that_was_made_with_another_key_is_not_ended_with_the_old_one() -> None:
    house = House(live_room(sid="RM_2"))
    house.run.declare(ELSEWHERE, force=True)
    house.run.made(ELSEWHERE, {"sid": "RM_2"})
    await house.delete(force=True, sid="RM_1")
    assert house.backend.rooms == {"standup": live_room(sid="RM_2")}


async def test_a_list_from_before_the_other_key_made_the_room_does_not_count() -> None:
    house = House(live_room(sid="RM_1"))
    await house.read()
    house.backend.rooms["standup"] = live_room(sid="RM_2")
    house.run.declare(ELSEWHERE, force=True)
    house.run.made(ELSEWHERE, {"sid": "RM_2"})
    await house.delete(force=True, sid="RM_1")
    assert house.backend.rooms == {"standup": live_room(sid="RM_2")}


@pytest.mark.parametrize("sid", ["RM_2", "RM_3"])
async def test_a_room_that_the_other_key_finds_is_not_ended_whatever_the_state_knows_of_it(sid: str) -> None:
    house, other = House(live_room(sid="RM_2")), FakeBackend(live_room(sid=sid))
    house.rooms.opened = [house.rooms, Rooms(other, OTHER_KEY, house.sleep)]
    house.run.declare(ELSEWHERE, force=True)
    house.run.knows(ELSEWHERE, {"sid": "RM_1"})
    await house.delete(sid="RM_2")
    assert ("standup" in house.backend.rooms) is (sid == "RM_2")


async def test_a_room_of_that_name_in_another_project_of_the_place_is_ended() -> None:
    house = House(live_room(sid="RM_1"))
    house.run.declare(ELSEWHERE, force=True)
    house.run.made(ELSEWHERE, {"sid": "RM_2"})
    await house.delete(sid="RM_1")
    assert house.backend.rooms == {}


async def test_a_room_is_kept_while_that_of_another_key_could_not_be_made() -> None:
    house = House(live_room())
    house.run.declare(ELSEWHERE, force=True)
    house.run.failed(ELSEWHERE)
    with pytest.raises(RoomKept):
        await house.delete(force=True)
    assert house.did == []
