"""Runs the steps of a GitHub workflow or a composite action as they stand in its file: each `run:` block in its shell,
each `uses:` of an action of the repository in turn. Actions of others have stand-ins."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
"""What a runner starts for `shell:`."""

Context = Mapping[str, Any]


@dataclass
class Job:
    """A job's folder, environment and output; `others` are the stand-ins, by the name before the `@`."""

    folder: Path
    env: dict[str, str]
    context: Context
    others: Mapping[str, Callable[[Job, Mapping[str, str]], None]]
    said: str = ""
    ran: list[str] = field(default_factory=list)

    def run(self, steps: list[dict[str, Any]], context: Context, env: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Until the first that fails: its exit code, and the outputs of all."""
        found: dict[str, Any] = {}
        for step in steps:
            known = {**context, "steps": found}
            with_ = {name: told(value, known) for name, value in step.get("with", {}).items()}
            own = {**env, **{name: told(value, known) for name, value in step.get("env", {}).items()}}
            if "run" in step:
                code, outputs = self._shell(step, own)
            elif step["uses"].startswith("./"):
                code, outputs = self._action(step["uses"], with_, own)
            else:
                self.others[step["uses"].partition("@")[0]](self, with_)
                code, outputs = 0, {}
            found[step.get("id", "")] = {"outputs": outputs}
            if code:
                return code, found
        return 0, found

    def _shell(self, step: Mapping[str, Any], env: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        assert "${{" not in step["run"], "text from outside would be code"
        self.ran.append(step.get("name", ""))
        script, outputs = self.folder.parent / "script.sh", self.folder.parent / "outputs"
        script.write_text(step["run"])
        outputs.write_text("")
        done = subprocess.run(
            [*SHELLS[step.get("shell")], script],
            cwd=self.folder,
            env={**self.env, **env, "GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": os.devnull},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        self.said += done.stdout
        return done.returncode, dict(line.split("=", 1) for line in outputs.read_text().splitlines())

    def _action(self, place: str, given: Mapping[str, str], env: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        action = yaml.safe_load((self.folder / place / "action.yml").read_text())
        inputs = {name: told(one.get("default", ""), self.context) for name, one in action["inputs"].items()}
        assert given.keys() <= inputs.keys()
        context = {**self.context, "inputs": {**inputs, **given}}
        code, steps = self.run(action["runs"]["steps"], context, env)
        outputs = action["outputs"] if not code else {}
        return code, {name: told(one["value"], {**context, "steps": steps}) for name, one in outputs.items()}


def told(text: object, context: Context) -> str:
    """The text with its expressions' values; only names and `==` are known."""

    def value(name: str) -> str:
        here: Any = context
        for part in name.strip().split("."):
            here = here[part]
        return str(here)

    def told_by(found: re.Match[str]) -> str:
        left, equals, right = found[1].partition("==")
        return str(value(left) == value(right)).lower() if equals else value(left)

    return re.sub(r"\$\{\{(.+?)\}\}", told_by, str(text))
