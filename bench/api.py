"""The Rooms API that all ways talk to: `peer/rooms-api` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.peer import programs

KEY = "sk_live_0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Api:
    """A served API. Each key has rooms of its own."""

    url: str

    @property
    def env(self) -> dict[str, str]:
        return {"RELAY_API_KEY": KEY, "RELAY_BASE_URL": self.url}

    def reset(self, latency: float = 0.0) -> None:
        """Forget rooms and counts; hold every answer back for so many seconds from now on."""
        self._control({"latency": latency})

    @property
    def requests(self) -> Counter[str]:
        """How many there were of each method."""
        return Counter(self._control()["requests"])

    @property
    def rooms(self) -> dict[str, int]:
        """All rooms, and how many people each takes."""
        found: dict[str, int] = self._control()["rooms"]
        return found

    def _control(self, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(f"{self.url.removesuffix('/v1')}/control", data)) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found


@contextmanager
def serving_api() -> Iterator[Api]:
    """Serve until the block ends."""
    process = subprocess.Popen([programs() / "rooms-api"], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout
            yield Api(process.stdout.readline().strip())
        finally:
            process.terminate()
