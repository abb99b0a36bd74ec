"""What every way has: the rooms, and a program for them in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bench.api import Api
from relay_provider.model import FIELDS
from tests.conftest import TOOLS
from tests.e2e.engine import Project

PATH = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
"""Where the engines are."""
_OF_TESTS = ("GOGC", "PULUMI_DEBUG_COMMANDS", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK")
"""What tests set where here the engine's own defaults hold."""

Room = dict[str, Any]


def rooms(count: int, changed: bool = False) -> list[Room]:
    """Rooms under schema names; the first is another one when `changed`."""
    return [
        {
            "name": f"room-{n:05}",
            "maxParticipants": 13 if changed and n == 0 else 12,
            "emptyTimeout": 86_400,
            "metadata": f'{{"n":{n},"team":"core"}}',
        }
        for n in range(count)
    ]


class Stack:
    """One way's program in a folder of its own, ready to be run."""

    provider: str
    """What the command line of the provider's process has in it."""
    state: Path

    def __init__(self, folder: Path, api: Api) -> None:
        self.folder = folder / "project"
        self.folder.mkdir(parents=True)
        self.project = Project(self.folder, api.env)
        self.env = {name: value for name, value in self.project.env.items() if name not in _OF_TESTS}
        self.prepare()

    def prepare(self) -> None:
        """What is not measured."""

    def declare(self, rooms: list[Room]) -> None:
        """Write the rooms down."""
        raise NotImplementedError

    def command(self, phase: str) -> list[str] | None:
        """The command of a phase; None where this way has none."""
        raise NotImplementedError

    stdin: str | None = None


def by_name(rooms: list[Room]) -> dict[str, Room]:
    return {room["name"]: {key: value for key, value in room.items() if key != "name"} for room in rooms}


def in_python(room: Room) -> Room:
    """Under the names of Python, which are those of HCL."""
    names = {alias: name for name, alias in FIELDS.items()}
    return {names[key]: value for key, value in room.items()}
