"""What `make dist` makes, in a folder of a test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def made(folder: Path, *, with_sdks: bool = False) -> Path:
    """The release of this working tree."""
    code = f"from pathlib import Path; from toolchain import dist; dist.main(Path({str(folder)!r}), {with_sdks})"
    run([sys.executable, "-c", code], ROOT)
    return folder


def run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> str:
    """What it says, standard error included; it has to succeed."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": 600}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(env or {})}, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"
    return str(done.stdout)
