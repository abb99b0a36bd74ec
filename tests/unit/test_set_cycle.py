"""What a run does with a set of rooms: only what differs, each under the rules of a single one, and told exactly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import pytest

from relay_provider import run as run_module
from relay_provider import set_cycle
from relay_provider.errors import NotFound, RateLimited, Rejected, Unavailable
from relay_provider.lifecycle import Outlook
from relay_provider.model import RoomInputs
from relay_provider.room_set import Set, by
from relay_provider.set_cycle import STILL, SetCycle, SetFailed
from relay_provider.values import UNKNOWN
from tests.unit.fake import PROJECT, House, live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SET, OTHER = "classes", "others"


class Classes(House):
    """A set in one run, with rooms that are live before. The run has been told of all it declares if it is `whole`."""

    def __init__(self, *live: str, whole: bool = True, **habits: Any) -> None:
        super().__init__(*[live_room(name, f"RM_{name}") for name in live], **habits)
        self.told: list[str] = []
        self.cycle = SetCycle(self.rooms, self.run, SET, told=self.tell)
        if whole:
            self.run.declared_all()

    async def tell(self, text: str) -> None:
        self.told.append(text)

    async def apply(self, old: Set, new: Set) -> Set:
        for name, settings in new.items():
            self.run.declare((PROJECT, name), settings.get("forceDestroy") is True, by=by(SET, name))
        return await self.cycle.apply(old, new)

    async def failing(self, old: Set, new: Set) -> SetFailed:
        with pytest.raises(SetFailed) as failed:
            await self.apply(old, new)
        return failed.value

    def people_in(self, *names: str) -> None:
        for name in names:
            self.join("ana", room=name)

    @property
    def live(self) -> dict[str, str]:
        return {name: room.sid for name, room in self.backend.rooms.items()}

    @property
    def asked(self) -> Counter[str]:
        return Counter(self.did)

    def calls(self, *kinds: str) -> list[tuple[str, ...]]:
        return [call for call in self.backend.calls if call[0] in kinds]


def kept(name: str, **settings: Any) -> dict[str, Any]:
    """What a state has of a room that `Classes` begins with."""
    shown = {"maxParticipants": 0, "metadata": "", "forceDestroy": False}
    return {**shown, **settings, "sid": f"RM_{name}", "creationTime": 1_700_000_000}


def state(*names: str) -> dict[str, dict[str, Any]]:
    return {name: kept(name) for name in names}


def down() -> Unavailable:
    return Unavailable("The server is down.")


# -- Apply


async def test_a_new_set_takes_one_create_per_room_and_nothing_else() -> None:
    house = Classes()
    stands = await house.apply({}, {f"r{number}": {} for number in range(40)})
    assert house.asked == {"create": 40}
    assert {name: props["sid"] for name, props in stands.items()} == house.live


async def test_only_what_differs_is_touched() -> None:
    house = Classes("math", "art", "music", "foreign")
    new = {"math": {}, "art": {"maxParticipants": 5}, "drama": {"metadata": "new"}}
    stands = await house.apply(state("math", "art", "music"), new)
    assert {call[1] for call in house.calls("create", "delete")} == {"art", "music", "drama"}
    assert stands["math"] == kept("math")
    assert (stands["art"]["maxParticipants"], stands["drama"]["metadata"]) == (5, "new")
    assert stands.keys() == {"math", "art", "drama"}
    assert house.live == {"math": "RM_math", "foreign": "RM_foreign", **{n: stands[n]["sid"] for n in ("art", "drama")}}


async def test_an_unchanged_set_asks_nothing() -> None:
    house = Classes("math")
    assert await house.apply(state("math"), {"math": {}}) == state("math")
    assert house.did == []


async def test_properties_do_not_repeat_the_rooms_name() -> None:
    assert "name" not in (await Classes().apply({}, {"math": {}}))["math"]


async def test_an_equal_live_room_is_taken_over() -> None:
    house = Classes("math")
    stands = await house.apply({}, {"math": {}})
    assert (stands["math"]["sid"], house.asked) == ("RM_math", {"create": 1})


async def test_a_live_room_that_differs_fails_and_the_others_stand() -> None:
    house = Classes("math")
    error = await house.failing({}, {"math": {"maxParticipants": 5}, "art": {}})
    assert error.stands.keys() == {"art"}
    assert error.stands["art"]["sid"] == house.live["art"]
    assert str(error).startswith("1 of 2 rooms could not be made as declared; the others stand.\n")
    assert 'rooms["math"]: Room "math" is live already with other settings: maxParticipants is 0 there' in str(error)


async def test_a_live_room_that_differs_is_replaced_where_that_room_consents() -> None:
    house = Classes("math", "art")
    house.people_in("math", "art")
    new = {"math": {"maxParticipants": 5, "forceDestroy": True}, "art": {"maxParticipants": 5}}
    error = await house.failing({}, new)
    assert error.stands["math"]["sid"] == house.live["math"] != "RM_math"
    assert (house.live["art"], house.backend.people.keys()) == ("RM_art", {"art"})


async def test_a_room_that_could_not_be_changed_stands_as_it_was() -> None:
    house = Classes("math", "art")
    house.people_in("math")
    error = await house.failing(state("math", "art"), {"math": {"maxParticipants": 5}, "art": {"maxParticipants": 5}})
    assert error.stands["math"] == kept("math")
    assert error.stands["art"]["maxParticipants"] == 5
    assert "1 person is in it: ana. Nobody was disconnected." in str(error)


async def test_a_room_that_could_not_be_ended_stays_in_the_set() -> None:
    house = Classes("math", "art", "music")
    house.people_in("math")
    error = await house.failing(state("math", "art", "music"), {"music": {}})
    assert error.stands == state("math", "music")
    assert house.live.keys() == {"math", "music"}
    assert str(error).startswith("1 of 3 rooms could not be made as declared")


async def test_an_occupied_room_is_ended_where_its_state_consents() -> None:
    house = Classes("math", "art")
    house.people_in("math", "art")
    error = await house.failing({"math": kept("math", forceDestroy=True), "art": kept("art")}, {})
    assert (error.stands, house.live.keys()) == (state("art"), {"art"})


async def test_consent_alone_is_written_down_without_a_request() -> None:
    house = Classes("math")
    stands = await house.apply(state("math"), {"math": {"forceDestroy": True}})
    assert (stands, house.did) == ({"math": kept("math", forceDestroy=True)}, [])


async def test_what_can_be_is_changed_in_place() -> None:
    house = Classes("math", in_place="metadata")
    house.people_in("math")
    stands = await house.apply(state("math"), {"math": {"metadata": "new"}})
    assert (stands["math"], house.asked) == (kept("math", metadata="new"), {"update": 1})


async def test_a_setting_that_goes_back_to_the_servers_default_replaces_the_room() -> None:
    house = Classes("math")
    stands = await house.apply({"math": kept("math", emptyTimeout=60)}, {"math": {}})
    assert stands["math"]["sid"] == house.live["math"] != "RM_math"
    assert "emptyTimeout" not in stands["math"]


async def test_rooms_are_ended_after_all_others_are_made() -> None:
    house = Classes("math", "art")
    await house.apply(state("math", "art"), {f"r{number}": {} for number in range(20)})
    kinds = [call[0] for call in house.calls("create", "delete")]
    assert kinds == ["create"] * 20 + ["delete"] * 2


async def test_a_set_is_no_longer_than_its_rooms_when_all_have_left() -> None:
    house = Classes("math")
    assert await house.apply(state("math"), {}) == {}
    assert house.live == {}


# -- Rooms on their way to another resource


async def test_a_room_that_another_resource_has_made_is_left_to_it() -> None:
    house = Classes("math")
    house.declares("math")
    await house.create(RoomInputs(name="math"))
    assert await house.apply(state("math"), {}) == {}
    assert house.live == {"math": "RM_math"}


async def test_a_room_that_another_resource_has_in_its_state_is_left_to_it() -> None:
    house = Classes("math")
    house.run.declare((PROJECT, "math"), force=False, by=by(OTHER, "math"))
    SetCycle(house.rooms, house.run, OTHER).know(state("math"))
    assert await house.apply(state("math"), {}) == {}
    assert house.live == {"math": "RM_math"}


async def test_a_room_that_another_resource_could_not_make_stays_in_the_set() -> None:
    house = Classes("math")
    house.run.declare((PROJECT, "math"), force=False, by=by(OTHER, "math"))
    house.run.failed((PROJECT, "math"))
    error = await house.failing(state("math"), {})
    assert error.stands == state("math")
    assert "its new declaration could not be carried out" in str(error)


class Clock:
    """Time that passes in waits alone; something may happen meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.then = 1000.0, lambda waited: None
        monkeypatch.setattr(run_module, "time", self)
        monkeypatch.setattr(set_cycle.anyio, "sleep", self.sleep)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then(self.now - 1000.0)


async def test_a_room_stays_in_the_set_while_another_resource_is_still_to_make_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, house = Clock(monkeypatch), Classes("math", "art")
    house.run.declare((PROJECT, "math"), force=False, by=by(OTHER, "math"))
    assert await house.apply(state("math", "art"), {}) == state("math")
    assert (house.live, clock.now) == ({"math": "RM_math"}, pytest.approx(1000.0 + STILL, abs=0.2))


async def test_a_set_waits_for_the_resource_that_makes_a_room_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, house = Clock(monkeypatch), Classes("math")
    house.run.declare((PROJECT, "math"), force=False, by=by(OTHER, "math"))

    def made_at_3(waited: float) -> None:
        if waited > 3:
            house.run.made((PROJECT, "math"), kept("math"))

    clock.then = made_at_3
    assert await house.apply(state("math"), {}) == {}
    assert (house.live, clock.now < 1003.5) == ({"math": "RM_math"}, True)


async def test_a_room_is_not_ended_while_the_program_still_declares_others(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, house = Clock(monkeypatch), Classes("math", whole=False)

    def declared_bit_by_bit(waited: float) -> None:
        if waited < 4:
            house.run.declare((PROJECT, f"r{waited}"), force=False, by="r")
        elif not house.run.declares((PROJECT, "math")):
            house.run.declare((PROJECT, "math"), force=False, by=by(OTHER, "math"))
            house.run.made((PROJECT, "math"), kept("math"))

    clock.then = declared_bit_by_bit
    await house.apply(state("math"), {})
    assert house.live == {"math": "RM_math"}


async def test_a_run_that_fails_before_it_was_told_of_everything_ends_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, house = Clock(monkeypatch), Classes("math", whole=False)
    clock.then = lambda waited: house.run.failed((PROJECT, "art"))
    assert await house.apply(state("math"), {}) == state("math")
    assert house.live == {"math": "RM_math"}


async def test_a_failure_keeps_no_room_that_is_known_to_have_left() -> None:
    house = Classes("math")
    house.run.failed((PROJECT, "art"))
    assert await house.apply(state("math"), {}) == {}
    assert house.live == {}


async def test_nobody_waits_when_everything_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, house = Clock(monkeypatch), Classes("math")
    await house.apply(state("math"), {})
    assert (house.live, clock.now) == ({}, 1000.0)


async def test_a_room_that_was_not_made_is_known_to_have_failed() -> None:
    house = Classes()
    house.backend.failure = down()
    names = [f"r{number}" for number in range(100)]
    await house.failing({}, {name: {} for name in names})
    assert all(house.run.has_failed((PROJECT, name)) for name in names)


# -- Failures


async def test_a_server_that_is_down_is_not_asked_for_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, house = Clock(monkeypatch), Classes("gone", whole=False)
    house.backend.failure = down()
    error = await house.failing(state("gone"), {f"r{number:03}": {} for number in range(500)})
    tried = len(house.did)
    assert tried < 50
    lines = str(error).split("\n")
    assert lines[0] == "501 of 501 rooms could not be made as declared; the others stand."
    assert lines[-2] == f"{501 - tried} were not tried any more."
    assert lines[-1] == "What is done is in the state: run the same command again."
    assert (error.stands, clock.now) == (state("gone"), 1000.0)


async def test_a_server_that_slows_everybody_down_is_not_asked_for_every_room_either() -> None:
    house = Classes()
    house.backend.failure = RateLimited("Slow down.")
    await house.failing({}, {f"r{number}": {} for number in range(500)})
    assert len(house.did) < 50


async def test_failures_of_single_rooms_do_not_keep_others_from_being_tried() -> None:
    house = Classes()
    names = [f"r{number:03}" for number in range(100)]
    house.backend.failures = {name: Rejected("Not this one.") for name in names[:60]}
    error = await house.failing({}, {name: {} for name in names})
    assert error.stands.keys() == set(names[60:])
    assert "not tried" not in str(error)


async def test_a_message_names_ten_rooms_and_counts_the_rest() -> None:
    house = Classes()
    names = [f"r{number:04}" for number in range(1500)]
    house.backend.failures = {name: Rejected("Not this one.") for name in names}
    lines = str(await house.failing({}, {name: {} for name in names})).split("\n")
    assert lines[0] == "1,500 of 1,500 rooms could not be made as declared; the others stand."
    assert lines[1:11] == [f'rooms["{name}"]: Not this one.' for name in names[:10]]
    assert lines[11:] == ["And 1,490 more like these.", "What is done is in the state: run the same command again."]


async def test_a_set_that_is_cancelled_says_what_stands() -> None:
    house = Classes("old")
    create = house.backend.create

    async def stuck(room: RoomInputs) -> Any:
        if room.name == "stuck":
            await anyio.sleep_forever()
        return await create(room)

    house.backend.create = stuck  # type: ignore[method-assign]
    with pytest.raises(SetFailed) as failed, anyio.fail_after(0.1):
        await house.apply(state("old"), {"one": {}, "stuck": {}, "two": {}})
    assert failed.value.stands.keys() == {"old", "one", "two"}
    assert str(failed.value).split("\n")[1] == "2 were not tried any more."
    assert house.live.keys() == {"old", "one", "two"}
    assert house.run.has_failed((PROJECT, "stuck"))


# -- End


async def test_a_set_ends_its_own_rooms_and_no_other() -> None:
    house = Classes("math", "art", "foreign")
    await house.cycle.end(state("math", "art", "expired"))
    assert house.live.keys() == {"foreign"}


async def test_the_end_of_a_set_leaves_what_the_run_declares() -> None:
    house = Classes("math", "art")
    house.declares("math")
    await house.cycle.end(state("math", "art"))
    assert house.live.keys() == {"math"}


async def test_the_end_of_a_set_is_refused_for_occupied_rooms_alone() -> None:
    house = Classes("math", "art", "music")
    house.people_in("math", "music")
    with pytest.raises(SetFailed) as failed:
        await house.cycle.end({**state("math", "art"), "music": kept("music", forceDestroy=True)})
    assert (failed.value.stands, house.live.keys()) == (state("math"), {"math"})
    assert str(failed.value).startswith("1 of 3 rooms could not be ended; the others stand.")


async def test_the_end_of_an_old_set_goes_by_what_the_set_says_now() -> None:
    house = Classes("math")
    house.people_in("math")
    elsewhere = (PROJECT[0], "another project's key")
    house.run.declare((elsewhere, "math"), force=False, by=by(SET, "math"))
    with pytest.raises(SetFailed):
        await house.cycle.end({"math": kept("math", forceDestroy=True)})
    assert house.live.keys() == {"math"}


# -- Read, import, foresight


async def test_a_set_of_any_size_is_read_from_one_list() -> None:
    names = [f"r{number}" for number in range(300)]
    house = Classes(*names, "foreign")
    found = await house.cycle.read(state(*names))
    assert (found.keys(), house.asked) == (set(names), {"list": 1})


async def test_rooms_that_are_gone_take_a_second_list() -> None:
    house = Classes("math")
    found = await house.cycle.read(state("math", "art", "music"))
    assert (found.keys(), house.asked) == ({"math"}, {"list": 2})


async def test_a_room_that_was_read_belongs_to_the_state() -> None:
    house = Classes("math")
    await house.cycle.read({"math": {**kept("math", emptyTimeout=60), "sid": "RM_earlier"}})
    owned = house.run.owned((PROJECT, "math"), "RM_math")
    assert owned and owned["emptyTimeout"] == 60


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("*", {"class-a", "class-b", "lobby"}),
        ("class-*", {"class-a", "class-b"}),
        ("other-*", set()),
        ("lobby, class-a", {"lobby", "class-a"}),
        ("lobby", {"lobby"}),
    ],
)
async def test_an_import_names_rooms_as_a_list_a_prefix_or_all(chosen: str, expected: set[str]) -> None:
    assert (await Classes("class-a", "class-b", "lobby").cycle.found(chosen)).keys() == expected


async def test_an_import_of_a_room_that_is_not_live_says_which() -> None:
    with pytest.raises(NotFound, match=r"^Not live at memory: art, x\. An import names"):
        await Classes("math").cycle.found("math,art,x")


async def test_whom_a_change_would_disconnect_is_known_before() -> None:
    house = Classes("math", "art", "music", "drama", "choir", "moves", "stays", "open")
    house.people_in("math", "art", "music", "choir", "moves", "stays", "open")
    house.declares("moves")
    old = {**state("math", "art", "drama", "moves", "stays", "open"), "music": kept("music", forceDestroy=True)}
    old["choir"] = kept("choir", forceDestroy=True, maxParticipants=5)
    new = {
        "art": {"maxParticipants": 5, "forceDestroy": True},
        "math": {"maxParticipants": 5},
        "stays": {},
        "choir": {},
    }
    found = dict(await house.cycle.outlooks(old, {**new, "open": UNKNOWN}))
    assert found == {
        "math": Outlook(("ana",), refused=True),
        "art": Outlook(("ana",), refused=False),
        "choir": Outlook(("ana",), refused=True),
        "music": Outlook(("ana",), refused=False),
    }


async def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_cycle, "_OFTEN", -1.0)
    house = Classes("old", "stays")
    await house.apply(state("old", "stays"), {"stays": {}} | {f"r{number}": {} for number in range(1200)})
    assert (house.told[0], house.told[-1]) == ("1 of 1,201 rooms", "1,201 of 1,201 rooms")


async def test_progress_is_told_now_and_then() -> None:
    house = Classes()
    await house.apply({}, {"math": {}, "art": {}})
    assert house.told == []


async def test_a_room_of_the_set_that_fails_keeps_no_other_from_being_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_cycle, "QUIET", 0)
    house = Classes("math", "gone", whole=False)
    house.people_in("math")
    error = await house.failing(state("math", "gone"), {"math": {"maxParticipants": 3}})
    assert error.stands.keys() == {"math"}
    assert house.live == {"math": "RM_math"}
