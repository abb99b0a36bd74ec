"""One answer for many who ask at once."""

from __future__ import annotations

import asyncio

import pytest

from relay_provider.gateway.shared import Shared

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Fetch:
    """Answers with its number, when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.gates: list[asyncio.Future[None]] = []

    async def __call__(self) -> int:
        self.begun += 1
        number, gate = self.begun, asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        await gate
        return number


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_asks_while_one_is_under_way_shares_the_next_and_never_that_one() -> None:
    shared = Shared(fetch := Fetch())
    first = asyncio.create_task(shared.get())
    await settled()
    later = [asyncio.create_task(shared.get()) for _ in range(5)]
    await settled()
    assert fetch.begun == 1
    fetch.gates[0].set_result(None)
    await settled()
    fetch.gates[1].set_result(None)
    assert (await first, await asyncio.gather(*later), fetch.begun) == (1, [2] * 5, 2)


async def test_a_failure_is_everybodys_and_not_the_next_ones() -> None:
    shared = Shared(fetch := Fetch())
    both = [asyncio.create_task(shared.get()) for _ in range(2)]
    await settled()
    fetch.gates[0].set_exception(ValueError("no"))
    assert [str(one) for one in await asyncio.gather(*both, return_exceptions=True)] == ["no", "no"]
    again = asyncio.create_task(shared.get())
    await settled()
    fetch.gates[1].set_result(None)
    assert await again == 2


async def test_one_who_hangs_up_takes_the_answer_from_nobody() -> None:
    shared = Shared(fetch := Fetch())
    gone, stays = (asyncio.create_task(shared.get()) for _ in range(2))
    await settled()
    gone.cancel()
    await settled()
    fetch.gates[0].set_result(None)
    assert await stays == 1
