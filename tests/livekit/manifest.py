"""A manifest whose projects live on a LiveKit server, and `relay-rooms` on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.cli.shop import unlimited
from tests.e2e.engine import Project as Engine
from tests.livekit.conftest import Project


class Command:
    """`relay-rooms` in a folder of its own, with one project or several of them in its manifest."""

    def __init__(self, folder: Path, *projects: Project) -> None:
        self._projects = projects
        self.server = livekit = projects[0].livekit
        # Under names of their own: the manifest says where the keys are.
        env = {"KEY_OF_LIVEKIT": livekit.key, "SECRET_OF_LIVEKIT": livekit.secret, "RELAY_MAX_RETRIES": "1"}
        self.engine = Engine(folder / "project", env)

    def declare(self, **rooms: dict[str, Any]) -> None:
        """Write the manifest: the same rooms in each project."""
        projects = {
            f"project-{number}": {
                "backend": "livekit",
                "livekit": {
                    "url": project.livekit.url,
                    "apiKey": {"env": "KEY_OF_LIVEKIT"},
                    "apiSecret": {"env": "SECRET_OF_LIVEKIT"},
                    **({"projectId": project.id} if project.id else {}),
                },
                "rooms": rooms,
            }
            for number, project in enumerate(self._projects)
        }
        self.engine.write("rooms.yaml", yaml.safe_dump({"version": 1, "name": "rooms", "projects": projects}))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            [Path(sys.executable).with_name("relay-rooms"), *unlimited(*arguments)],
            cwd=self.engine.folder,
            env=self.engine.env,
            capture_output=True,
            text=True,
            timeout=280,
        )

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it reports, as JSON."""
        done = self.run(*arguments, "--output", "json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def up(self, *arguments: str) -> dict[str, int]:
        """`up`, and what it changed."""
        changes = self.json("up", "--yes", "--stack", self.engine.stack, *arguments)["changes"]
        return {what: count for what, count in changes.items() if count}

    def drift(self, code: int) -> Any:
        """The drift of the manifest's first project."""
        return self.json("drift", code=code)["projects"][0]

    def state(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """The rooms in the state."""
        return [(room["id"], room["inputs"], room["outputs"]) for room in self.engine.resources()]
