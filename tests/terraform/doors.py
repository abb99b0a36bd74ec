"""Terraform's door as one of those that the common life-cycle table goes through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relay_provider.model import FIELDS
from tests.e2e.doors import Door, Rooms
from tests.e2e.engine import Ran
from tests.terraform.engine import Workspace

IN_HCL = {alias: name for name, alias in FIELDS.items()}


def room(settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A room's settings under this door's names."""
    return {**{IN_HCL[key]: value for key, value in settings.items()}, **more}


class Counted(Ran):
    """A run with how many rooms stay the same."""

    def __init__(self, code: int, out: str, found: dict[str, int], same: int) -> None:
        super().__init__(code, out)
        self._found = {**found, **({"same": same} if same else {})}

    @property
    def changes(self) -> dict[str, int]:
        return self._found


class TerraformDoor(Door):
    """Rooms by `for_each` in HCL."""

    label = "terraform"

    def __init__(self, folder: Path, api_env: dict[str, str], engine: str = "tofu") -> None:
        self.workspace = Workspace(folder, api_env, engine)
        self._declared = 0

    def declare(self, rooms: Rooms) -> None:
        self._declared = len(rooms)
        self.workspace.write({f"r_{name}": room(settings, name=name) for name, settings in rooms.items()})

    def up(self, check: bool = True) -> Ran:
        ran = self.workspace.apply(check=check)
        changed = sum(count for how, count in ran.changes.items() if how != "delete")
        return Counted(ran.code, ran.out, ran.changes, self._declared - changed)

    def drifted(self) -> bool:
        ran = self.workspace.plan("-refresh-only", "-detailed-exitcode", check=False)
        assert ran.code in (0, 2), ran.out
        found = any(one["type"] == "resource_drift" for one in ran.said)
        # Terraform ends with 2 whenever there is a resource (hashicorp/terraform#36403).
        assert self.workspace.engine == "terraform" or (ran.code == 2) == found, ran.out
        return found

    def destroy(self, check: bool = True) -> Ran:
        ran = self.workspace.destroy(check=check)
        return Ran(ran.code, ran.out)

    def state(self) -> dict[str, dict[str, Any]]:
        return {name: {**one, "creationTime": one["creation_time"]} for name, one in self.workspace.state().items()}
