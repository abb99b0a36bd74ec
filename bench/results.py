"""What is measured: runs of the ways, and single figures; as JSON and back."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.conftest import TOOLS


@dataclass(frozen=True)
class Options:
    """What is asked for. None: what takes a sensible time."""

    rooms: tuple[int, ...]
    ways: tuple[str, ...]
    latencies: tuple[float, ...]
    """Milliseconds."""
    rounds: int | None = None
    uncapped: bool = False
    seconds: float = 10.0
    """Of each load."""

    def rounds_of(self, rooms: int, latency: float) -> int:
        return self.rounds or (3 if rooms <= 30 and not latency else 1)


@dataclass(frozen=True)
class Run:
    """One phase of one way, once."""

    way: str
    rooms: int
    latency: float
    """Milliseconds."""
    round: int
    phase: str
    seconds: float
    cpu: float
    memory: int | None
    """Kilobytes at the provider's peak; None where it cannot be seen, or there was none."""
    requests: dict[str, int]
    writes: int
    """Of the state."""
    state: int | None = None
    """Bytes for all rooms, unpacked."""
    failed: str = ""


@dataclass(frozen=True)
class Figure:
    """Something beside something bare."""

    what: str
    unit: str
    mine: float
    theirs: float | None = None
    ratio: float | None = None


@dataclass
class Results:
    """All of one run of `python -m bench`."""

    machine: dict[str, str]
    runs: list[Run] = field(default_factory=list)
    figures: dict[str, list[Figure]] = field(default_factory=dict)

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> Results:
        found = json.loads(file.read_text())
        figures = {name: [Figure(**one) for one in some] for name, some in found["figures"].items()}
        return cls(found["machine"], [Run(**one) for one in found["runs"]], figures)


def this_machine() -> dict[str, str]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{name: version for name in ("pulumi", "tofu", "terraform") if (version := _version(name))},
        "date": time.strftime("%Y-%m-%d"),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _version(engine: str) -> str:
    program = shutil.which(engine, path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    if not program:
        return ""
    env = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    said = subprocess.run([program, "version"], env=env, capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0].split()[-1]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(what: str, work: Callable[[], object], bare: Callable[[], object], runs: int = 9) -> Figure:
    """The medians of both, taken in turn so that a slow moment hits both, and of the ratios, run by run."""
    work(), bare()
    return compared(what, "ms", [(seconds(work) * 1000, seconds(bare) * 1000) for _ in range(runs)])


def compared(what: str, unit: str, pairs: Iterable[tuple[float, float]]) -> Figure:
    pairs = list(pairs)
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return Figure(what, unit, mine, theirs, ratio)


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
