"""`relay-rooms drift` of many rooms in one project and in ten, against the bare requests and JSON parsing."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from bench.api import Api, serving_api
from bench.measured import measured
from bench.results import Figure, Options, compared
from bench.stack import rooms
from bench.ways import in_files, manifest

RUNS = 5
BARE = """
import asyncio, json, os, sys
import aiohttp

async def main(manifest, *keys):
    if manifest:
        from relay_provider.manifest import load
        declared = load(manifest.split(","))
    async with aiohttp.ClientSession() as session:
        async def ask(key):
            headers = {"Authorization": f"Bearer {key}"}
            async with session.get(os.environ["RELAY_BASE_URL"] + "/rooms", headers=headers) as answer:
                return json.loads(await answer.read())
        live = await asyncio.gather(*map(ask, keys))

asyncio.run(main(*sys.argv[1:]))
"""


def measure(options: Options) -> Iterator[Figure]:
    for many in (1, 10):
        with serving_api() as api, tempfile.TemporaryDirectory() as folder:
            yield from _drift(max(options.rooms), many, options.rounds or RUNS, api, Path(folder))


def _drift(count: int, many: int, runs: int, api: Api, folder: Path) -> Iterator[Figure]:
    of = f"{count:,} rooms in {many} project{'s' if many > 1 else ''}"
    keys = {f"BENCH_KEY_{n}": f"sk_live_bench_{n:032}" for n in range(many)}
    declared = {key: rooms(count)[n::many] for n, key in enumerate(keys.values())}
    files = []
    for n, some in enumerate(in_files(rooms(count))):
        projects = {name: {"apiKey": {"env": name}, "rooms": some[k::many]} for k, name in enumerate(keys)}
        files.append(f"{n}.yaml")
        (folder / files[n]).write_text(manifest(projects))
    api.reset()
    asyncio.run(_make(api.url, declared))
    bare = [sys.executable, "-c", BARE]
    commands = (
        [str(Path(sys.executable).parent / "relay-rooms"), "drift", *files],
        [*bare, "", *keys.values()],
        [*bare, ",".join(files), *keys.values()],
    )

    def run(command: list[str]) -> dict[str, Any]:
        found = measured(command, folder, {**os.environ, **api.env, **keys})
        assert found["code"] == 0, found["said"]
        return found

    before = api.requests
    run(commands[0])
    yield Figure(f"{of}: requests ÷ projects", "", asked := (api.requests - before).total(), many, asked / many)
    rounds = [[run(command) for command in commands] for _ in range(runs)]
    against = (1, "the requests and JSON parsing"), (2, "those, and reading the manifest")
    for what, unit, field, scale in (("time", "ms", "seconds", 1000), ("peak of memory", "MiB", "largest", 1 / 1024)):
        for other, named in against:
            pairs = [(one[0][field] * scale, one[other][field] * scale) for one in rounds]
            yield compared(f"{of}: {what} ÷ {named}", unit, pairs)


async def _make(url: str, declared: dict[str, list[dict[str, Any]]]) -> None:
    async with aiohttp.ClientSession() as session:
        for key, some in declared.items():
            for room in some:
                headers = {"Authorization": f"Bearer {key}"}
                async with session.post(f"{url}/rooms", json=room, headers=headers) as answer:
                    answer.raise_for_status()
