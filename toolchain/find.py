"""What is on PATH already, and whether it will do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# `--expect-no-changes` has an exit code of its own since this version.
PULUMI_NEEDED = (3, 227, 0)
RUN_LIMIT = 30

# What a host needs beside it; the newest releases carry the -exec script inside, so it is no condition.
HOST_FILES = {
    "pulumi-language-python": ("pulumi-language-python", "pulumi-resource-pulumi-python"),
    "pulumi-language-yaml": ("pulumi-language-yaml",),
    "pulumi-language-nodejs-go": ("pulumi-language-nodejs", "pulumi-language-go"),
}
EXTRA_FILES = {"pulumi-language-python": ("pulumi-language-python-exec",)}


@dataclass
class Found:
    """A program on PATH; with a reason, one that will not do."""

    path: Path | None = None
    version: str = ""
    reason: str = ""
    hosts: dict[str, dict[str, Path]] = field(default_factory=dict)
    """For each host that is complete: its files."""


def search_path(ours: Iterable[Path], path: str | None = None) -> str:
    """PATH without the folders of links that this setup makes: what it made last time is no find."""
    left_out = {folder.resolve() for folder in ours}
    entries = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    return os.pathsep.join(e for e in entries if e and Path(e).resolve() not in left_out)


def answer(program: str, *arguments: str) -> str | None:
    """What a program prints, or None when it does not run or says that it failed."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=RUN_LIMIT,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def pulumi(path: str) -> Found:
    """The pulumi on PATH with the hosts next to it or on PATH."""
    program = shutil.which("pulumi", path=path)
    if program is None:
        return Found()
    said = answer(program, "version")
    number = re.search(r"(\d+)\.(\d+)\.(\d+)", said or "")
    if number is None:
        return Found(reason=f"{program} does not answer to `pulumi version`")
    if tuple(map(int, number.groups())) < PULUMI_NEEDED:
        needed = ".".join(map(str, PULUMI_NEEDED))
        return Found(reason=f"{program} is {number[0]}, and {needed} or newer is needed")
    found = Found(path=Path(program), version=number[0])
    beside = os.pathsep.join([str(Path(program).resolve().parent), str(Path(program).parent), path])
    for host, needed_files in HOST_FILES.items():
        files = {
            file: Path(there)
            for file in (*needed_files, *EXTRA_FILES.get(host, ()))
            if (there := shutil.which(file, path=beside))
        }
        if set(needed_files) <= files.keys():
            found.hosts[host] = files
    return found


def livekit(path: str) -> Found:
    """The livekit-server on PATH."""
    program = shutil.which("livekit-server", path=path)
    if program is None:
        return Found()
    said = answer(program, "--version")
    if said is None:
        return Found(reason=f"{program} does not answer to `livekit-server --version`")
    number = re.search(r"\d+\.\d+\.\d+", said)
    return Found(path=Path(program), version=number[0] if number else "?")


def identity(path: str) -> list[str]:
    """What would change if another program were found: cheap, nothing is run."""
    out = []
    for name in ("pulumi", "livekit-server"):
        program = shutil.which(name, path=path)
        if program:
            status = Path(program).stat()
            out.append(f"{program} {Path(program).resolve()} {status.st_size} {status.st_mtime_ns}")
        else:
            out.append(f"no {name}")
    return out
