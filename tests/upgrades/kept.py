"""A stack in a folder of its own, and its state as it is kept: without addresses, places and SIDs."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from tests.cli.shop import Shop
from tests.e2e.engine import Project
from tests.plugin.doors import PLUGIN_FOLDER
from tests.served import KEY, OTHER_KEY, Served
from tests.upgrades.programs import PASSPHRASE

HERE = Path(__file__).parent
STATE, ROOMS = "state.json", "rooms.json"


class Stack:
    """Files and state of a stack: a Pulumi program, or a manifest with its `.relay`."""

    def __init__(self, door: str, folder: Path, api: Served) -> None:
        self.door, self.api = door, api
        self.folder = folder / "rooms"
        env = {"RELAY_BASE_URL": api.url, "RELAY_MAX_RETRIES": "1", "OTHER_KEY": OTHER_KEY, **PASSPHRASE}
        self.project = Project(self.folder, env)
        at = {"PULUMI_BACKEND_URL": ""} if door == "manifest" else {}
        self.shop = Shop(api, self.folder, {**self.project.env, **at})

    @property
    def file(self) -> Path:
        """Where the state lies."""
        if self.door == "manifest":
            return self.folder / ".relay/.pulumi/stacks/rooms/dev.json.gz"
        return self.project.state_folder / ".pulumi/stacks/rooms/test.json"

    def replaced(self, text: str, *, kept: bool) -> str:
        """With addresses and places, or with names for them."""
        pairs = [
            ("PLUGIN", PLUGIN_FOLDER),
            (":PORT/v1", self.api.url[self.api.url.rindex(":") :]),
            ("FOLDER", str(self.folder)),
        ]
        for name, place in pairs:
            text = text.replace(place, name) if kept else text.replace(name, place)
        return text

    def keep(self, target: Path) -> None:
        """Files, state and rooms, to `target`."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for file in self.folder.rglob("*"):
            wanted = file.is_file() and ".pulumi/" not in str(file) and "__pycache__" not in str(file)
            if wanted and file.name != ".gitignore":
                copy = target / "files" / file.relative_to(self.folder).as_posix().replace(".relay/", "relay/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(self.replaced(file.read_text(), kept=True))
        zipped = self.file.suffix == ".gz"
        state = json.loads(gzip.decompress(self.file.read_bytes()) if zipped else self.file.read_text())
        with_facts(state, {})
        (target / STATE).write_text(self.replaced(json.dumps(state, indent=1), kept=True) + "\n")
        live = {key: Served(self.api.url, self.api.process, key).rooms() for key in (KEY, OTHER_KEY)}
        settings = ("maxParticipants", "metadata")
        rooms = {
            label: {name: {field: room[field] for field in settings if room[field]} for name, room in live[key].items()}
            for label, key in (("acme", KEY), ("other", OTHER_KEY))
        }
        (target / ROOMS).write_text(json.dumps(rooms, indent=1, sort_keys=True) + "\n")

    def restore(self, source: Path) -> None:
        """What was kept, with its rooms live."""
        facts = {}
        for label, rooms in json.loads((source / ROOMS).read_text()).items():
            api = Served(self.api.url, self.api.process, {"acme": KEY, "other": OTHER_KEY}[label])
            for name, settings in rooms.items():
                api.create(name, **settings)
            facts |= api.rooms()
        for file in (source / "files").rglob("*"):
            if file.is_file():
                name = file.relative_to(source / "files").as_posix()
                copy = self.folder / (f".{name}" if name.startswith("relay/") else name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(self.replaced(file.read_text(), kept=False))
        state = json.loads(self.replaced((source / STATE).read_text(), kept=False))
        with_facts(state, facts)
        self.file.parent.mkdir(parents=True)
        text = json.dumps(state).encode()
        self.file.write_bytes(gzip.compress(text) if self.file.suffix == ".gz" else text)
        (self.file.parents[2] / "meta.yaml").write_text("version: 1\n")
        if self.door != "manifest":
            self.project.pulumi("stack", "select", self.project.stack)

    def live(self) -> dict[str, Any]:
        return {
            name: room
            for key in (KEY, OTHER_KEY)
            for name, room in Served(self.api.url, self.api.process, key).rooms().items()
        }


def with_facts(node: Any, facts: dict[str, Any], name: str = "") -> None:
    """Puts in what the server chose for each room; without facts, something that it never does. Takes out where in the
    program each was declared, which is a place on somebody's machine."""
    if isinstance(node, dict):
        for place in ("sourcePosition", "stackTrace"):
            node.pop(place, None)
        for key, value in node.items():
            with_facts(value, facts, key)
        if "sid" in node:
            fact = facts.get(node.get("name", name), {"sid": "RM_kept", "creationTime": 1})
            for field in ("sid", "creationTime"):
                if field in node:
                    node[field] = fact[field]
    elif isinstance(node, list):
        for one in node:
            with_facts(one, facts)
