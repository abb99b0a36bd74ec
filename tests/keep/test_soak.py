"""A hundred short-lived rooms for two minutes, with outages of all kinds, somebody who looks, and a kill."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.keep.keeping import Keeping, declare, keeping
from tests.proxy import Answer, Lost, Proxy, Silence, proxying
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.soak]

INTERVAL = 2.0
SLACK = 1.0
"""Seconds for a request that was under way, and for two busy cores."""
ROOMS = 100


@dataclass
class Observer:
    """Sees every few hundredths of a second which rooms are live, and remembers how long each was not."""

    served: Served
    names: set[str]
    outages: list[tuple[float, float]] = field(default_factory=list)
    absences: list[tuple[str, float, float]] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        gone = dict.fromkeys(self.names, time.monotonic())
        headers = {"Authorization": f"Bearer {self.served.key}"}
        with httpx.Client(base_url=self.served.url, headers=headers, trust_env=False) as client:
            while not over.wait(0.05):
                now = time.monotonic()
                live = {room["room"] for room in client.get("/rooms").json()["rooms"]}
                for name in self.names - live:
                    gone.setdefault(name, now)
                for name in gone.keys() & live:
                    self.absences.append((name, gone.pop(name), now))
        self.absences += [(name, since, time.monotonic()) for name, since in gone.items()]

    @contextmanager
    def outage(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.outages.append((began, time.monotonic()))

    def longest(self) -> float:
        """For how long a room was away while the API answered."""
        found = [0.0]
        for _, since, until in self.absences:
            down = [end for begin, end in self.outages if begin <= until and end >= since - SLACK]
            found.append(until - max([since, *(min(end, until) for end in down)]))
        return max(found)


def outages(observer: Observer, proxy: Proxy, keep: Keeping, url: str, seconds: float) -> None:
    kinds = [Answer(503), Silence(), Answer(429, "", {"Retry-After": "1"}), Lost(), Answer(200, "<html>")]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fault = random.choice(kinds)
        with observer.outage():
            proxy.rule = lambda method, path, fault=fault: fault  # type: ignore[misc]
            time.sleep(random.uniform(0.5, 5))
            proxy.rule = None
        for _ in range(12):
            time.sleep(0.5)
            assert keep.process.poll() is None
            assert httpx.get(f"{url}healthz", trust_env=False).status_code == 200
            httpx.get(f"{url}state.json", trust_env=False).raise_for_status()  # somebody looks


def memory(keep: Keeping) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{keep.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_a_hundred_short_lived_rooms_stay(served: Served, tmp_path: Path) -> None:
    names = {f"room-{number}" for number in range(ROOMS)}
    short = {name: {"emptyTimeout": random.randint(1, 8), "forceDestroy": True} for name in names}
    changed = {"changed": {"maxParticipants": 5, "forceDestroy": True}, "occupied": {"maxParticipants": 5}}
    served.create("changed", maxParticipants=4)
    served.create("somebody-elses")
    served.create("occupied", maxParticipants=4)
    served.join("occupied", "ana")
    before = served.rooms()
    observer = Observer(served, names)
    environment = {"RELAY_MAX_RETRIES": "1", "RELAY_REQUEST_TIMEOUT": "1"}
    options = ("--listen", "127.0.0.1:0", "--log", "json")
    with proxying(served.url) as proxy:
        declare(tmp_path, proxy.url, {**short, **changed})
        with keeping(tmp_path, *options, interval=str(INTERVAL), **environment) as keep:
            url = keep.event("listening")["url"]
            time.sleep(INTERVAL)
            with observer.watching():
                outages(observer, proxy, keep, url, 30)
                early = memory(keep)
                outages(observer, proxy, keep, url, 60)
                late = memory(keep)
                metrics = httpx.get(f"{url}metrics", trust_env=False).text
                with observer.outage():
                    keep.end(signal.SIGKILL)
                    again = keeping(tmp_path, *options, interval=str(INTERVAL), **environment)
                    keep = again.__enter__()
                    url = keep.event("listening")["url"]
                outages(observer, proxy, keep, url, 30)
                said = keep.end(signal.SIGTERM).splitlines()
    after = served.rooms()
    assert len(observer.absences) > ROOMS, "they did expire"
    assert observer.longest() < INTERVAL + SLACK
    assert not [asked for asked in proxy.requests if asked[0] == "DELETE"]
    for name in ("somebody-elses", "changed", "occupied"):
        assert after[name]["sid"] == before[name]["sid"]
    assert served.people("occupied") == ["ana"]
    assert late < early * 1.1, "kilobytes"
    assert not [line for line in said if "Traceback" in line]
    if promtool := shutil.which("promtool"):
        checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, text=True)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
