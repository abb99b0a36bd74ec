"""A gateway of one's own: a real process on a free port of loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Running:
    """A gateway that answers. `url` ends with /v1; `key` is the one it made, if it made one."""

    process: subprocess.Popen[str]
    url: str
    key: str | None

    @property
    def root(self) -> str:
        return self.url.removesuffix("/v1")


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "relay_provider.gateway", *args]


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings that a developer may have, and with `env`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "LIVEKIT_"))}
    return {**kept, **(env or {})}


@contextmanager
def running(
    *args: str, env: Mapping[str, str] | None = None, script: str | None = None, log: IO[bytes] | None = None
) -> Iterator[Running]:
    """Start a gateway, wait until it says where it is, and end it afterwards.

    `script` is a program that serves in its own way; `log` takes what is written to standard error.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", script, *args] if script else command("--port", "0", *args),
        env=environment(env),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    with process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("Rooms API on http://"), f"the gateway did not start: {first!r}"
            key = None
            if not (env or {}).get("RELAY_GATEWAY_KEYS"):
                key = process.stdout.readline().removeprefix("Key: ").strip()
            watchdog.cancel()
            yield Running(process, first.removeprefix("Rooms API on ").strip(), key)
        finally:
            watchdog.cancel()
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
