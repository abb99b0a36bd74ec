"""Where Pulumi's own installers leave the program. `make setup` runs this file alone, before there are packages."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterator
from pathlib import Path


def pulumi_home() -> Path:
    """The folder where Pulumi keeps logins and plugins."""
    if chosen := os.environ.get("PULUMI_HOME"):
        return Path(chosen)
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # as pulumi finds it, whatever HOME says
    except KeyError:
        home = Path.home()
    return home / ".pulumi"


def install_roots() -> list[Path]:
    """The folders that may have a bin/pulumi, the newest version first."""
    home = pulumi_home()
    try:
        versions = sorted((home / "versions").iterdir(), key=_age, reverse=True)
    except OSError:
        versions = []
    return [home, *versions]


def roots() -> Iterator[Path | None]:
    """Where to look for bin/pulumi, in this order: PATH (None), this checkout's tools, its own installers' folders."""
    if Path(shutil.which("pulumi") or "").is_absolute():  # not in the current folder, which may be anybody's
        yield None
    yield Path(__file__).parents[2] / ".toolchain"
    yield from install_roots()


def _age(folder: Path) -> tuple[int, ...]:
    """Compared as versions are: 3.99.0 and 3.250.0-alpha.1 come before 3.250.0, what is no version before all."""
    number = re.match(r"v?(\d+)\.(\d+)\.(\d+)(-?)", folder.name)
    return (*map(int, number.groups()[:3]), not number[4]) if number else ()
