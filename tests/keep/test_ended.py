"""Rooms that have just ended, as webhooks or a list say: the old session is never taken for the new room."""

from __future__ import annotations

import asyncio

import pytest

from relay_provider.errors import Unavailable
from relay_provider.model import LiveRoom, RoomInputs
from tests.keep.keeping import Loop, Served, room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

NOTES = {"livekit": {"agents": [{"agentName": "notes"}]}}


class Draining(Served):
    """Hands out, and lists, old rooms for a while after it said that they ended, as LiveKit does. Nobody answers for
    them when they are asked for their agents."""

    left = 0
    """Creates that are still answered with the old room."""
    listed = True

    async def create(self, wanted: RoomInputs) -> LiveRoom:
        live = await super().create(wanted)
        if self.left:
            self.left -= 1
            if not self.left:
                await self.delete(wanted.name)
        return live

    async def list(self) -> list[LiveRoom]:
        return await super().list() if self.listed or not self.left else []

    async def agents(self, name: str) -> list[dict[str, str]] | None:
        if self.left:
            raise Unavailable("no response from servers")
        return await super().agents(name)


@pytest.mark.parametrize("settings", [{"max_participants": 12}, NOTES])
@pytest.mark.parametrize("said", ["with its session", "by name alone", "by the list"])
async def test_the_room_that_is_just_ending_is_not_taken_for_the_new_one(said: str, settings: dict[str, int]) -> None:
    server = Draining()
    loop = Loop(room(**settings), server=server)
    await loop.look()
    old = (await loop.sids())["standup"]
    assert await loop.look() == []

    server.left, server.listed = 2, said != "by the list"
    if server.listed:
        loop.keeper.hint("standup", old if said == "with its session" else "")
    assert await loop.look() == ["created standup"]
    assert (await loop.sids())["standup"] != old
    assert loop.project.live["standup"].sid == (await loop.sids())["standup"]
    assert await loop.look() == []


async def test_of_two_ends_in_a_row_the_hints_may_come_in_any_order() -> None:
    server = Draining()
    loop = Loop(room(), server=server)
    await loop.look()
    first = (await loop.sids())["standup"]
    await server.delete("standup")
    await loop.look()
    second = (await loop.sids())["standup"]

    server.left = 2
    loop.keeper.hint("standup", second)
    loop.keeper.hint("standup", first)
    assert await loop.look() == ["created standup"]
    assert (await loop.sids())["standup"] not in (first, second)


async def test_a_room_that_ends_while_it_is_made_anew_is_made_once_more() -> None:
    class Ending(Served):
        """The first room that it makes after the start ends at once."""

        async def create(self, wanted: RoomInputs) -> LiveRoom:
            live = await super().create(wanted)
            made.append(live.sid)
            if len(made) == 2:
                await self.delete(wanted.name)
                loop.keeper.hint(wanted.name, live.sid)
            return live

    made: list[str] = []
    loop = Loop(room(), server=Ending())
    await loop.look()
    await loop.server.delete("standup")
    assert await loop.look() == ["created standup"]
    assert (await loop.sids())["standup"] == made[2]
    assert await loop.look() == []


async def test_a_hint_that_is_not_true_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay_provider.keep.project.ENDED_WAITS", (0.0, 0.0))
    loop = Loop(room())
    await loop.look()
    before = await loop.sids()
    hints = [("standup", before["standup"]), ("standup", "RM_other"), ("standup", ""), ("nobody-declared", "RM_x")]
    for name, sid in hints:
        loop.keeper.hint(name, sid)
        assert await loop.look() == []
    assert await loop.sids() == before
    await loop.server.delete("standup")
    assert await loop.look() == ["created standup"], "an old hint counts no more"


async def test_a_join_that_is_faster_than_the_hint_is_told_before_the_next_look_is_due() -> None:
    """It makes a default room, which the create finds in the place of the one that ended."""

    class Joined(Served):
        async def create(self, wanted: RoomInputs) -> LiveRoom:
            if ended:
                loop.join(wanted.name, "ana")
            return await super().create(wanted)

    ended = False
    loop = Loop(room(max_participants=12), server=Joined(), interval=3600)
    running = asyncio.create_task(loop.keeper.run())
    try:
        async with asyncio.timeout(10):
            while "created standup" not in loop.said:
                await asyncio.sleep(0.01)
            old, ended = (await loop.sids())["standup"], True
            await loop.server.delete("standup")
            loop.keeper.hint("standup", old)
            while "changed standup" not in loop.said:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    assert loop.project.live["standup"].num_participants == 1
