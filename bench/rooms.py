"""The same rooms by every way: the phases of their life, way after way within each round."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.api import Api, serving_api
from bench.measured import measured
from bench.results import Options, Run, progress
from bench.stack import rooms
from bench.ways import FLOOR, PHASES, SET_FLOOR, UNCHANGING, WAYS


def measure(options: Options) -> Iterator[Run]:
    """Run everything that was asked for."""
    with serving_api() as api:
        for latency in options.latencies:
            for count in sorted(options.rooms):
                rounds = options.rounds_of(count, latency)
                ways = [name for name in options.ways if options.uncapped or count <= most(name, latency)]
                for number in range(rounds):
                    for way in ways:
                        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                            yield from life(way, count, latency, number, Path(folder), api, 3 if rounds == 1 else 1)


def most(way: str, latency: float) -> int:
    return WAYS[way].most_slowly if latency else WAYS[way].most


def life(way: str, count: int, latency: float, number: int, folder: Path, api: Api, looks: int) -> Iterator[Run]:
    """All phases, up to the first that fails; those that change nothing, `looks` times, each for a round of its own."""
    api.reset(latency / 1000)
    stack = WAYS[way].stack(folder, api)
    steps = [(phase, look) for phase in PHASES for look in range(looks if phase in UNCHANGING else 1)]
    for phase, look in steps:
        if phase in ("up", "change"):
            stack.declare(rooms(count, changed=phase == "change"))
        if (command := stack.command(phase)) is None:
            continue
        before = api.requests
        found = measured(
            command, stack.folder, stack.env, stdin=stack.stdin, state=stack.state, provider=stack.provider
        )
        run = Run(
            way=way,
            rooms=count,
            latency=latency,
            round=number * looks + look,
            phase=phase,
            seconds=found["seconds"],
            cpu=found["cpu"],
            memory=found["memory"],
            requests=dict(api.requests - before),
            writes=found["writes"],
            state=size(stack.state),
            failed=found["said"].strip()[-1000:] if found["code"] else wrong(phase, count, way, api),
        )
        progress(f"{way:12} {count:6} rooms {latency:3g} ms  {phase:8} {run.seconds:7.1f} s  {run.failed[-80:]}")
        yield run
        if run.failed:
            return


def wrong(phase: str, count: int, way: str, api: Api) -> str:
    """What the rooms say against the figures: they should be as declared."""
    if way in (FLOOR, SET_FLOOR):
        return ""
    limits = api.rooms
    expected = {} if phase == "destroy" else {f"room-{n:05}": 12 for n in range(count)}
    if phase == "change":
        expected["room-00000"] = 13
    return "" if limits == expected else f"{len(limits)} rooms are live, or not as declared"


def size(state: Path) -> int | None:
    if not state.exists():
        return None
    data = state.read_bytes()
    return len(gzip.decompress(data) if state.suffix == ".gz" else data)
