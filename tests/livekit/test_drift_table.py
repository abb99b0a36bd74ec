"""Each line of the tables in docs/drift.md, on a real LiveKit server: one manifest with a room for each of them, and
one run of each door that sees all that happened at once."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from relay_provider.model import SETTINGS, flat
from tests.cli.pty import RELAY_ROOMS
from tests.conftest import ROOT
from tests.e2e.doors import PULUMI_YAML
from tests.e2e.engine import Project as Engine
from tests.livekit.behind import Behind
from tests.livekit.drift_lines import LINES, Line, Told, table
from tests.livekit.people import real_people
from tests.livekit.server import LiveKit, serving_livekit
from tests.plugin.doors import program, room
from tests.proxy import Answer, Rule, proxying
from tests.served import KEY, serving

PAGE = (ROOT / "docs" / "drift.md").read_text(encoding="utf-8")
PRESETS = {"room": {"room_configurations": {"webinar": {"max_participants": 100}}}}
Cells = dict[str, str]
"""What is told, by the room's label and name."""


@dataclass(frozen=True)
class Place:
    """A project of the manifest: how it is declared there, and what its rooms' names begin with on which server."""

    manifest: Mapping[str, Any]
    plugin: Mapping[str, Any]
    prefix: str
    server: LiveKit


class World:
    """Rooms on both backends, declared by a manifest, a Python program and a program in YAML."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.server, self.restarting = (stack.enter_context(serving_livekit(PRESETS)) for _ in range(2))
        self.behind = Behind(self.server, stack.enter_context(real_people(self.server)))
        self._apis = [
            stack.enter_context(serving("--engine", "livekit", env=server.env))
            for server in (self.server, self.restarting)
        ]
        self._proxies = [stack.enter_context(proxying(url)) for url in (self.server.url, self._apis[0].url)]
        in_front, in_front_of_api = self._proxies
        self.places = {
            "livekit": self._on_livekit(in_front.url.removesuffix("/v1"), "mine", self.server),
            "livekit-bare": self._on_livekit(self.server.url, "", self.server),
            "livekit-restarted": self._on_livekit(self.restarting.url, "mine", self.restarting),
            "relay": self._on_relay(in_front_of_api.url, self.server),
            "relay-restarted": self._on_relay(self._apis[1].url, self.restarting),
        }
        keys = {"KEY": self.server.key, "SECRET": self.server.secret, "OTHER_SECRET": self.restarting.secret}
        self._python, self._yaml = (Engine(folder / door, {**keys, "RELAY_KEY": KEY}) for door in ("python", "yaml"))
        self._declare()

    def _on_livekit(self, url: str, project_id: str, server: LiveKit) -> Place:
        secret = "SECRET" if server is self.server else "OTHER_SECRET"
        keys = {"url": url, "apiKey": {"env": "KEY"}, "apiSecret": {"env": secret}}
        own = {"projectId": project_id} if project_id else {}
        plugin = {"livekitUrl": url, "livekitApiKey": server.key, "livekitApiSecret": server.secret}
        prefix = f"p_{project_id}__" if project_id else ""
        return Place({"livekit": {**keys, **own}}, {"backend": "livekit", **plugin, **own}, prefix, server)

    def _on_relay(self, url: str, server: LiveKit) -> Place:
        manifest = {"apiKey": {"env": "RELAY_KEY"}, "baseUrl": url}
        return Place(manifest, {"backend": "relay", "apiKey": KEY, "baseUrl": url}, "p_acme__", server)

    def _declare(self) -> None:
        projects = {label: {**place.manifest, "rooms": {}} for label, place in self.places.items()}
        resources: dict[str, Any] = {
            label: {"type": "pulumi:providers:relay", "properties": dict(place.plugin)}
            for label, place in self.places.items()
        }
        for label, line, settings in self.declared():
            projects[label]["rooms"][line.name] = settings
            with_name = {"name": line.name, **settings}
            resources[f"{label}.{line.name}"] = room(with_name, provider=f"${{{label}}}")
        self._python.write("rooms.yaml", json.dumps({"version": 1, "name": "rooms", "projects": projects}))
        self._python.write("Pulumi.yaml", PULUMI_YAML)
        self._python.write("__main__.py", "import relay_provider as relay\nrelay.declare_rooms('rooms.yaml')\n")
        self._yaml.write("Pulumi.yaml", program(json.loads(json.dumps(resources))))  # without aliases

    def declared(self) -> Iterator[tuple[str, Line, dict[str, Any]]]:
        """Each room, with its label and its settings."""
        for line in LINES:
            for backend, _ in line.lines:
                own = {"livekit": line.own} if line.own is not None and backend == "livekit" else {}
                yield f"{backend}-{line.label}" if line.label else backend, line, {**line.declared, **own}

    def up(self) -> None:
        """The rooms are made, and are in both of the states."""
        for engine in (self._python, self._yaml):
            engine.init().up("--refresh=false")

    def change(self) -> None:
        """All that happens behind their back."""
        self.restarting.restart()
        rooms = [(line, self.places[label]) for label, line, _ in self.declared()]
        self.behind.expired(*(f"{place.prefix}{line.name}" for line, place in rooms if line.expires))
        for line, place in rooms:
            if place.server is self.server:
                line.does(self.behind, f"{place.prefix}{line.name}")

    def drift(self) -> Cells:
        self._lag()
        done = subprocess.run(
            [*RELAY_ROOMS, "drift", "--output", "json"],
            cwd=self._python.folder,
            env=self._python.env,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 2, done.stderr
        return {
            f"{project['project']}/{name}": said
            for project in json.loads(done.stdout)["projects"]
            for name, said in _said(project)
        }

    def pulumi(self, door: str) -> tuple[Cells, Cells]:
        """What a preview through this door tells: what the refresh that it begins with finds, and what it would do."""
        self._lag()
        engine = self._python if door == "python" else self._yaml
        refreshed, planned = Cells(), Cells()
        for event in engine.pulumi("preview").events:
            if step := event.get("resOutputsEvent") or event.get("resourcePreEvent"):
                of = step["metadata"]
                name = of["urn"].rpartition("::")[2].replace(".", "/")
                if not of["type"].endswith(":Room"):
                    continue
                if of["op"] in ("create", "update", "replace"):
                    planned[name] = of["op"]
                elif of["op"] == "refresh" and "resOutputsEvent" in event:
                    refreshed[name] = _found(of["old"], of["new"])
        return refreshed, planned

    def _lag(self) -> None:
        """The next list lacks all rooms."""
        for proxy in self._proxies:
            proxy.rule = _first_list_is_empty()


def _first_list_is_empty() -> Rule:
    answers = {"/rooms": [Answer(200, '{"rooms": []}')], "/twirp/livekit.RoomService/ListRooms": [Answer(200)]}
    return lambda _, path: answers[path].pop() if answers.get(path) else None


def _said(project: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What `drift` says of each room of a project."""
    for name in project["missing"]:
        yield name, "missing" + (", and the other is unmanaged" if f"p_other__{name}" in project["unmanaged"] else "")
    for one in project["changed"]:
        yield one["room"], _changed(field["field"] for field in one["fields"])
    for name in project["unmanaged"]:
        yield name, "unmanaged"


def _found(old: dict[str, Any], new: dict[str, Any] | None) -> str:
    """What a refresh has found, by the state before and after."""
    if new is None:
        return "gone"
    before, after = flat(old["outputs"]), flat(new["outputs"])
    return _changed(name for name in sorted(SETTINGS) if before.get(name) != after.get(name))


def _changed(fields: Iterator[str]) -> str:
    said = ", ".join(f"`{name}`" for name in fields)
    return f"changed: {said}" if said else "nothing"


@pytest.mark.e2e
def test_each_door_tells_each_line(subtests: pytest.Subtests, tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = World(stack, tmp_path)
        world.up()
        world.change()
        told = {"relay-rooms drift": world.drift()}
        for door in ("python", "yaml"):
            told[f"refresh by {door}"], told[f"preview by {door}"] = world.pulumi(door)
    for label, line, _ in world.declared():
        wanted: Told = getattr(line, label.partition("-")[0])
        for door, cells in told.items():
            with subtests.test(f"{label}: {line.way}: {door}"):
                found = cells.get(f"{label}/{line.about or line.name}", "nothing")
                assert found == getattr(wanted, door.removeprefix("relay-rooms ").partition(" ")[0])


@pytest.mark.unit
@pytest.mark.parametrize("backend", ["relay", "livekit"])
def test_the_lines_of_the_page_are_these(backend: str) -> None:
    assert table(backend) in PAGE


@pytest.mark.unit
def test_no_line_of_the_page_is_without_its_test() -> None:
    lines = re.findall(r"^\| (?!what happened|---)(.+?) \|", PAGE, re.MULTILINE)
    assert sorted(lines) == sorted(line.way for line in LINES for _ in line.lines)
