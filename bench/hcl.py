"""The ways of OpenTofu and Terraform: the same rooms in HCL, by `for_each`, with the provider from a mirror."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.stack import PATH, Room, Stack, in_python
from relay_provider.terraform import mirror
from relay_provider.terraform.server import SOURCE

_COMMANDS = {
    "up": ("apply", "-auto-approve"),
    "preview": ("plan",),
    "refresh": ("plan", "-refresh-only"),
    "again": ("apply", "-auto-approve"),
    "change": ("apply", "-auto-approve"),
    "destroy": ("destroy", "-auto-approve"),
}
# As docs/terraform.md says it for many rooms: an engine works for_each out anew for each of them, so it is names alone.
_MAIN = """
terraform {
  required_providers {
    relay = { source = "%s" }
  }
}

provider "relay" {}

locals {
  rooms = { for room in jsondecode(file("rooms.json")) : room.name => room }
  names = { for name, room in local.rooms : name => name }
}

resource "relay_room" "room" {
  for_each         = local.names
  name             = each.key
  max_participants = local.rooms[each.key].max_participants
  empty_timeout    = local.rooms[each.key].empty_timeout
  metadata         = local.rooms[each.key].metadata
}
"""


def environment(folder: Path, env: dict[str, str]) -> dict[str, str]:
    """What an engine needs to take the provider from a mirror in `folder`, and nothing of the user's own."""
    mirror.lay(folder / "mirror", mirror.installed())
    (folder / "rc").write_text(mirror.installation(folder / "mirror"))
    kept = {name: value for name, value in env.items() if not name.startswith("TF_")}
    return {**kept, "PATH": PATH, "TF_CLI_CONFIG_FILE": str(folder / "rc"), "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}


class _Hcl(Stack):
    engine: str
    provider = mirror.PROGRAM

    def prepare(self) -> None:
        self.env = environment(self.folder.parent, self.env)
        self.state = self.folder / "terraform.tfstate"
        self.project.write("main.tf", _MAIN % SOURCE)
        self.declare([])
        subprocess.run([self.engine, "init"], cwd=self.folder, env=self.env, check=True, capture_output=True)

    def declare(self, rooms: list[Room]) -> None:
        self.project.write("rooms.json", json.dumps([in_python(room) for room in rooms]))

    def command(self, phase: str) -> list[str]:
        return [self.engine, *_COMMANDS[phase], "-input=false"]


class OpenTofu(_Hcl):
    engine = "tofu"


class Terraform(_Hcl):
    engine = "terraform"
