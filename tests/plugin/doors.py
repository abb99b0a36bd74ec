"""The plugin as a door: rooms declared in Pulumi YAML, and what that needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.doors import Door, Rooms

PLUGIN_FOLDER = str(Path(sys.executable).parent)


def program(resources: dict[str, Any], **more: Any) -> str:
    """A Pulumi.yaml; JSON is YAML, so anything that JSON can say is written as it is meant. It refreshes, unless its
    `options` are others."""
    return yaml.safe_dump(
        {
            "name": "rooms",
            "runtime": "yaml",
            "options": {"refresh": "always"},
            "plugins": {"providers": [{"name": "relay", "path": PLUGIN_FOLDER}]},
            "resources": resources,
            **more,
        },
        allow_unicode=True,
        sort_keys=False,
    )


def room(properties: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """A room in YAML."""
    return {
        "type": "relay:Room",
        **({"properties": dict(properties)} if properties else {}),
        **({"options": options} if options else {}),
    }


class YamlDoor(Door):
    """Pulumi YAML through the plugin."""

    label = "yaml"

    def prepare(self) -> None:
        self.declare({})
        self.project.init()

    def declare(self, rooms: Rooms) -> None:
        self.write({name: room(dict(settings)) for name, settings in rooms.items()})

    def write(self, resources: dict[str, Any], **more: Any) -> None:
        self.project.write("Pulumi.yaml", program(resources, **more))
