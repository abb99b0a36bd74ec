"""The real Pulumi engine on a project folder: runs the CLI and says what the engine did, from its event log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import TOOLS


@dataclass
class Ran:
    """One run of the CLI."""

    code: int
    out: str
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changes(self) -> dict[str, int]:
        """Operations on resources other than the stack and providers: {"create": 2, "same": 1}; replaces count once."""
        counts: Counter[str] = Counter()
        for event in self.events:
            step = (event.get("resourcePreEvent") or {}).get("metadata")
            if step and not step["type"].startswith("pulumi:") and step["op"] not in ("read", "refresh"):
                counts[step["op"]] += 1
        for half in ("create-replacement", "delete-replaced", "discard-replaced"):
            counts.pop(half, None)
        return dict(counts)

    @property
    def errors(self) -> str:
        """Every error that a person would see."""
        return "\n".join(
            diag["message"]
            for event in self.events
            if (diag := event.get("diagnosticEvent")) and diag["severity"] == "error"
        )


class Project:
    """A folder with a Pulumi program, a stack of its own, and its state in a folder beside it."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None, stack: str = "test") -> None:
        self.folder = folder
        self.stack = stack
        home = folder.parent / f"{folder.name}-home"
        self.state_folder = folder.parent / f"{folder.name}-state"
        for path in (folder, home, self.state_folder):
            path.mkdir(parents=True, exist_ok=True)
        self.env = {
            **os.environ,
            "PATH": f"{TOOLS}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(home),
            # Without the attribute files that a killed engine leaves half-written.
            "PULUMI_BACKEND_URL": f"file://{self.state_folder}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # allows --event-log
            "NO_COLOR": "1",
            **(env or {}),
        }

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def pulumi(self, *arguments: str, check: bool = True, env: dict[str, str] | None = None) -> Ran:
        """Run the CLI; its output as a person would see it, without colour."""
        log = self.folder.parent / f"{self.folder.name}-events.json"
        log.unlink(missing_ok=True)
        logged = ("--event-log", str(log)) if arguments[0] in ("up", "preview", "refresh", "destroy") else ()
        done = subprocess.run(
            ["pulumi", *arguments, *logged, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        ran = Ran(done.returncode, done.stdout, events)
        if check:
            assert ran.code == 0, f"pulumi {' '.join(arguments)} exited {ran.code}:\n{ran.out}"
        return ran

    def init(self, **config: str) -> Project:
        self.pulumi("stack", "init", self.stack)
        for key, value in config.items():
            self.pulumi("config", "set", key.replace("__", ":"), value)
        return self

    def up(self, *arguments: str, check: bool = True, env: dict[str, str] | None = None) -> Ran:
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, check=check, env=env)

    def refresh(self, *arguments: str, check: bool = True, env: dict[str, str] | None = None) -> Ran:
        return self.pulumi("refresh", "--yes", "--skip-preview", *arguments, check=check, env=env)

    def refresh_expecting_no_changes(self) -> Ran:
        """Drift detection as the engine has it: exits 0 only when nothing drifted."""
        return self.pulumi("refresh", "--preview-only", "--expect-no-changes", check=False)

    def destroy(self, *arguments: str, check: bool = True) -> Ran:
        return self.pulumi("destroy", "--yes", "--skip-preview", *arguments, check=check)

    def state_text(self) -> str:
        """The stack's state as it lies in the file, secrets encrypted."""
        found = list(self.state_folder.rglob(f"stacks/**/{self.stack}.json"))
        assert len(found) == 1, found
        return found[0].read_text()

    def resources(self) -> list[dict[str, Any]]:
        """The rooms in the state."""
        latest = json.loads(self.state_text())["checkpoint"]["latest"] or {}
        return [one for one in latest.get("resources", []) if one["type"].endswith(":Room")]
