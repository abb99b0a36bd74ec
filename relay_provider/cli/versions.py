"""`relay-rooms --version`: what a bug report needs, without importing what has those versions."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from relay_provider.cli.installs import roots
from relay_provider.version import __version__

_PATIENCE: Final = 5.0
"""Seconds for the pulumi program to say its version."""


def lines() -> Iterator[str]:
    """A line each: this package, Python, Pulumi's SDK and program, livekit-api, the machine."""
    yield f"relay-rooms {__version__}"
    yield f"Python {platform.python_version()}"
    yield f"Pulumi SDK {_package('pulumi')}"
    yield _pulumi()
    yield f"livekit-api {_package('livekit-api')}"
    yield f"{platform.system()} {platform.release()} {platform.machine()}"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"


def _pulumi() -> str:
    for root in roots():
        program = root / "bin" / "pulumi" if root else Path(shutil.which("pulumi") or "pulumi")
        try:
            said = subprocess.run(  # noqa: S603
                [program, "version"], capture_output=True, text=True, timeout=_PATIENCE, check=True, cwd=program.parent
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        return f"Pulumi {said.strip().removeprefix('v')} at {program}"
    return "Pulumi is not found"
