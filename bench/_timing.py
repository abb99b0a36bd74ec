"""Times of two ways to do the same work, taken in turn so that a slow moment hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(what: str, work: Callable[[], object], bare: Callable[[], object], runs: int = 9) -> float:
    """Print both medians and the median of the ratios, run by run; returns that ratio."""
    work(), bare()
    pairs = [(seconds(work), seconds(bare)) for _ in range(runs)]
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{what:<60} {mine * 1000:8.1f} ms / {theirs * 1000:8.1f} ms = {ratio:5.2f}", flush=True)
    return ratio
