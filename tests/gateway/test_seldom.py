"""The same failure is not written without end, and what was left out is counted."""

import logging

import pytest

from relay_provider.gateway import seldom

pytestmark = pytest.mark.unit


def test_each_place_writes_a_few_lines_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    monkeypatch.setattr(seldom.time, "monotonic", lambda: now)
    log = logging.getLogger("relay_provider.gateway")

    def fail(number: int) -> None:
        log.warning("failure %d", number)

    with seldom.seldom():
        for number in range(500):
            fail(number)
        assert caplog.messages == [f"failure {number}" for number in range(10)]
        log.warning("another failure")
        assert caplog.messages[-1] == "another failure"
        now += 61
        for number in range(500, 502):
            fail(number)
    assert caplog.messages[-2:] == ["failure 500 (and 490 more of these before)", "failure 501"]
    for number in range(20):
        fail(number)
    assert caplog.messages[-1] == "failure 19"
