"""The bare requests, by aiohttp: `python -m bench.bare up|refresh|change|destroy`, rooms as JSON on standard input."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterable
from typing import Any

import aiohttp

AT_ONCE = 128  # with no latency, 8 to 128 take equally long


async def main(phase: str, rooms: list[dict[str, Any]]) -> None:
    url = os.environ["RELAY_BASE_URL"] + "/rooms"
    headers = {"Authorization": "Bearer " + os.environ["RELAY_API_KEY"]}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def ask(method: str, url: str, body: object = None) -> Any:
            async with session.request(method, url, json=body) as answer:
                return json.loads(await answer.read())

        async def every(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
            queue = iter(list(work))

            async def worker() -> None:
                for one in queue:
                    await one

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

        match phase:
            case "up":
                await every(ask("POST", url, room) for room in rooms)
            case "refresh":
                await ask("GET", url)
            case "change":
                await ask("DELETE", f"{url}/{rooms[0]['name']}")
                await ask("POST", url, rooms[0])
            case "destroy":
                await every(ask("DELETE", f"{url}/{room['name']}") for room in rooms)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.load(sys.stdin)))
