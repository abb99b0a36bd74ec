"""Agents of a real worker (`tests/livekit/worker.py`): what has become of them, as they tell it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.livekit.beside import beside
from tests.livekit.server import LiveKit

PATIENCE = 30.0


class Agents:
    """What the worker's agents have told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._told: queue.Queue[dict[str, str]] = queue.Queue()
        threading.Thread(target=self._read, args=[process], daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._told.put(json.loads(line))

    def any(self) -> dict[str, str]:
        """The next thing that an agent does."""
        return self._told.get(timeout=PATIENCE)

    def next(self, what: str) -> dict[str, str]:
        """The next thing that an agent does, which is this."""
        told = self.any()
        assert told["what"] == what, told
        return told

    def quiet(self, seconds: float = 0.5) -> bool:
        """Does nothing happen for a while?"""
        try:
            return self._told.get(timeout=seconds) is None
        except queue.Empty:
            return True


@contextmanager
def real_agents(livekit: LiveKit, *names: str) -> Iterator[Agents]:
    """A worker that is registered under these agents' names, until the block ends."""
    with beside("tests.livekit.worker", livekit, *names) as process:
        agents = Agents(process)
        for _ in names:
            agents.next("ready")
        yield agents
