"""The stack of a manifest that is broken or gone: its rooms can still be ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from relay_provider.cli.common import DEFAULT_FILE, read_manifest
from relay_provider.cli.stack import NoStack, RoomStack
from relay_provider.cli.workspace import Workspace, backend_chosen
from relay_provider.errors import RelayError
from relay_provider.manifest import ENDINGS, ManifestError, declared_name, first_of, is_name, load, name_of_file


def stack_to_end(files: Sequence[Path], stack: str) -> RoomStack:
    """The stack of these files, or of the manifest of this name. Raises NoStack when there is none."""
    named = tuple(files) or (DEFAULT_FILE,)
    try:
        manifest = load(named)
    except ManifestError:
        pass
    else:
        return RoomStack.of(manifest, stack, None, create=False)
    there = [file for file in named if file.is_file()]
    if workspace := _of_broken(named, there) if there else _of_gone(named):
        try:
            return RoomStack(workspace, stack, None, create=False)
        except NoStack:
            if files and not there:
                raise
    read_manifest(files)  # says what is wrong with it
    raise RelayError("The manifest has just been changed; try again.")


def _of_broken(files: Sequence[Path], there: Sequence[Path]) -> Workspace | None:
    names = {name for file in there if (name := declared_name(file))}
    first = first_of(files)
    if len(names) == 1:
        return Workspace.beside(first, names.pop())
    return None if names or backend_chosen() else Workspace.beside(first, name_of_file(first))


def _of_gone(files: Sequence[Path]) -> Workspace:
    if len(files) > 1:
        raise RelayError(
            "None of these files is there; a manifest that is gone is ended by its name alone, or by that of its "
            f"first file: `relay-rooms destroy {first_of(files).name}`."
        )
    [file] = files
    if is_name(file.name) and not file.name.endswith(ENDINGS):
        return Workspace.beside(first_of(files), file.name)
    if backend_chosen():
        raise RelayError(
            f"There is no {file}, and a shared backend knows a manifest by its name only; "
            "end its rooms with `relay-rooms destroy NAME`."
        )
    return Workspace.beside(first_of(files), name_of_file(file))
