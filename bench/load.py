"""The served API on LiveKit under 200 clients, against livekit-api doing the same directly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bench.results import Figure, Options, compared
from tests.gateway.process import running
from tests.livekit.server import LiveKit, serving_livekit
from tests.load import Load, direct, load, served

CLIENTS = 200
KEY = "sk_live_load"
RUNS = 3


async def _runs(livekit: LiveKit, url: str, runs: int, seconds: float) -> list[tuple[Load, Load]]:
    """In turn, so that a slow moment hits both."""
    found = []
    for _ in range(runs):
        async with served(url, KEY) as client:
            mine = await load(client, CLIENTS, seconds)
        async with direct(livekit) as client:
            found.append((mine, await load(client, CLIENTS, seconds)))
    return found


def measure(options: Options) -> Iterator[Figure]:
    with (
        serving_livekit() as livekit,
        running("--engine", "livekit", env={"RELAY_GATEWAY_KEYS": f"{KEY}=load", **livekit.env}) as gateway,
    ):
        runs = asyncio.run(_runs(livekit, gateway.url, options.rounds or RUNS, options.seconds))
    bad = sum(n for mine, _ in runs for outcome, n in mine.outcomes.items() if outcome[1] not in (200, 201))
    yield Figure(f"answers other than 200 and 201, {CLIENTS} clients", "", bad, 0)
    yield compared(f"requests a second, {CLIENTS} clients", "", [(mine.rate, bare.rate) for mine, bare in runs])
    yield compared(
        f"99th percentile, {CLIENTS} clients", "ms", [(mine.p99 * 1000, bare.p99 * 1000) for mine, bare in runs]
    )
