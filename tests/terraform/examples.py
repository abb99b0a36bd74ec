"""Copies of the examples, to be run."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT
from tests.terraform.engine import ENGINES, PATH, Workspace

EXAMPLES = ROOT / "examples" / "terraform"
SCRIPTS = f"{Path(sys.executable).parent}{os.pathsep}{PATH}"


def example(
    name: str, folder: Path, env: Mapping[str, str], engine: str = ENGINES[0] if ENGINES else "", **settings: str
) -> Workspace:
    """A copy of an example's folder, with `relay-rooms` on PATH. An attached provider is told of `settings`."""
    shutil.copytree(EXAMPLES / name, folder / name)
    override(folder / name, **settings)
    return Workspace(folder / name, {**env, "PATH": SCRIPTS}, engine)


def override(folder: Path, **settings: str) -> None:
    """Put settings into the example's provider block."""
    text = {"provider": {"relay": settings}} if settings else {}
    (folder / "main_override.tf.json").write_text(json.dumps(text))
