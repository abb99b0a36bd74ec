"""A folder with manifests, and `relay-rooms` in it on the real engine."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pty import RELAY_ROOMS
from tests.cli.shapes import conforms
from tests.conftest import TOOLS
from tests.served import Served

NEEDS_ENGINE = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (TOOLS / "pulumi").exists(), reason="`make setup` has not been run"),
]

TWO = {"standup": {"maxParticipants": 12}, "lobby": {"metadata": {"a": 1}}}


def unlimited(*args: str) -> tuple[str, ...]:
    """A command line that may end all the rooms there are."""
    return (*args, "--max-ends", "100000") if args[0] in ("up", "destroy") else args


@dataclass
class Shop:
    """A folder with a manifest, and the command line in it."""

    api: Served
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    limited: bool = False
    """Are commands limited in what they end, as they are for people? Most tests are of something else."""

    def declare(self, rooms: dict[str, Any], file: str = "rooms.yaml", name: str | None = None, **project: Any) -> None:
        acme = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": self.api.url, "rooms": rooms, **project}
        named = {"name": name} if name else {}
        (self.folder / file).write_text(json.dumps({"version": 1, **named, "projects": {"acme": acme}}))

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RELAY_ROOMS, *self._unlimited(*args)],
            cwd=self.folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Run it beside others."""
        return subprocess.Popen(
            [*RELAY_ROOMS, *self._unlimited(*args)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _unlimited(self, *args: str) -> tuple[str, ...]:
        return args if self.limited else unlimited(*args)

    def json(self, *args: str, code: int = 0, **env: str) -> Any:
        done = self.run(*args, "--output", "json", **env)
        assert done.returncode == code, done.stdout + done.stderr
        found = json.loads(done.stdout)
        conforms("drift" if args[0] == "drift" else "changes", found)
        return found

    def state(self) -> str:
        """The state as it lies in `.relay`."""
        [file] = (self.folder / ".relay/.pulumi/stacks").glob("*/dev.json.gz")
        return gzip.decompress(file.read_bytes()).decode()


def changes(**counts: int) -> dict[str, int]:
    return {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 0, **counts}


def needs_engine(test: Callable[..., None]) -> Callable[..., None]:
    """Marks one test as those of a whole module are by NEEDS_ENGINE."""
    for mark in NEEDS_ENGINE:
        test = mark(test)
    return test
