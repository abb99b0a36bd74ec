"""The doors through which rooms are declared, as one thing a life-cycle test can use.

A test says its rooms under schema names; a door writes them the way its users do and runs the real engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from relay_provider.model import FIELDS
from tests.cli.shop import unlimited
from tests.e2e.engine import Project, Ran

Rooms = Mapping[str, Mapping[str, Any]]
PULUMI_YAML = "name: rooms\nruntime: {name: python}\noptions: {refresh: always}\n"

PROGRAM = """
import json
from pathlib import Path

import relay_provider as relay

def declare():
    for name, settings in json.loads(Path("rooms.json").read_text()).items():
        relay.Room(name, **settings)
"""

AUTOMATION = """
import json, sys
from pulumi import automation as auto
from rooms import declare

operation, log, stack_name = sys.argv[1:]
stack = auto.create_or_select_stack(stack_name, project_name="rooms", program=declare)

def record(event):
    step, diagnostic = event.resource_pre_event, event.diagnostic_event
    with open(log, "a") as file:
        if step:
            found = {"op": step.metadata.op, "type": step.metadata.type, "urn": step.metadata.urn}
            file.write(json.dumps({"resourcePreEvent": {"metadata": found}}) + "\\n")
        if diagnostic:
            found = {"severity": diagnostic.severity, "message": diagnostic.message}
            file.write(json.dumps({"diagnosticEvent": found}) + "\\n")

try:
    if operation == "refresh":
        stack.preview_refresh(on_event=record, expect_no_changes=True)
    else:
        getattr(stack, operation)(on_event=record, **({"refresh": True} if operation == "up" else {}))
except auto.CommandError as error:
    sys.exit(f"failed: {error}")
"""


class Door:
    """One way to declare rooms. `api_env` points the provider at a served API."""

    label: str

    def __init__(self, folder: Path, api_env: dict[str, str]) -> None:
        self.project = Project(folder, api_env)
        self.prepare()

    def prepare(self) -> None:
        """Write what does not change from step to step."""

    def declare(self, rooms: Rooms) -> None:
        """Write the rooms down."""
        raise NotImplementedError

    def up(self, check: bool = True) -> Ran:
        return self.project.up(check=check)

    def drifted(self) -> bool:
        """Drift, as the engine sees it."""
        ran = self.project.refresh_expecting_no_changes()
        assert not ran.errors or "no changes were expected" in ran.out, ran.out
        return ran.code != 0

    def destroy(self, check: bool = True) -> Ran:
        return self.project.destroy(check=check)

    def state(self) -> dict[str, dict[str, Any]]:
        """The rooms in the state: outputs by room name."""
        return {one["outputs"]["name"]: one["outputs"] for one in self.project.resources()}


class PythonDoor(Door):
    """A Python program on its language host: `pulumi up` in its folder."""

    label = "python"

    def prepare(self) -> None:
        self.project.write("Pulumi.yaml", PULUMI_YAML)
        self.project.write("rooms.py", PROGRAM)
        self.project.write("__main__.py", "from rooms import declare\ndeclare()\n")
        self.project.init()

    def declare(self, rooms: Rooms) -> None:
        self.project.write("rooms.json", json.dumps({name: _in_python(room) for name, room in rooms.items()}))


class AutomationDoor(PythonDoor):
    """The same program through the Automation API."""

    label = "automation"

    def prepare(self) -> None:
        self.project.write("rooms.py", PROGRAM)
        self.project.write("automation.py", AUTOMATION)

    def up(self, check: bool = True) -> Ran:
        return self._run("up", check)

    def drifted(self) -> bool:
        ran = self._run("refresh", check=False)
        return ran.code != 0

    def destroy(self, check: bool = True) -> Ran:
        return self._run("destroy", check)

    def _run(self, operation: str, check: bool) -> Ran:
        log = self.project.folder.parent / "automation-events.json"
        log.write_text("")
        done = subprocess.run(
            [sys.executable, "automation.py", operation, str(log), self.project.stack],
            cwd=self.project.folder,
            env=self.project.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        ran = Ran(done.returncode, done.stdout, [json.loads(line) for line in log.read_text().splitlines()])
        if check:
            assert ran.code == 0, ran.out
        return ran


class ManifestDoor(Door):
    """A manifest and `relay-rooms`."""

    label = "manifest"

    def declare(self, rooms: Rooms) -> None:
        manifest = {
            "version": 1,
            "name": "e2e",
            "projects": {"acme": {"rooms": {name: dict(room) for name, room in rooms.items()}}},
        }
        self.project.write("rooms.yaml", yaml.safe_dump(manifest))

    def up(self, check: bool = True) -> Ran:
        return self._run("up", "--yes", "--output", "json", check=check)

    def drifted(self) -> bool:
        ran = self._run("drift", check=False)
        assert ran.code in (0, 2), ran.out
        return ran.code == 2

    def destroy(self, check: bool = True) -> Ran:
        return self._run("destroy", "--yes", "--output", "json", check=check)

    def plan(self) -> list[dict[str, Any]]:
        """The changes that a preview tells of."""
        found: list[dict[str, Any]] = json.loads(self._run("preview", "--output", "json", check=False).out)["rooms"]
        return found

    def options(self, command: str) -> tuple[str, ...]:
        return ("--stack", self.project.stack) if command in ("preview", "up", "destroy") else ()

    def _run(self, *arguments: str, check: bool) -> Ran:
        done = subprocess.run(
            [Path(sys.executable).parent / "relay-rooms", *unlimited(*arguments), *self.options(arguments[0])],
            cwd=self.project.folder,
            env=self.project.env,
            capture_output=True,
            text=True,
            timeout=280,
        )
        ran = SummarisedRun(done.returncode, done.stdout + done.stderr)
        if check:
            assert ran.code == 0, ran.out
        if done.returncode == 0 and "json" in arguments:
            ran.summary = json.loads(done.stdout)["changes"]
        return ran


class SummarisedRun(Ran):
    """A run of `relay-rooms`, which says itself what it changed."""

    summary: dict[str, int] | None = None

    @property
    def changes(self) -> dict[str, int]:
        assert self.summary is not None, self.out
        return {operation: count for operation, count in self.summary.items() if count}

    @property
    def errors(self) -> str:
        return self.out


def _in_python(room: Mapping[str, Any]) -> dict[str, Any]:
    names = {alias: name for name, alias in FIELDS.items()}
    return {names[key]: value for key, value in room.items()}


DOORS: list[type[Door]] = [PythonDoor, AutomationDoor, ManifestDoor]
