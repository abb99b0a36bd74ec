"""Foreign software from npm, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def installed(folder: Path, package: str) -> Path:
    """The folder, with the package in its `node_modules`. Skips where there is no Node or no registry."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not on this machine")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", package],
        cwd=folder,
        env={**os.environ, "npm_config_update_notifier": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    if done.returncode and ("ENOTFOUND" in done.stdout or "EAI_AGAIN" in done.stdout):
        pytest.skip("npm cannot reach its registry")
    assert done.returncode == 0, done.stdout
    return folder
