"""The local Rooms API that `make up` leaves running, as a note in .relay/ remembers it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.say import SetupError

ROOT = Path(__file__).resolve().parent.parent
RELAY = ROOT / ".relay"
NOTE = RELAY / "api.json"
LOG = RELAY / "api.log"
PROGRAM = Path(sys.executable).parent / "relay-rooms"
PATIENCE = 30.0
"""Seconds to wait for the API to start or to stop."""


@dataclass(frozen=True)
class Api:
    """A running API."""

    pid: int
    url: str
    key: str

    def answers(self) -> bool:
        """Is it there, and does it know the key?"""
        request = urllib.request.Request(f"{self.url}/rooms", headers={"Authorization": f"Bearer {self.key}"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def is_ours(self) -> bool:
        """Is the process still the API, or did another get its number?"""
        shown = subprocess.run(
            ["ps", "-ww", "-p", str(self.pid), "-o", "command="], capture_output=True, text=True, check=False
        )
        return "relay" in shown.stdout and "serve" in shown.stdout


def noted() -> Api | None:
    """The API that was started last, whether or not it still runs."""
    try:
        return Api(**json.loads(NOTE.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def running() -> Api:
    """The local API: the one that runs already, or a new one, left running in the background."""
    known = noted()
    if known and known.is_ours() and known.answers():
        return known
    RELAY.mkdir(exist_ok=True)
    started = _start()
    _write_private(NOTE, json.dumps(asdict(started)))
    return started


def stop() -> bool:
    """End the local API; False when there was none."""
    known = noted()
    NOTE.unlink(missing_ok=True)
    if known is None or not known.is_ours():
        return False
    os.kill(known.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while known.is_ours():
        if time.monotonic() > deadline:
            raise SetupError(f"The Rooms API (process {known.pid}) does not stop; end it with: kill -9 {known.pid}")
        time.sleep(0.05)
    return True


def _start() -> Api:
    _write_private(LOG, "")
    with LOG.open("a") as log:
        process = subprocess.Popen(
            [str(PROGRAM), "serve", "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if said := re.search(r"^Rooms API on (\S+)\nKey: (\S+)$", LOG.read_text(), re.MULTILINE):
            return Api(process.pid, said[1], said[2])
        time.sleep(0.05)
    process.kill()
    raise SetupError(f"The local Rooms API did not start; it said:\n{LOG.read_text().strip() or '(nothing)'}")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
