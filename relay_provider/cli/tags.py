"""A stack's tags: on local state a file beside it, elsewhere as the pulumi program has them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from relay_provider.cli.workspace import Workspace
from relay_provider.errors import RelayError

if TYPE_CHECKING:
    from relay_provider.cli.pulumi_program import Command


NOTES: Final = "relay-rooms:intended:"
"""How the tags begin in which runs note what they make; the rest is the run's own."""

_TAG: Final = ("stack", "tag")


def local_tags(workspace: Workspace, stack: str) -> dict[str, str]:
    """The tags of a local stack, without the pulumi program."""
    file = _file(workspace, stack)
    try:
        tags: dict[str, str] = json.loads(file.read_text())["tags"] or {}
        return dict(tags)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        raise RelayError(f"The stack's tags {file} cannot be read; remove the file.") from None


def tags(workspace: Workspace, stack: str, pulumi: Command) -> dict[str, str]:
    """The stack's tags."""
    if workspace.local:
        return local_tags(workspace, stack)
    found: Any = json.loads(pulumi.output(workspace, *_TAG, "ls", "--json", "-s", stack, folder=workspace.folder))
    return dict(found or {})


def change(workspace: Workspace, stack: str, pulumi: Command, changes: Mapping[str, str | None]) -> None:
    """Set these tags, or remove those of None; on a local disk they are there when this returns, whatever happens."""
    if workspace.local:
        there = {**local_tags(workspace, stack), **changes}
        _write(_file(workspace, stack), workspace.folder, {k: text for k, text in there.items() if text is not None})
        return
    for name, text in changes.items():
        what = ("rm", name) if text is None else ("set", name, text)
        pulumi.output(workspace, *_TAG, *what, "-s", stack, folder=workspace.folder)


def _file(workspace: Workspace, stack: str) -> Path:
    return workspace.state_file(stack).with_name(f"{stack.rpartition('/')[2]}.pulumi-tags")


def _write(file: Path, folder: Path, tags: Mapping[str, str]) -> None:
    try:
        if not tags:
            file.unlink(missing_ok=True)
            return
        new = folder / f"tags.{os.getpid()}"
        with new.open("w") as text:
            json.dump({"version": 1, "tags": tags}, text)
            text.flush()
            os.fsync(text.fileno())
        file.parent.mkdir(parents=True, exist_ok=True)
        new.replace(file)
        parent = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    except OSError as error:
        raise RelayError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}.") from None
