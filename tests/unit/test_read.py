"""What a read and an update mean, and that every failure is an error that changes nothing."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from relay_provider.errors import NotFound, RoomDiffers, Unavailable
from relay_provider.model import RoomInputs
from relay_provider.run import Run
from tests.unit.fake import PROJECT, House, live_room, wanted

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

STANDUP = (PROJECT, "standup")


# -- Read


async def test_what_is_adopted_is_live_as_wanted_and_nothing_is_made() -> None:
    house = House(live_room(max_participants=5))
    assert await house.rooms.adopt(RoomInputs(name="standup", max_participants=5), house.run) == live_room(
        max_participants=5
    )
    for other in (RoomInputs(name="standup"), RoomInputs(name="gone")):
        with pytest.raises(NotFound, match="no longer live as it was"):
            await house.rooms.adopt(other, house.run)
    assert set(house.did) == {"list"}


async def test_read_is_the_room_as_it_is_live() -> None:
    assert await House(live_room()).read() == live_room()


async def test_read_says_gone_only_after_two_lists() -> None:
    house = House()
    assert await house.read() is None
    assert house.did == ["list", "list"]


async def test_what_an_earlier_run_of_this_process_has_listed_does_not_count() -> None:
    house = House()
    assert await house.read() is None
    house.backend.rooms["standup"] = live_room()  # by another process
    house.run = Run()
    assert await house.read() == live_room()


@pytest.mark.parametrize("write", ["create", "delete", "update"])
async def test_read_is_never_from_before_an_own_write(write: str) -> None:
    house = House(live_room("other"), in_place="metadata")
    await house.read("other")
    match write:
        case "create":
            await house.create(wanted())
            assert await house.read()
        case "delete":
            await house.delete("other")
            assert await house.read("other") is None
        case "update":
            await house.update({}, RoomInputs(name="other", metadata="new"))
            live = await house.read("other")
            assert live and live.metadata == "new"


async def test_read_is_never_from_before_an_own_write_that_failed() -> None:
    house = House(live_room())
    await house.read()
    house.backend.failure = Unavailable("the answer was lost")
    with pytest.raises(Unavailable):
        await house.delete(force=True)
    house.backend.failure = None
    await house.backend.delete("standup")  # what the lost answer was about
    assert await house.read() is None


async def test_a_room_that_is_read_for_the_state_belongs_to_the_state_whoever_made_it_since() -> None:
    house = House(live_room(sid="RM_2"))
    await house.read(state={"sid": "RM_1", "emptyTimeout": 60})
    assert house.run.owned(STANDUP, "RM_2") == {"sid": "RM_2", "emptyTimeout": 60}
    assert house.run.owned(STANDUP, "RM_1") is None


async def test_a_room_that_is_read_without_a_state_belongs_to_nobody() -> None:
    house = House(live_room())
    await house.read()
    assert house.run.owned(STANDUP, "RM_1") is None


# -- Update


async def test_update_of_force_destroy_makes_no_call() -> None:
    house = House(live_room(metadata="m"))
    assert await house.update({"metadata": "m"}, wanted(metadata="m", force_destroy=True)) is None
    assert house.did == []


async def test_update_of_another_spelling_makes_no_call() -> None:
    house = House(live_room(), in_place="metadata")
    assert await house.update({"metadata": '{ "a": 1 }'}, wanted(metadata={"a": 1})) is None
    assert house.did == []


@pytest.mark.parametrize(("metadata", "sent"), [("new", "new"), (None, "")])
async def test_update_changes_metadata_in_place(metadata: str | None, sent: str) -> None:
    house = House(live_room(metadata="old"), in_place="metadata")
    house.join("ada")
    live = await house.update({"metadata": "old"}, wanted(metadata=metadata))
    assert live and (live.sid, live.metadata) == ("RM_1", sent)
    assert house.did == ["update"]


async def test_update_of_a_vanished_room_makes_it_again() -> None:
    house = House(in_place="metadata")
    live = await house.update({"metadata": "old"}, wanted(metadata="new", max_participants=5))
    assert live and (live.sid, live.metadata, live.max_participants) == ("RM_new1", "new", 5)


async def test_update_of_a_room_that_has_just_ended_does_not_take_the_old_one_for_the_new() -> None:
    house = House(live_room(metadata="old"), in_place="metadata")
    await house.backend.delete("standup")
    house.backend.old_answers = 2
    live = await house.update({"metadata": "old", "sid": "RM_1"}, wanted(metadata="new"))
    assert live and (live.sid, live.metadata) == ("RM_new1", "new")
    assert len(house.waits) == 2


async def test_update_of_a_vanished_room_does_not_show_secret_fields() -> None:
    house = House(in_place="metadata")

    async def joined_meanwhile(room: RoomInputs, changed: Collection[str]) -> None:
        house.backend.rooms[room.name] = live_room(metadata="their-pin")

    house.backend.update = joined_meanwhile  # type: ignore[method-assign]
    with pytest.raises(RoomDiffers) as caught:
        await house.update({}, wanted(metadata="our-pin"), secret=("metadata",))
    assert "pin" not in str(caught.value)


# -- Failures


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete", "get", "list", "remove"])
async def test_every_failure_is_an_error_and_changes_nothing(operation: str) -> None:
    house = House(live_room(), in_place="metadata")
    house.backend.failure = Unavailable("down")
    work = {
        "create": lambda: house.create(wanted(max_participants=5, force_destroy=True)),
        "read": house.read,
        "update": lambda: house.update({}, wanted(metadata="m")),
        "delete": house.delete,
        "get": lambda: house.rooms.get("standup"),
        "list": house.rooms.list,
        "remove": lambda: house.rooms.remove_participant("standup", "ada"),
    }[operation]
    with pytest.raises(Unavailable):
        await work()
    assert house.backend.rooms == {"standup": live_room()}
    assert len(house.did) == 1
