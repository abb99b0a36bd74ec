"""One list for all who ask, two when rooms are gone, and never one that is out of date."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest

from relay_provider.errors import Unavailable
from relay_provider.listing import FRESH_FOR, PATIENCE, SharedListing
from relay_provider.model import LiveRoom
from tests.unit.fake import live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Server:
    """Answers with its rooms after a moment; `during` runs while a list is under way."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.lists = 0
        self.now = 1000.0
        self.failure: Exception | None = None
        self.during: Callable[[], Awaitable[None] | None] = lambda: None
        self.listing = SharedListing(self.fetch, lambda: self.now)

    async def fetch(self) -> list[LiveRoom]:
        self.lists += 1
        names, failure = sorted(self.names), self.failure
        await anyio.lowlevel.checkpoint()
        if waits := self.during():
            await waits
        if failure:
            raise failure
        return [live_room(name) for name in names]

    async def find(self, *names: str) -> list[bool]:
        """Who of them is there, asked all at once."""
        return [room is not None for room in await asyncio.gather(*map(self.listing.find, names))]


# -- Sharing


async def test_a_room_is_found_as_it_was_listed() -> None:
    assert await Server("a", "b").listing.find("b") == live_room("b")


async def test_many_questions_cost_one_list() -> None:
    server = Server(*map(str, range(500)))
    assert all(await server.find(*map(str, range(500))))
    assert server.lists == 1


async def test_a_later_question_shares_the_list_too() -> None:
    server = Server("a", "b")
    await server.find("a")
    await server.find("b")
    assert server.lists == 1


async def test_a_gone_room_costs_a_second_list() -> None:
    server = Server("a")
    assert await server.find("gone") == [False]
    assert server.lists == 2


async def test_gone_rooms_cost_two_lists_however_many_ask_and_whenever() -> None:
    server = Server("a")
    assert await server.find(*(["gone", "a", "gone too"] * 50)) == [False, True, False] * 50
    assert await server.find("gone", "never there", "a") == [False, False, True]
    assert server.lists == 2


async def test_a_room_is_not_gone_when_the_second_list_has_it() -> None:
    server = Server()
    server.during = lambda: server.names.add("late")
    assert await server.find("late") == [True]
    assert server.lists == 2


async def test_a_room_that_vanished_since_the_first_list_is_gone_after_two_that_lack_it() -> None:
    server = Server("a")
    await server.find("a")
    server.names.clear()
    assert await server.find("b") == [False]
    assert await server.find("a") == [False]
    assert server.lists == 3  # one had it, two lack it


# -- Freshness


async def test_a_list_serves_for_its_time_and_no_longer() -> None:
    server = Server("a")
    await server.find("a")
    server.now += FRESH_FOR
    await server.find("a")
    assert server.lists == 1
    server.now += 0.001
    await server.find("a")
    assert server.lists == 2


async def test_the_age_of_a_list_counts_from_when_it_was_asked_for() -> None:
    server = Server("a")

    def slow() -> None:
        server.now += FRESH_FOR

    server.during = slow
    await server.find("a")
    server.now += 0.001
    await server.find("a")
    assert server.lists == 2


async def test_lists_slower_than_their_time_still_answer_who_waited_for_them() -> None:
    server = Server("a")

    def slow() -> None:
        server.now += 3 * FRESH_FOR

    server.during = slow
    assert await server.find("a", "gone") == [True, False]
    assert server.lists == 2


# -- Own writes


async def test_a_write_makes_earlier_lists_worthless() -> None:
    server = Server("a")
    await server.find("a")
    server.names.clear()
    server.listing.wrote("a")
    assert await server.find("a") == [False]


async def test_after_a_write_a_gone_room_needs_two_lists_again() -> None:
    server = Server()
    await server.find("gone")
    server.listing.wrote("gone")
    await server.find("gone")
    assert server.lists == 4


async def test_a_write_while_a_list_is_under_way_makes_it_worthless() -> None:
    server = Server("a")

    def write_once() -> None:
        if server.lists == 1:
            server.names.add("mine")
            server.listing.wrote("mine")

    server.during = write_once
    assert await server.find("a", "mine") == [True, True]
    assert server.lists == 2


async def test_a_question_ends_though_writes_never_do() -> None:
    server = Server("a")
    server.during = lambda: server.listing.wrote("a")
    assert await server.find("a", "gone") == [True, False]
    assert server.lists == PATIENCE


async def test_a_question_among_endless_writes_is_never_answered_from_before_it_was_put() -> None:
    server = Server("a")
    server.during = lambda: server.listing.wrote("a")
    await server.find("a")
    server.names = {"b"}
    assert await server.find("a", "b") == [False, True]


async def test_a_question_ends_though_the_room_comes_and_goes() -> None:
    server = Server()

    def flicker() -> None:
        server.names ^= {"a"}
        server.listing.wrote("a")

    server.during = flicker
    with anyio.fail_after(5):
        await server.find("a")
    assert server.lists <= PATIENCE + 1


# -- A witness to a room's own answer


async def test_a_witness_shares_the_list_that_is_there() -> None:
    server = Server("a", "b")
    await server.find("a")
    assert await server.listing.witness("b") == live_room("b")
    assert server.lists == 1


async def test_a_witness_is_not_from_before_a_write_to_that_very_room() -> None:
    server = Server("a", "b")
    await server.find("a")
    server.listing.wrote("b")
    await server.listing.witness("a")
    assert server.lists == 1
    await server.listing.witness("b")
    assert server.lists == 2


async def test_a_witness_says_gone_only_after_two_lists() -> None:
    server = Server("a")
    assert await server.listing.witness("gone") is None
    assert server.lists == 2
    assert await server.listing.witness("gone too") is None
    assert server.lists == 2


async def test_a_witness_is_not_older_than_the_moment_that_is_asked_for() -> None:
    server = Server("a")
    await server.find("a")
    server.now += 1
    server.names.clear()
    assert await server.listing.witness("a") == live_room("a")
    assert await server.listing.witness("a", since=server.listing.now()) is None


async def test_nor_is_what_a_room_is_found_in() -> None:
    server = Server("a")
    await server.find("a", "gone")
    server.now += 1
    server.names = {"gone"}
    assert await server.find("a", "gone") == [True, False]
    assert await server.listing.find("gone", since=server.listing.now()) == live_room("gone")
    assert server.lists == 3


# -- Failures


async def test_a_failed_list_is_the_failure_of_all_who_waited_for_it() -> None:
    server = Server("a")
    server.failure = Unavailable("down")
    results = await asyncio.gather(*(server.listing.find("a") for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {Unavailable}
    assert server.lists == 1


async def test_a_failure_is_not_remembered() -> None:
    server = Server("a")
    server.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await server.find("a")
    server.failure = None
    assert await server.find("a") == [True]
    assert server.lists == 2


async def test_a_failed_second_list_never_makes_a_room_gone() -> None:
    server = Server()

    def break_down() -> None:
        server.failure = Unavailable("down")

    server.during = break_down
    with pytest.raises(Unavailable):
        await server.find("gone")


async def test_a_failed_list_leaves_an_earlier_one_in_use() -> None:
    server = Server("a")
    await server.find("a")
    server.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await server.find("gone")
    assert await server.find("a") == [True]


async def test_who_gives_up_waiting_fails_nobody_else() -> None:
    server = Server("a")
    reached = anyio.Event()

    async def hang() -> None:
        if server.lists == 1:
            reached.set()
            await anyio.sleep_forever()

    server.during = hang
    first = asyncio.create_task(server.listing.find("a"))
    await reached.wait()
    others = [asyncio.create_task(server.listing.find("a")) for _ in range(5)]
    await anyio.lowlevel.checkpoint()
    first.cancel()
    assert [room is not None for room in await asyncio.gather(*others)] == [True] * 5
    assert server.lists == 2
