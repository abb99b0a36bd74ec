"""When the next look begins."""

from __future__ import annotations

import random
from typing import Final

JITTER: Final = (0.75, 0.95)
"""The parts of an interval between which the next look begins: many `keep`s do not ask at once, and a room that
vanished right after a look is back within an interval all the same."""
SHORTEST_PAUSE: Final = 1.0
"""Seconds between two looks in an outage, unless the interval is shorter."""


class Tempo:
    """The pauses between looks. In an outage they grow up to the interval, and not beyond: a room that vanishes when it
    is over is back within an interval, too."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._failures = 0

    def pause(self, fine: bool) -> float:
        """Seconds from the beginning of this look, which was `fine` or not, to that of the next."""
        self._failures = 0 if fine else self._failures + 1
        part = {1: 1 / 4, 2: 1 / 2}.get(self._failures, 1)
        return min(self._interval, max(self._interval * part, SHORTEST_PAUSE)) * random.uniform(*JITTER)  # noqa: S311
