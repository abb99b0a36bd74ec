"""What one look does: missing rooms are made, changed ones told or repaired, and nobody is disconnected."""

from __future__ import annotations

import asyncio

import pytest

from relay_provider.errors import Rejected, Unavailable
from relay_provider.keep.project import OnChange
from relay_provider.keep.tempo import JITTER, Tempo
from relay_provider.model import LiveRoom, RoomInputs
from tests.keep.keeping import Loop, Served, room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


async def test_a_missing_room_is_made_as_declared() -> None:
    loop = Loop(room(max_participants=12), room("lobby"))
    assert await loop.look() == ["created lobby", "created standup"]
    assert (await loop.server.list())[1].max_participants == 12
    assert await loop.look() == []


async def test_a_changed_room_is_told_once_and_left_as_it_is() -> None:
    loop = Loop(room(max_participants=12, force_destroy=True))
    await loop.server.create(room(max_participants=3))
    before = await loop.sids()
    assert await loop.look() == ["changed standup"]
    assert loop.events[0].message == "acme/standup is not as declared: maxParticipants is 3, declared 12"
    assert await loop.look() == []
    assert await loop.sids() == before
    await loop.server.delete("standup")
    assert await loop.look() == ["created standup"]


async def test_repair_makes_an_empty_room_as_declared() -> None:
    loop = Loop(room(max_participants=12), on_change="repair-empty")
    await loop.server.create(room(max_participants=3))
    before = await loop.sids()
    assert await loop.look() == ["changed standup", "repaired standup"]
    [live] = await loop.server.list()
    assert live.max_participants == 12
    assert live.sid != before["standup"]
    assert await loop.look() == []


async def test_repair_changes_in_place_what_can_be() -> None:
    loop = Loop(room(metadata="new"), on_change="repair-empty")
    await loop.server.create(room(metadata="old"))
    before = await loop.sids()
    assert await loop.look() == ["changed standup", "repaired standup"]
    assert (await loop.server.list())[0].metadata == "new"
    assert await loop.sids() == before


@pytest.mark.parametrize("on_change", ["repair-empty", "repair"])
@pytest.mark.parametrize("agents", [[], [{"agentName": "notes"}, {"agentName": "scribe"}]])
async def test_agents_that_were_withdrawn_or_added_are_put_right_in_place(
    on_change: OnChange, agents: list[dict[str, str]]
) -> None:
    loop = Loop(room(livekit={"agents": [{"agentName": "notes"}]}), on_change=on_change)
    await loop.server.create(room(livekit={"agents": agents}))
    before = await loop.sids()
    assert await loop.look() == ["changed standup", "repaired standup"]
    assert await loop.server.agents("standup") == [{"agentName": "notes"}]
    assert await loop.sids() == before
    assert await loop.look() == []


async def test_repair_changes_in_place_at_once_and_the_rest_when_everybody_left() -> None:
    """An expired room that a join made anew: whoever is in it waits for the agent."""
    declared = room(metadata="new", max_participants=12, livekit={"agents": [{"agentName": "notes"}]})
    loop = Loop(declared, on_change="repair")
    loop.join("standup", "ana")
    before = await loop.sids()
    assert await loop.look() == ["changed standup", "changed standup", "repaired standup"]
    assert loop.events[-1].message == "acme/standup is not as declared: maxParticipants is 0, declared 12"
    assert await loop.server.agents("standup") == [{"agentName": "notes"}]
    assert await loop.look() == []
    [live] = await loop.server.list()
    assert (live.sid, live.metadata, live.max_participants, live.num_participants) == (
        before["standup"],
        "new",
        0,
        1,
    )
    await loop.server.remove_participant("standup", "ana")
    assert await loop.look() == ["repaired standup"]
    [live] = await loop.server.list()
    assert (live.metadata, live.max_participants) == ("new", 12)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("settings", [{"max_participants": 12}, {"metadata": "new"}])
async def test_repair_leaves_an_occupied_room_until_everybody_left(settings: dict[str, int], force: bool) -> None:
    loop = Loop(room(force_destroy=force, **settings), on_change="repair-empty")
    loop.join("standup", "ana")
    before = await loop.sids()
    assert await loop.look() == ["changed standup"]
    assert await loop.sids() == before
    await loop.server.remove_participant("standup", "ana")
    assert await loop.look() == ["repaired standup"]


@pytest.mark.parametrize("force", [False, True])
async def test_repair_asks_the_guard_where_the_list_says_empty(force: bool) -> None:
    """The list's count lags: somebody has just joined."""

    class Lagging(Served):
        async def list(self) -> list[LiveRoom]:
            return [one.model_copy(update={"num_participants": 0}) for one in await super().list()]

    wanted = room(max_participants=12, force_destroy=force)
    loop = Loop(wanted, on_change="repair-empty", server=Lagging())
    loop.join("standup", "ana")
    before = await loop.sids()
    assert await loop.look() == ["changed standup", "refused standup"]
    assert "1 person is in it: ana" in loop.events[-1].message
    assert await loop.look() == []
    assert await loop.sids() == before


async def test_repair_ends_no_other_session_than_it_saw() -> None:
    """Somebody else made the room anew between the look and the repair."""
    loop = Loop(room(max_participants=12), on_change="repair-empty")
    await loop.server.create(room(max_participants=3))
    listed = loop.rooms.list

    async def list_and_exchange() -> list[LiveRoom]:
        live = await listed()
        await loop.server.delete("standup")
        await loop.server.create(room(max_participants=4))
        return live

    loop.rooms.list = list_and_exchange  # type: ignore[method-assign]
    assert await loop.look() == ["changed standup"]
    assert (await loop.server.list())[0].max_participants == 4
    loop.rooms.list = listed  # type: ignore[method-assign]
    assert await loop.look() == ["changed standup", "repaired standup"]


@pytest.mark.parametrize("force", [False, True])
async def test_a_join_that_is_faster_is_not_disconnected(force: bool) -> None:
    """Somebody joins between the look and the create, which makes a room without the settings."""

    class Joined(Served):
        async def create(self, wanted: RoomInputs) -> LiveRoom:
            loop.join(wanted.name, "ana")
            return await super().create(wanted)

    loop = Loop(room(max_participants=12, force_destroy=force), server=Joined())
    assert await loop.look() == []
    before = await loop.sids()
    assert await loop.look() == ["changed standup"]
    assert await loop.sids() == before
    assert loop.project.live["standup"].num_participants == 1
    assert loop.state.requests["delete", "ok"] == 0


async def test_rooms_of_others_are_left_alone() -> None:
    loop = Loop(room(), on_change="repair-empty")
    await loop.server.create(room("somebody-elses", max_participants=3))
    before = await loop.sids()
    await loop.look()
    assert (await loop.sids())["somebody-elses"] == before["somebody-elses"]
    assert loop.project.found
    assert loop.project.found.unmanaged == ("somebody-elses",)


async def test_two_loops_make_one_room() -> None:
    first = Loop(room(max_participants=12), on_change="repair-empty")
    second = Loop(room(max_participants=12), on_change="repair-empty", server=first.server)
    made = []
    create = first.server.create

    async def counting(wanted: RoomInputs) -> LiveRoom:
        made.append((await create(wanted)).sid)
        return await create(wanted)

    first.server.create = counting  # type: ignore[method-assign]
    await asyncio.gather(first.look(), second.look())
    assert len(set(made)) == 1
    assert (await first.look(), await second.look()) == ([], [])


class Broken(Served):
    """Does not make the rooms whose names begin with these."""

    failing: tuple[str, ...] = ()
    error: Exception = Unavailable("no answer")

    async def create(self, wanted: RoomInputs) -> LiveRoom:
        if wanted.name.startswith(self.failing):
            raise self.error
        return await super().create(wanted)


@pytest.mark.parametrize("error", [Unavailable("no answer"), Rejected("not this one")])
async def test_one_room_that_fails_holds_up_no_other(error: Exception) -> None:
    server = Broken()
    server.failing, server.error = ("a",), error
    loop = Loop(room("a"), *(room(f"b{number}") for number in range(40)), server=server)
    said = await loop.look()
    assert "failed a" in said
    assert len(await loop.sids()) == 40
    assert await loop.keeper.look(), "one room is no outage"
    assert await loop.look() == [], "told once"
    server.failing = ("x",)
    assert await loop.look() == ["created a"]


async def test_where_many_get_no_answer_the_rest_is_left() -> None:
    server = Broken()
    server.failing = ("",)
    loop = Loop(*(room(f"b{number}") for number in range(200)), server=server)
    assert not await loop.keeper.look()
    assert loop.state.requests["create", "unavailable"] < 50


async def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    loop = Loop(room())
    listed = loop.rooms.list

    async def fails() -> list[LiveRoom]:
        raise Unavailable("no answer")

    loop.rooms.list = fails  # type: ignore[method-assign]
    assert await loop.look() == ["unreachable"]
    assert await loop.look() == []
    assert loop.project.found is None
    loop.rooms.list = listed  # type: ignore[method-assign]
    assert await loop.look() == ["created standup", "reachable"]


async def test_a_request_that_hangs_is_given_up() -> None:
    loop = Loop(room())

    async def hangs() -> list[LiveRoom]:
        await asyncio.Event().wait()
        raise AssertionError

    loop.rooms.list = hangs  # type: ignore[method-assign]
    assert await loop.look() == ["unreachable"]
    assert not loop.state.stuck()


def test_the_pause_grows_in_an_outage_up_to_the_interval() -> None:
    tempo = Tempo(60)
    least, most = JITTER
    assert 60 * least <= tempo.pause(True) <= 60 * most
    for longest in (15, 30, 60, 60, *[60] * 2000):
        assert longest * least <= tempo.pause(False) <= longest * most
    assert 60 * least <= tempo.pause(True)


def test_the_pause_of_a_short_interval_is_the_interval_in_an_outage_too() -> None:
    tempo = Tempo(0.5)
    assert all(0.5 * JITTER[0] <= tempo.pause(False) <= 0.5 * JITTER[1] for _ in range(10))


async def test_a_manifest_that_comes_in_the_middle_of_a_look_is_in_force() -> None:
    class Slow(Served):
        async def create(self, wanted: RoomInputs) -> LiveRoom:
            if wanted.name == "a":
                loop.keeper.declare([room("a"), room("c")])
            return await super().create(wanted)

    loop = Loop(
        *(room(name) for name in "ab"),
        *(room(f"x{number}") for number in range(30)),
        server=Slow(),
    )
    await loop.look()
    assert not {"x29"} & (await loop.sids()).keys()
    assert await loop.look() == ["created c"]


# For the status page


async def test_people_are_asked_for_only_while_somebody_looks() -> None:
    loop = Loop(room())
    await loop.look()
    loop.join("standup", "ana", "bob")
    await loop.look()
    assert loop.project.people == {}
    assert loop.state.somebody_looks()
    assert not loop.state.somebody_looks()
    await loop.look()
    assert loop.project.people == {"standup": ("ana", "bob")}
    await loop.server.remove_participant("standup", "ana")
    await loop.server.remove_participant("standup", "bob")
    await loop.look()
    assert loop.project.people == {}
