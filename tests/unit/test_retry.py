"""The retry policy, without waiting."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.backends.retry import BASE, CAP, RETRY_AFTER_CAP, RetryPolicy, Transient, retry_after
from relay_provider.errors import NotFound, RateLimited, Rejected, Unauthorized, Unavailable
from tests.unit.strategies import quick

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Attempts:
    """Fails as told, then answers; remembers the waits in between."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def __call__(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    async def run(self, retries: int = 4) -> str:
        return await RetryPolicy(retries, self.sleep).run(self)


def down(after: float | None = None) -> Transient:
    return Transient(Unavailable("down"), after)


async def test_an_answer_needs_no_wait() -> None:
    attempts = Attempts()
    assert await attempts.run() == "answer"
    assert (attempts.made, attempts.waits) == (1, [])


async def test_a_failure_that_passes_is_not_seen() -> None:
    attempts = Attempts(down(), down())
    assert await attempts.run() == "answer"
    assert (attempts.made, len(attempts.waits)) == (3, 2)


async def test_a_failure_that_stays_is_raised_after_every_retry_and_no_further_wait() -> None:
    attempts = Attempts(*(down() for _ in range(9)))
    with pytest.raises(Unavailable, match="down"):
        await attempts.run(retries=4)
    assert (attempts.made, len(attempts.waits)) == (5, 4)


async def test_without_retries_one_attempt_is_made() -> None:
    attempts = Attempts(down())
    with pytest.raises(Unavailable):
        await attempts.run(retries=0)
    assert (attempts.made, attempts.waits) == (1, [])


async def test_the_last_failure_is_the_one_that_is_raised() -> None:
    with pytest.raises(RateLimited):
        await Attempts(down(), Transient(RateLimited("slow down"))).run(retries=1)


@pytest.mark.parametrize("error", [Unauthorized("no"), NotFound("no"), Rejected("no"), Unavailable("no"), ValueError()])
async def test_what_is_not_transient_is_never_repeated(error: Exception) -> None:
    attempts = Attempts(error)
    with pytest.raises(type(error)):
        await attempts.run()
    assert attempts.made == 1


async def test_the_server_is_obeyed_when_it_says_how_long_to_wait() -> None:
    attempts = Attempts(down(2.5), down(0), down(3600))
    await attempts.run()
    assert attempts.waits == [2.5, 0, RETRY_AFTER_CAP]


@quick
@given(st.integers(0, 20))
def test_waits_are_between_nothing_and_a_capped_doubling(attempt: int) -> None:
    assert 0 <= RetryPolicy(20).delay(attempt, None) <= min(CAP, BASE * 2**attempt)


def test_waits_are_spread_over_their_whole_range(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr("random.uniform", lambda low, high: asked.append((low, high)) or high)
    for attempt in range(8):
        RetryPolicy(20).delay(attempt, None)
    assert asked == [(0, top) for top in (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8.0, 8.0)]


@quick
@given(st.floats(allow_nan=False))
def test_what_the_server_says_is_obeyed_up_to_a_cap(seconds: float) -> None:
    assert RetryPolicy(4).delay(0, seconds) == min(max(seconds, 0), RETRY_AFTER_CAP)


NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("-5", 0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30),
        ("Thu Jan  1 12:00:30 2026", 30),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header", [None, "", "soon", "nan", "Thu, 99 Jan 2026", "Thu, 01 Jan 2026 00:00:00 +99999999999999", "1;2", "ü"]
)
def test_a_retry_after_that_says_nothing_usable_is_ignored(header: str | None) -> None:
    assert retry_after(header, NOW) is None


@quick
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,5} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]?\d{0,20}"))
def test_no_retry_after_breaks_anything(header: str) -> None:
    assert (retry_after(header, NOW) or 0) >= 0
