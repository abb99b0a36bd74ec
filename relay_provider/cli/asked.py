"""What is asked of `preview`, `up` and `destroy` on the command line, and that command line again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from relay_provider.cli import saved
from relay_provider.cli.common import about
from relay_provider.limits import UNSAID, EndLimits


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line, the same for each of the commands."""

    command: str
    files: tuple[Path, ...]
    project: str | None
    stack: str
    output: str
    refresh: bool
    limits: EndLimits = UNSAID
    plan: Path | None = None
    """A file for the plan,"""
    saved: saved.Data | None = None
    """and what is in it, where that is to be done."""

    @classmethod
    def of(
        cls, command: str, max_ends: int | None, max_ends_percent: int | None, plan: Path | None = None, **options: Any
    ) -> Asked:
        """What these options say; and what they do not, where there is a plan to do, as that says."""
        asked = cls(command, limits=EndLimits(max_ends, max_ends_percent), **options)
        if plan is None:
            return asked
        found, source = saved.load(plan), click.get_current_context().get_parameter_source
        silent = {key for key in ("project", "stack", "refresh") if source(key) is ParameterSource.DEFAULT}
        return replace(asked, plan=plan, saved=found, **{key: found[key] for key in silent})

    def about(self, manifest: str) -> str:
        """What is reported of the manifest of this name."""
        return about(self.command, manifest, self.stack, self.project)

    def typed(self, what: str, yes: bool) -> list[str]:
        """The command line that asks for it, without limits."""
        said = [] if self.stack == "dev" else ["--stack", self.stack]
        said += [] if self.project is None else ["--project", self.project]
        said += [] if self.refresh else ["--no-refresh"]
        said += ["--plan", str(self.plan)] if self.plan else ["--yes"] if yes else []
        return ["relay-rooms", what, *map(str, self.files), *said]
