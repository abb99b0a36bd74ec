"""A log that a flood does not fill."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

_PERIOD: Final = 60.0
_LINES: Final = 10
_LOGGERS: Final = ("relay_provider.gateway", "uvicorn.error", "asyncio")


class Seldom(logging.Filter):
    """Lets each place of the code write a few lines a minute, and says with the next one how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._begun: dict[tuple[str, int], float] = {}
        self._count: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        place, now = (record.pathname, record.lineno), time.monotonic()
        count = self._count.get(place, 0)
        if now - self._begun.get(place, -_PERIOD) >= _PERIOD:
            if count > _LINES:
                record.msg, record.args = f"{record.getMessage()} (and {count - _LINES} more of these before)", None
            self._begun[place], count = now, 0
        self._count[place] = count + 1
        return count < _LINES


@contextmanager
def seldom() -> Generator[None]:
    """What serves the API writes seldom, meanwhile."""
    written = Seldom()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(written)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(written)
