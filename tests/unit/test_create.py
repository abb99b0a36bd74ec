"""Create, read, update and delete under the rules of the life cycle, on a place in memory."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from relay_provider.errors import (
    NotFound,
    ReplacementFailed,
    RoomDiffers,
    RoomOccupied,
    Unavailable,
)
from relay_provider.lifecycle import OLD_ROOM_WAITS, Rooms, outputs
from relay_provider.model import LiveRoom, RoomInputs
from tests.unit.fake import FakeBackend, live_room, person

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Place:
    """Rooms on a fake backend; waits are written down, not waited."""

    def __init__(self, *rooms: LiveRoom, **habits: Any) -> None:
        self.backend = FakeBackend(*rooms, **habits)
        self.waits: list[float] = []
        self.rooms = Rooms(self.backend, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def join(self, *identities: str, state: int = 2, room: str = "standup") -> None:
        self.backend.people[room] = [person(identity, state) for identity in identities]

    @property
    def did(self) -> list[str]:
        return [call[0] for call in self.backend.calls]


def wanted(**settings: Any) -> RoomInputs:
    return RoomInputs(name="standup", **settings)


async def refused(place: Place, room: RoomInputs, secret: tuple[str, ...] = ()) -> str:
    with pytest.raises(RoomDiffers) as caught:
        await place.rooms.create(room, secret)
    return str(caught.value)


async def occupied(place: Place, **how: Any) -> str:
    with pytest.raises(RoomOccupied) as caught:
        await place.rooms.delete("standup", **{"force": False, **how})
    return str(caught.value)


# -- create


async def test_create_makes_the_room() -> None:
    place = Place()
    live = await place.rooms.create(wanted(max_participants=5, metadata="m"))
    assert (live.max_participants, live.metadata) == (5, "m")
    assert place.did == ["create"]


async def test_create_is_safe_to_repeat() -> None:
    place = Place()
    assert await place.rooms.create(wanted()) == await place.rooms.create(wanted())
    assert list(place.backend.rooms) == ["standup"]


@pytest.mark.parametrize("force", [False, True])
async def test_create_takes_over_an_equal_room(force: bool) -> None:
    place = Place(live_room(max_participants=5, metadata='{ "b": 2, "a": 1 }'))
    place.join("ada")
    live = await place.rooms.create(wanted(max_participants=5, metadata={"a": 1, "b": 2}, force_destroy=force))
    assert live.sid == "RM_1"
    assert place.did == ["create"]


async def test_create_refuses_a_different_room_naming_each_field_both_values_and_the_ways_out() -> None:
    place = Place(live_room(max_participants=5, metadata="theirs", empty_timeout=90), reports_timeout=True)
    assert await refused(place, wanted(max_participants=6, empty_timeout=60, metadata="ours")) == (
        'Room "standup" is live already with other settings: emptyTimeout is 90 there and 60 here; maxParticipants is '
        '5 there and 6 here; metadata is "theirs" there and "ours" here. Nobody was disconnected. Declare it as it is, '
        "or end it first, or set forceDestroy: true to have it ended and made anew."
    )


async def test_create_that_is_refused_leaves_the_room_as_it_was() -> None:
    place = Place(live_room(max_participants=5))
    await refused(place, wanted())
    assert place.backend.rooms == {"standup": live_room(max_participants=5)}
    assert place.did == ["create"]


async def test_create_does_not_show_secret_fields() -> None:
    said = await refused(Place(live_room(metadata="their-pin")), wanted(metadata="our-pin"), secret=("metadata",))
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
    said = anyio.run(refused, Place(live_room(metadata=metadata)), wanted(metadata="ours"))
    assert f"metadata is {shown} there" in said


async def test_create_with_force_ends_a_different_room_and_makes_it_anew() -> None:
    place = Place(live_room(max_participants=5))
    place.join("ada")
    live = await place.rooms.create(wanted(max_participants=6, force_destroy=True))
    assert (live.sid, live.max_participants) == ("RM_new1", 6)
    assert place.did == ["create", "delete", "create"]


async def test_create_whose_new_room_differs_again_says_so_and_ends_nothing_twice() -> None:
    place = Place(live_room(max_participants=5))

    async def others_are_quicker(name: str) -> None:
        place.backend.rooms[name] = live_room(sid="RM_theirs", max_participants=7)

    place.backend.delete = others_are_quicker  # type: ignore[method-assign]
    said = await refused(place, wanted(force_destroy=True))
    assert said.startswith('Room "standup" was ended and made anew, and is not as declared again: maxParticipants is 7')
    assert "Nobody was disconnected" not in said


async def test_create_whose_answer_was_lost_finds_its_own_room() -> None:
    place = Place()
    await place.backend.create(wanted(max_participants=5))
    live = await place.rooms.create(wanted(max_participants=5))
    assert live.sid == "RM_new1"


async def test_create_of_a_room_whose_timeout_is_not_reported_is_taken_over() -> None:
    assert (await Place(live_room()).rooms.create(wanted(empty_timeout=60))).sid == "RM_1"


# -- a replacement whose server still answers with the old room


async def test_a_replacement_waits_until_the_old_room_is_really_gone() -> None:
    place = Place(live_room())
    await place.rooms.delete("standup", force=False)
    place.backend.old_answers = 2
    live = await place.rooms.create(wanted(max_participants=5))
    assert live.sid == "RM_new1"
    assert place.waits == list(OLD_ROOM_WAITS[:2])


async def test_a_replacement_that_never_comes_fails_and_says_what_to_do() -> None:
    place = Place(live_room())
    await place.rooms.delete("standup", force=False)
    place.backend.old_answers = 99
    with pytest.raises(ReplacementFailed) as caught:
        await place.rooms.create(wanted())
    assert str(caught.value) == (
        'Room "standup" was ended, but memory still answers with the old one (RM_1) after 30 s; run the same command '
        "again in a minute."
    )
    assert place.waits == list(OLD_ROOM_WAITS)


async def test_a_forced_create_waits_for_the_old_room_too() -> None:
    place = Place(live_room(max_participants=5))
    place.backend.old_answers = 0
    delete = place.backend.delete

    async def slowly(name: str) -> None:
        await delete(name)
        place.backend.old_answers = 1

    place.backend.delete = slowly  # type: ignore[method-assign]
    assert (await place.rooms.create(wanted(force_destroy=True))).sid == "RM_new1"
    assert place.waits == list(OLD_ROOM_WAITS[:1])


async def test_a_forced_delete_remembers_the_room_that_the_state_knows() -> None:
    place = Place(live_room())
    await place.rooms.delete("standup", force=True, sid="RM_1")
    place.backend.old_answers = 1
    assert (await place.rooms.create(wanted())).sid == "RM_new1"
    assert len(place.waits) == 1


async def test_a_room_that_this_process_did_not_end_is_not_waited_for() -> None:
    place = Place(live_room())
    assert (await place.rooms.create(wanted())).sid == "RM_1"
    assert place.waits == []


# -- read


async def test_read_is_the_room_as_it_is_live() -> None:
    assert await Place(live_room()).rooms.read("standup") == live_room()


async def test_read_says_gone_only_after_two_lists() -> None:
    place = Place()
    assert await place.rooms.read("standup") is None
    assert place.did == ["list", "list"]


@pytest.mark.parametrize("write", ["create", "delete", "update"])
async def test_read_is_never_from_before_an_own_write(write: str) -> None:
    place = Place(live_room("other"), in_place="metadata")
    await place.rooms.read("other")
    match write:
        case "create":
            await place.rooms.create(wanted())
            assert await place.rooms.read("standup")
        case "delete":
            await place.rooms.delete("other", force=False)
            assert await place.rooms.read("other") is None
        case "update":
            await place.rooms.update({}, RoomInputs(name="other", metadata="new"))
            live = await place.rooms.read("other")
            assert live and live.metadata == "new"


async def test_read_is_never_from_before_an_own_write_that_failed() -> None:
    place = Place(live_room())
    await place.rooms.read("standup")
    place.backend.failure = Unavailable("the answer was lost")
    with pytest.raises(Unavailable):
        await place.rooms.delete("standup", force=True)
    place.backend.failure = None
    await place.backend.delete("standup")  # what the lost answer was about
    assert await place.rooms.read("standup") is None


# -- update


async def test_update_of_force_destroy_makes_no_call() -> None:
    place = Place(live_room(metadata="m"))
    assert await place.rooms.update({"metadata": "m"}, wanted(metadata="m", force_destroy=True)) is None
    assert place.did == []


async def test_update_of_another_spelling_makes_no_call() -> None:
    place = Place(live_room(), in_place="metadata")
    assert await place.rooms.update({"metadata": '{ "a": 1 }'}, wanted(metadata={"a": 1})) is None
    assert place.did == []


@pytest.mark.parametrize(("metadata", "sent"), [("new", "new"), (None, "")])
async def test_update_changes_metadata_in_place(metadata: str | None, sent: str) -> None:
    place = Place(live_room(metadata="old"), in_place="metadata")
    place.join("ada")
    live = await place.rooms.update({"metadata": "old"}, wanted(metadata=metadata))
    assert live and (live.sid, live.metadata) == ("RM_1", sent)
    assert place.did == ["update"]


async def test_update_of_a_vanished_room_makes_it_anew() -> None:
    place = Place(in_place="metadata")
    live = await place.rooms.update({"metadata": "old"}, wanted(metadata="new", max_participants=5))
    assert live and (live.sid, live.metadata, live.max_participants) == ("RM_new1", "new", 5)


async def test_update_of_a_vanished_room_does_not_show_secret_fields() -> None:
    place = Place(in_place="metadata")

    async def joined_meanwhile(name: str, metadata: str) -> None:
        place.backend.rooms[name] = live_room(metadata="their-pin")

    place.backend.update_metadata = joined_meanwhile  # type: ignore[method-assign]
    with pytest.raises(RoomDiffers) as caught:
        await place.rooms.update({}, wanted(metadata="our-pin"), secret=("metadata",))
    assert "pin" not in str(caught.value)


# -- delete


async def test_delete_ends_an_empty_room() -> None:
    place = Place(live_room())
    await place.rooms.delete("standup", force=False, sid="RM_1")
    assert place.backend.rooms == {}


async def test_delete_of_a_gone_room_is_success() -> None:
    place = Place()
    await place.rooms.delete("standup", force=False, sid="RM_1")
    await place.rooms.delete("standup", force=True, sid="RM_1")


async def test_delete_believes_in_gone_only_when_the_list_lacks_the_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(live_room())

    async def nothing(name: str) -> None:
        return None

    monkeypatch.setattr(place.backend, "get", nothing)
    await place.rooms.delete("standup", force=False, sid="RM_1")
    assert ("delete", "standup") in place.backend.calls


async def test_delete_of_an_occupied_room_is_refused_with_who_is_there_and_the_way_out() -> None:
    place = Place(live_room())
    place.join("ada")
    assert await occupied(place) == (
        'Room "standup" was not ended, because 1 person is in it: ada. Nobody was disconnected. Wait until they have '
        "left, or set forceDestroy: true on the room, run `pulumi up`, and try again."
    )


async def test_delete_that_is_refused_leaves_the_room_as_it_was() -> None:
    place = Place(live_room())
    place.join("ada")
    await occupied(place)
    assert place.backend.rooms == {"standup": live_room()}
    assert place.did == ["get"]


async def test_delete_names_the_first_five_people_and_counts_the_rest() -> None:
    place = Place(live_room())
    place.join(*"abcde")
    assert "because 5 people are in it: a, b, c, d, e. Nobody" in await occupied(place)
    place.join(*"abcdefgh")
    assert "because 8 people are in it: a, b, c, d, e and 3 more. Nobody" in await occupied(place)


async def test_identities_in_a_message_are_one_short_line_without_keys() -> None:
    place = Place(live_room())
    place.join("ada\n\x1b[2Jx", "sk_live_0123456789", "y" * 100)
    said = await occupied(place)
    assert f"ada [2Jx, sk_live_***, {'y' * 59}…. Nobody" in said


@pytest.mark.parametrize("state", [0, 1, 2])
async def test_somebody_who_is_still_joining_is_there(state: int) -> None:
    place = Place(live_room())
    place.join("ada", state=state)
    assert "ada" in await occupied(place)


async def test_somebody_who_is_disconnected_is_not_there() -> None:
    place = Place(live_room())
    place.join("ada", state=3)
    await place.rooms.delete("standup", force=False)
    assert place.backend.rooms == {}


async def test_occupancy_is_who_is_there_and_not_the_count_that_lags() -> None:
    place = Place(live_room(num_participants=0))
    place.join("ada")
    await occupied(place)
    place = Place(live_room(num_participants=3))
    await place.rooms.delete("standup", force=False)
    assert place.backend.rooms == {}


async def test_delete_with_force_ends_an_occupied_room() -> None:
    place = Place(live_room())
    place.join("ada")
    await place.rooms.delete("standup", force=True, sid="RM_1")
    assert place.backend.rooms == {}


@pytest.mark.parametrize("force", [False, True])
async def test_delete_that_fails_is_an_error_and_no_success(force: bool) -> None:
    place = Place(live_room())
    place.backend.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await place.rooms.delete("standup", force=force)
    assert "standup" in place.backend.rooms


# -- consent by diff: a replacement asked for with forceDestroy may end the old room


def replacing(**new: Any) -> dict[str, Any]:
    return {"name": "standup", "maxParticipants": 9, **new}


async def test_a_replacement_with_force_may_end_the_occupied_room() -> None:
    place = Place(live_room())
    place.join("ada")
    place.rooms.diff(outputs({}, live_room()), replacing(forceDestroy=True))
    await place.rooms.delete("standup", force=False, sid="RM_1")
    assert place.backend.rooms == {}


@pytest.mark.parametrize("new", [replacing(), replacing(forceDestroy=False), {"name": "standup", "forceDestroy": True}])
async def test_no_other_diff_is_a_consent(new: dict[str, Any]) -> None:
    place = Place(live_room())
    place.join("ada")
    place.rooms.diff(outputs({}, live_room()), new)
    await occupied(place)


async def test_a_consent_is_for_one_room() -> None:
    place = Place(live_room(), live_room("other"))
    place.join("ada", room="other")
    place.rooms.diff(outputs({}, live_room()), replacing(forceDestroy=True))
    with pytest.raises(RoomOccupied):
        await place.rooms.delete("other", force=False)


async def test_a_consent_is_for_one_delete() -> None:
    place = Place(live_room())
    place.rooms.diff(outputs({}, live_room()), replacing(forceDestroy=True))
    await place.rooms.delete("standup", force=False)
    await place.rooms.create(wanted())
    place.join("ada")
    await occupied(place)


async def test_a_consent_outlives_a_delete_that_failed() -> None:
    place = Place(live_room())
    place.join("ada")
    place.rooms.diff(outputs({}, live_room()), replacing(forceDestroy=True))
    place.backend.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await place.rooms.delete("standup", force=False)
    place.backend.failure = None
    await place.rooms.delete("standup", force=False)
    assert place.backend.rooms == {}


async def test_a_later_diff_without_force_takes_the_consent_back() -> None:
    place = Place(live_room())
    place.join("ada")
    place.rooms.diff(outputs({}, live_room()), replacing(forceDestroy=True))
    place.rooms.diff(outputs({}, live_room()), replacing())
    await occupied(place)


# -- the old half of a replacement that creates first


async def test_deleting_the_room_that_an_own_create_followed_ends_nothing() -> None:
    place = Place()  # RM_old of the state has expired
    live = await place.rooms.create(wanted())
    await place.rooms.delete("standup", force=True, sid="RM_old")
    assert place.backend.rooms == {"standup": live}


async def test_deleting_the_room_that_this_process_made_ends_it() -> None:
    place = Place()
    live = await place.rooms.create(wanted())
    await place.rooms.delete("standup", force=False, sid=live.sid)
    assert place.backend.rooms == {}


async def test_deleting_a_room_that_somebody_else_made_after_this_process_did_ends_it() -> None:
    place = Place()
    await place.rooms.create(wanted())
    place.backend.rooms["standup"] = live_room(sid="RM_theirs")
    place.rooms._listing.wrote()  # as much later
    live = await place.rooms.read("standup")
    assert live and live.sid == "RM_theirs"
    await place.rooms.delete("standup", force=False, sid="RM_theirs")
    assert place.backend.rooms == {}


async def test_deleting_a_room_that_was_updated_since_somebody_else_made_it_ends_it() -> None:
    place = Place(in_place="metadata")
    await place.rooms.create(wanted())
    place.backend.rooms["standup"] = live_room(sid="RM_theirs")
    await place.rooms.update({}, wanted(metadata="new"))
    await place.rooms.delete("standup", force=False, sid="RM_theirs")
    assert place.backend.rooms == {}


# -- the rest


async def test_get_shows_the_participants() -> None:
    place = Place(live_room())
    place.join("ada")
    assert [one.identity for one in (await place.rooms.get("standup")).participants] == ["ada"]


async def test_get_of_a_missing_room_is_an_error_with_a_way_out() -> None:
    with pytest.raises(NotFound) as caught:
        await Place().rooms.get("standup")
    assert str(caught.value) == ('Room "standup" is not live at memory; check its name, or run `relay-rooms list`.')


async def test_list_is_always_a_fresh_one() -> None:
    place = Place(live_room("b"), live_room("a"))
    assert [room.name for room in await place.rooms.list()] == ["a", "b"]
    await place.rooms.list()
    assert place.did == ["list", "list"]


async def test_removing_somebody_twice_is_fine() -> None:
    place = Place(live_room())
    place.join("ada")
    assert await place.rooms.remove_participant("standup", "ada") is True
    assert await place.rooms.remove_participant("standup", "ada") is False


async def test_closing_closes_the_backend() -> None:
    place = Place()
    await place.rooms.aclose()
    assert place.backend.closed


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete", "get", "list", "remove"])
async def test_every_failure_is_an_error_and_changes_nothing(operation: str) -> None:
    place = Place(live_room(), in_place="metadata")
    place.backend.failure = Unavailable("down")
    work = {
        "create": lambda: place.rooms.create(wanted(max_participants=5, force_destroy=True)),
        "read": lambda: place.rooms.read("standup"),
        "update": lambda: place.rooms.update({}, wanted(metadata="m")),
        "delete": lambda: place.rooms.delete("standup", force=False),
        "get": lambda: place.rooms.get("standup"),
        "list": place.rooms.list,
        "remove": lambda: place.rooms.remove_participant("standup", "ada"),
    }[operation]
    with pytest.raises(Unavailable):
        await work()
    assert place.backend.rooms == {"standup": live_room()}
    assert len(place.did) == 1
