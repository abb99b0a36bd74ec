"""The served API on LiveKit under 200 clients, against livekit-api doing the same directly."""

from __future__ import annotations

import asyncio
import os
import statistics

from tests.gateway.process import running
from tests.livekit.server import LiveKit, serving_livekit
from tests.load import Load, direct, load, served

CLIENTS = 200
KEY = "sk_live_load"
RUNS = 3


async def _runs(livekit: LiveKit, url: str, seconds: float) -> list[tuple[Load, Load]]:
    """In turn, so that a slow moment hits both."""
    found = []
    for _ in range(RUNS):
        async with served(url, KEY) as client:
            mine = await load(client, CLIENTS, seconds)
        async with direct(livekit) as client:
            found.append((mine, await load(client, CLIENTS, seconds)))
    return found


def main() -> None:
    seconds = float(os.environ.get("RELAY_LOAD_SECONDS", "20"))
    with (
        serving_livekit() as livekit,
        running("--engine", "livekit", env={"RELAY_GATEWAY_KEYS": f"{KEY}=load", **livekit.env}) as gateway,
    ):
        runs = asyncio.run(_runs(livekit, gateway.url, seconds))
    failed = {outcome: n for mine, _ in runs for outcome, n in mine.outcomes.items() if outcome[1] not in (200, 201)}
    print(f"{CLIENTS} clients, {RUNS} runs of {seconds:g} s each; answers other than 200 and 201: {failed or 'none'}")
    for what, unit, figures in (
        ("requests per second", "1/s", [(mine.rate, bare.rate) for mine, bare in runs]),
        ("99th percentile", "ms", [(mine.p99 * 1000, bare.p99 * 1000) for mine, bare in runs]),
    ):
        mine, bare = (statistics.median(column) for column in zip(*figures, strict=True))
        ratio = statistics.median(one / other for one, other in figures)
        print(f"{what:<60} {mine:8.1f} {unit} / {bare:8.1f} {unit} = {ratio:5.2f}", flush=True)


if __name__ == "__main__":
    main()
