"""The real OpenTofu, or Terraform, on a folder: runs the command and says what the engine planned, did and told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay_provider.terraform.server import SOURCE
from tests.conftest import TOOLS

PROVIDER = Path(sys.executable).parent / "terraform-provider-relay"
PATH = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
ENGINES = [name for name in ("tofu", "terraform") if shutil.which(name, path=PATH)]
CHANGING = ("apply", "destroy", "plan", "refresh")


@dataclass
class Ran:
    """One run of the command; `said` is what it printed, each line an object where it was asked for JSON."""

    code: int
    out: str
    said: list[dict[str, Any]] = field(default_factory=list)

    @property
    def planned(self) -> dict[str, str]:
        """What is planned for each address."""
        found = [one["change"] for one in self.said if one["type"] == "planned_change"]
        return {one["resource"]["addr"]: one["action"] for one in found}

    @property
    def changes(self) -> dict[str, int]:
        """Operations planned on rooms: `{"create": 2, "replace": 1}`."""
        rooms = [how for address, how in self.planned.items() if "relay_room." in address]
        return dict(Counter(how for how in rooms if how != "move"))

    def diagnostics(self, severity: str = "error") -> list[dict[str, Any]]:
        """What people are told, with where in the configuration that is."""
        return [
            one["diagnostic"] for one in self.said if one["type"] == "diagnostic" and one["@level"][:4] == severity[:4]
        ]

    def told(self, severity: str = "error") -> str:
        """The details of what people are told."""
        return "\n".join(f"{one['summary']}: {one['detail']}" for one in self.diagnostics(severity))


class Workspace:
    """A folder with a configuration and its state, and an engine for it.

    The configuration is JSON, where `${…}` in a string is an expression.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        engine: str = ENGINES[0] if ENGINES else "tofu",
        provider: Mapping[str, Any] | None = None,
    ) -> None:
        """`provider` is the provider's block, unless a configuration has another."""
        self.folder, self.engine, self.provider = folder, engine, provider
        folder.mkdir(parents=True, exist_ok=True)
        rc = folder.parent / f"{folder.name}.tfrc"
        rc.write_text(
            f'provider_installation {{\n dev_overrides {{\n "{SOURCE}" = "{PROVIDER.parent}"\n }}\n direct {{}}\n}}\n'
        )
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TF_", "RELAY_", "LIVEKIT_"))},
            "PATH": PATH,
            "TF_CLI_CONFIG_FILE": str(rc),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
            **env,
        }

    def write(self, rooms: Mapping[str, Any] | None = None, **blocks: Any) -> None:
        """The configuration: `rooms` by the names of their resources, and other blocks as JSON has them."""
        text: dict[str, Any] = {"terraform": {"required_providers": {"relay": {"source": SOURCE}}}, **blocks}
        if self.provider is not None:
            text.setdefault("provider", {"relay": self.provider})
        if rooms:
            text["resource"] = {**text.get("resource", {}), "relay_room": dict(rooms)}
        (self.folder / "main.tf.json").write_text(json.dumps(text))

    def run(self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None) -> Ran:
        """Run the command; what changes things is asked for JSON, and is not asked back."""
        more = ()
        if arguments[0] in CHANGING:
            more = ("-input=false", "-json", *(() if arguments[0] == "plan" else ("-auto-approve",)))
        done = subprocess.run(
            [self.engine, arguments[0], *more, *arguments[1:]],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        lines = done.stdout.splitlines() if more else []
        ran = Ran(done.returncode, done.stdout, [json.loads(line) for line in lines if line.startswith("{")])
        if check:
            assert ran.code == 0, f"{self.engine} {' '.join(arguments)} ended with {ran.code}:\n{ran.out}"
        return ran

    def apply(self, *arguments: str, check: bool = True) -> Ran:
        return self.run("apply", *arguments, check=check)

    def plan(self, *arguments: str, check: bool = True) -> Ran:
        return self.run("plan", *arguments, check=check)

    def destroy(self, *arguments: str, check: bool = True) -> Ran:
        return self.run("destroy", *arguments, check=check)

    def is_settled(self) -> bool:
        """Is a second plan empty?"""
        ran = self.plan("-detailed-exitcode", check=False)
        assert ran.code in (0, 2), ran.out
        return ran.code == 0

    def state_text(self) -> str:
        file = self.folder / "terraform.tfstate"
        return file.read_text() if file.exists() else "{}"

    def state(self) -> dict[str, dict[str, Any]]:
        """The rooms in the state: attributes by the room's name."""
        found = [one for one in json.loads(self.state_text()).get("resources", []) if one["mode"] == "managed"]
        rooms = [
            one["attributes"] for resource in found for one in resource["instances"] if resource["type"] == "relay_room"
        ]
        return {one["name"]: one for one in rooms}
