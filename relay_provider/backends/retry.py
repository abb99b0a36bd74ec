"""The one retry policy: capped exponential backoff with full jitter, and the server's `Retry-After` obeyed.

What is worth a retry is said by raising `Transient`; everything else passes through at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import anyio

from relay_provider.errors import RelayError

T = TypeVar("T")

RETRIED_STATUSES: Final = frozenset({408, 429, 502, 503, 504})
BASE: Final = 0.2
CAP: Final = 8.0
RETRY_AFTER_CAP: Final = 30.0


class Transient(Exception):
    """A failure that may pass; `error` is what the caller sees when it does not. `once`: worth one more try only."""

    def __init__(self, error: RelayError, retry_after: float | None = None, *, once: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after
        self.once = once


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try again, and how long to wait in between (seconds)."""

    retries: int
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    def delay(self, attempt: int, retry_after: float | None) -> float:
        """The wait before retry number `attempt` (from 0)."""
        if retry_after is not None:
            return min(max(retry_after, 0.0), RETRY_AFTER_CAP)
        return random.uniform(0, min(CAP, BASE * 2**attempt))  # noqa: S311 — jitter, not a secret

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Call `attempt` until it answers; its last transient error when it never does."""
        again = False
        for number in range(self.retries + 1):
            try:
                return await attempt()
            except Transient as failure:
                if number == self.retries or (failure.once and again):
                    raise failure.error from None
                again = again or failure.once
                await self.sleep(self.delay(number, failure.retry_after))
        raise AssertionError("unreachable")


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """A `Retry-After` header in seconds: a number or an HTTP date; None when it says nothing usable."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            seconds = (date - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(seconds) else max(seconds, 0.0)
