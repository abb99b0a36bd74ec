"""The ways to have the same rooms: each writes its program and says the commands of each phase."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from bench.api import Api
from bench.hcl import OpenTofu, Terraform
from bench.peer import programs
from bench.stack import PATH, Room, Stack, by_name, in_python
from tests.conftest import ROOT
from tests.plugin.doors import PLUGIN_FOLDER, program

PHASES = {
    "up": "first up",
    "preview": "preview, no change",
    "refresh": "refresh",
    "again": "up, no change",
    "change": "up, one room changed",
    "destroy": "destroy",
}
UNCHANGING = ("preview", "refresh", "again")
_PULUMI = {
    "up": ("up", "--yes", "--skip-preview"),
    "preview": ("preview",),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "again": ("up", "--yes", "--skip-preview"),
    "change": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}
_RELAY_ROOMS = {
    "up": ("up", "--yes"),
    "preview": ("preview",),
    "refresh": ("drift",),
    "again": ("up", "--yes"),
    "change": ("up", "--yes", "--max-ends-percent", "100"),
    "destroy": ("destroy", "--yes", "--max-ends-percent", "100"),
}
_PROVIDER = {"plugin": "pulumi-resource-relay", "dynamic": "pulumi.dynamic", "peer": "pulumi-resource-peer"}

PER_FILE = 2_500


class _Pulumi(Stack):
    def prepare(self) -> None:
        self.declare([])
        self.project.init()
        self.state = self.project.state_folder / ".pulumi" / "stacks" / "rooms" / "test.json"

    def command(self, phase: str) -> list[str]:
        return ["pulumi", *_PULUMI[phase], "--non-interactive", "--color", "never", "--stack", "test"]


class _Yaml(_Pulumi):
    """Pulumi YAML. Without `refresh: always`, which is a phase of its own here."""

    kind = "relay:Room"
    plugin = ("relay", PLUGIN_FOLDER)
    provider = _PROVIDER["plugin"]

    def declare(self, rooms: list[Room]) -> None:
        name, path = self.plugin
        resources = {room["name"]: {"type": self.kind, "properties": room} for room in rooms}
        plugins = {"providers": [{"name": name, "path": path}]}
        self.project.write("Pulumi.yaml", program(resources, options={}, plugins=plugins))


class _PeerYaml(_Yaml):
    kind = "peer:Room"
    provider = _PROVIDER["peer"]

    def prepare(self) -> None:
        self.plugin = ("peer", str(programs()))
        super().prepare()


class _Python(_Pulumi):
    provider = _PROVIDER["dynamic"]
    text: str
    plugins: ClassVar[list[dict[str, str]]] = []

    def prepare(self) -> None:
        about = {"name": "rooms", "runtime": {"name": "python"}, "plugins": {"providers": self.plugins}}
        self.project.write("Pulumi.yaml", json.dumps(about))
        self.project.write("__main__.py", self.text)
        super().prepare()

    def declare(self, rooms: list[Room]) -> None:
        self.project.write("rooms.json", json.dumps([in_python(room) for room in rooms]))


class _Plugin(_Python):
    """The plugin's resources as any SDK registers them."""

    text = """import json
import pulumi


class Resource(pulumi.CustomResource):
    def __init__(self, kind, name, properties):
        super().__init__(kind, name, properties)


for declared in json.load(open("rooms.json")):
    Resource(*declared)
"""
    plugins: ClassVar[list[dict[str, str]]] = [{"name": "relay", "path": PLUGIN_FOLDER}]
    provider = _PROVIDER["plugin"]

    def declare(self, rooms: list[Room]) -> None:
        self.project.write("rooms.json", json.dumps([*self.resources(rooms)]))

    def resources(self, rooms: list[Room]) -> Iterator[tuple[str, str, Room]]:
        for room in rooms:
            yield "relay:index:Room", room["name"], room


class _PluginSet(_Plugin):
    def resources(self, rooms: list[Room]) -> Iterator[tuple[str, str, Room]]:
        if rooms:
            yield "relay:index:RoomSet", "classes", {"rooms": by_name(rooms)}


class _Peer(_Plugin):
    provider = _PROVIDER["peer"]

    def prepare(self) -> None:
        self.plugins = [{"name": "peer", "path": str(programs())}]  # type: ignore[misc]
        super().prepare()

    def resources(self, rooms: list[Room]) -> Iterator[tuple[str, str, Room]]:
        for room in rooms:
            yield "peer:index:Room", room["name"], room


class _Nothing(_Peer):
    def prepare(self) -> None:
        self.env["PEER_NOTHING"] = "true"
        super().prepare()


class _NothingSet(_Nothing):
    def resources(self, rooms: list[Room]) -> Iterator[tuple[str, str, Room]]:
        if rooms:
            yield "peer:index:Group", "classes", {"rooms": by_name(rooms)}


class _Dynamic(_Python):
    text = """import json
import relay_provider as relay

for room in json.load(open("rooms.json")):
    relay.Room(room["name"], **room)
"""


class _DynamicSet(_Python):
    text = """import json
import relay_provider as relay

relay.RoomSet("classes", rooms={room.pop("name"): room for room in json.load(open("rooms.json"))})
"""


class _Stock(_Python):
    """As Pulumi's documentation teaches dynamic providers."""

    text = (Path(__file__).parent / "stock_program.py").read_text()


class _Manifest(Stack):
    """`relay-rooms` with its defaults: it refreshes with each command, and its own state is beside the manifest."""

    provider = _PROVIDER["dynamic"]
    settings: ClassVar[Mapping[str, Any]] = {}

    def prepare(self) -> None:
        del self.env["PULUMI_BACKEND_URL"]
        self.state = self.folder / ".relay" / ".pulumi" / "stacks" / "rooms" / "dev.json.gz"

    def declare(self, rooms: list[Room]) -> None:
        for n, some in enumerate(in_files(rooms)):
            text = manifest({"acme": {**(self.settings if n == 0 else {}), "rooms": some}})
            self.project.write(f"rooms{n or ''}.yaml", text)

    def command(self, phase: str) -> list[str]:
        files = sorted(file.name for file in self.folder.glob("*.yaml"))
        return [str(Path(sys.executable).parent / "relay-rooms"), *_RELAY_ROOMS[phase], *files]


class _Grouped(_Manifest):
    settings: ClassVar[Mapping[str, Any]] = {"grouped": True}


class _Bare(Stack):
    provider = "bench.bare"

    def prepare(self) -> None:
        self.state = self.folder / "none"
        self.env["PYTHONPATH"] = str(ROOT)

    def declare(self, rooms: list[Room]) -> None:
        self.stdin = json.dumps(rooms)

    def command(self, phase: str) -> list[str] | None:
        return None if phase in ("preview", "again") else [sys.executable, "-m", "bench.bare", phase]


def manifest(projects: Mapping[str, Mapping[str, Any]]) -> str:
    """A manifest with a room a line; JSON is YAML, so anything that JSON can say is written as it is meant."""
    lines = ["version: 1", "projects:"]
    for label, project in projects.items():
        lines.append(f"  {label}:")
        for key, value in project.items():
            if key != "rooms":
                lines.append(f"    {key}: {json.dumps(value)}")
        lines.append("    rooms:")
        lines += [f"      {name}: {json.dumps(room)}" for name, room in by_name(project["rooms"]).items()]
    return "\n".join(lines) + "\n"


def in_files(rooms: list[Room]) -> list[list[Room]]:
    """As many as a manifest's file takes; it may have 1 MiB."""
    return [rooms[n : n + PER_FILE] for n in range(0, len(rooms), PER_FILE)] or [[]]


@dataclass(frozen=True)
class Way:
    """A way, and how many rooms it takes in sensible time."""

    title: str
    stack: Callable[[Path, Api], Stack]
    most: int = 1_000
    most_slowly: int = 100
    """With a latency."""
    needs: str = ""
    """A program that may not be here."""

    @property
    def is_here(self) -> bool:
        return not self.needs or bool(shutil.which(self.needs, path=PATH))


WAYS = {
    "nothing": Way("a provider that does nothing (Go)", _Nothing),
    "go": Way("a Go provider", _Peer),
    "plugin": Way("Room, plugin", _Plugin),
    "dynamic": Way("Room, dynamic provider", _Dynamic),
    "manifest": Way("relay-rooms, manifest", _Manifest, most_slowly=1_000),
    "stock": Way("a stock dynamic provider", _Stock, most=300, most_slowly=30),
    "go-yaml": Way("a Go provider, YAML program", _PeerYaml, most=300, most_slowly=30),
    "plugin-yaml": Way("Room, plugin, YAML program", _Yaml, most=300, most_slowly=30),
    "nothing-set": Way("one resource that does nothing (Go)", _NothingSet, 10_000, 10_000),
    "plugin-set": Way("RoomSet, plugin", _PluginSet, 10_000, 10_000),
    "dynamic-set": Way("RoomSet, dynamic provider", _DynamicSet, 10_000, 10_000),
    "grouped": Way("relay-rooms, grouped manifest", _Grouped, 10_000, 10_000),
    "bare": Way("the bare requests (aiohttp)", _Bare, 10_000, 10_000),
    "tofu": Way("relay_room, OpenTofu", OpenTofu, 3_000, 1_000, needs="tofu"),
    "terraform": Way("relay_room, Terraform", Terraform, 3_000, 1_000, needs="terraform"),
}
FLOOR, SET_FLOOR, PEER, BARE = "nothing", "nothing-set", "go", "bare"
SETS = ("nothing-set", "plugin-set", "dynamic-set", "grouped")
