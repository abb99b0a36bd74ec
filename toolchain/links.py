"""The links in .toolchain/bin/, and the stamp that says they are all there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def digest(parts: Iterable[str]) -> str:
    """Of all that decides which links there should be."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def put(link: Path, target: Path) -> None:
    """Make or replace a link in one step: whoever runs the program at that moment finds the old or the new."""
    if link.is_symlink() and link.readlink() == target:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)


def apply(folder: Path, wanted: Mapping[str, Path]) -> None:
    """Make the folder hold exactly these links; files that are no links are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in wanted.items():
        put(folder / name, target)
    for entry in folder.iterdir():
        if entry.is_symlink() and entry.name not in wanted:
            entry.unlink(missing_ok=True)


def write_stamp(stamp: Path, inputs: str, wanted: Mapping[str, Path]) -> None:
    """Remember what the links were made from."""
    content = {"inputs": inputs, "links": {name: str(target) for name, target in sorted(wanted.items())}}
    temporary = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1) + "\n")
    temporary.replace(stamp)


def current(stamp: Path, folder: Path, inputs: str) -> bool:
    """Whether the stamp is of these inputs and each link still leads to a program."""
    try:
        content = json.loads(stamp.read_text())
        return content["inputs"] == inputs and all(
            str((folder / name).readlink()) == target and os.access(folder / name, os.X_OK)
            for name, target in content["links"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
