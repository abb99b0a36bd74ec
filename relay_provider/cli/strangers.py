"""What lies in a checkout may be a stranger's: it is read, and nothing of it is run.

The engine's Python starts in `.relay/NAME/`, and would import from there; a project file there may name programs; a
state there names the code that reads it.
"""

from __future__ import annotations

import gzip
import json
import os
import shlex
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from relay_provider.dynamic.provider import pickled_before, pickled_provider
from relay_provider.errors import RelayError, quoted
from relay_provider.manifest.problems import Broken
from relay_provider.manifest.source import decoded

_PATHS: Final = ("PATH", "PYTHONPATH")
_RUNTIME: Final = ("PULUMI_RUNTIME_VIRTUALENV", "PULUMI_RUNTIME_TOOLCHAIN")
"""Of an engine around this one; what they say is looked for in the current folder."""

_TYPES: Final = ("pulumi:pulumi:Stack", "pulumi:providers:pulumi-python")
_ROOMS: Final = "pulumi-python:dynamic/relay:"
_PLUGINS: Final = ("__internal", "plugindownloadurl")
"""What lets a provider in a state name the program that it is."""


def safe(env: Mapping[str, str]) -> dict[str, str]:
    """An environment whose children run and import nothing from the folder that they start in."""
    found = {**env, "PYTHONSAFEPATH": "1", **dict.fromkeys(_RUNTIME, "")}
    if home := env.get("PULUMI_HOME"):  # as `pulumi_home` has it; the engine starts elsewhere
        found["PULUMI_HOME"] = str(Path(home).absolute())
    for name in _PATHS:
        if name in found:
            found[name] = os.pathsep.join(filter(os.path.isabs, found[name].split(os.pathsep)))
    return found


def check_links(root: Path) -> None:
    """Raise for a link in `.relay/`, or in its place: files that it leads to would be written and removed."""
    inside = (Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files))
    for path in (root, *inside):
        if path.is_symlink():
            raise RelayError(
                f"{path} is a link, which relay-rooms never makes: a stranger's may lead anywhere. Remove it; to keep "
                "the state elsewhere, use `pulumi login` or PULUMI_BACKEND_URL."
            )


def state_files(root: Path, projects: Sequence[str], stack: str) -> Iterator[Path]:
    """Each file that the engine would take for the local state of one of these projects' stack; without a project's
    folder too, where it was once."""
    for folder in (root / ".pulumi" / "stacks" / project for project in ("", *projects)):
        for end in (".json", ".json.gz", ".json.zst"):
            if (file := folder / f"{stack}{end}").exists():
                yield file


def check_states(root: Path, projects: Sequence[str], stack: str) -> bool:
    """Raise for a state that relay-rooms cannot have written, or that cannot be read. Is there something in one that a
    killed run had begun?"""
    pending = False
    for file in state_files(root, projects, stack):
        try:
            data = file.read_bytes()
            text = gzip.decompress(data) if file.suffix == ".gz" else data
            json.loads(text, object_pairs_hook=_checked)
            pending = pending or b'"pending_operations":' in text
        except _Foreign as error:
            raise RelayError(
                f"The state {file} holds {error}, which relay-rooms never writes: it may be a stranger's, and would "
                f"run their code. If it came with a checkout, remove it (`rm {shlex.quote(str(file))}`); the next `up` "
                "takes over the live rooms that are as declared."
            ) from None
        except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
            raise RelayError(_unreadable(file, error)) from None
    return pending


def check_config(*files: Path) -> None:
    """Raise for a stack's configuration that is no text."""
    for file in files:
        try:
            decoded(file.read_bytes() if file.exists() else b"")
        except Broken as error:
            raise RelayError(f"{file}:{error.at[0]}:{error.at[1]}: {error.message}.") from None
        except OSError as error:
            raise RelayError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from None


class _Foreign(Exception):
    """Something that is not ours."""


def _checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if it is none that runs anything. The engine finds a key in any case, and takes the last of two."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        folded = key.casefold()
        if folded in found:
            raise _Foreign(f'"{quoted(key, limit=40)}" twice')
        if folded in _PLUGINS:
            raise _Foreign("a provider from elsewhere")
        if folded == "__provider" and value not in (
            pickled_provider(),
            pickled_before(),
            [],
        ):  # the last is of dependencies
            raise _Foreign("a provider that is not this one")
        found[folded] = value
    if "urn" in found or "custom" in found:
        kind, urn = found.get("type"), str(found.get("urn"))
        known = isinstance(kind, str) and (kind in _TYPES or kind.startswith(_ROOMS))
        if not known or urn.split("::")[2:3] != [kind]:
            raise _Foreign(f'a resource of type "{quoted(str(kind), limit=60)}"')
    return found


def _unreadable(file: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
    before = file.with_name(f"{file.name}.bak")
    one, other = (shlex.quote(str(path)) for path in (before, file))
    back = f"`mv {one} {other}` brings back the one before it; or remove it" if before.exists() else "remove it"
    return (
        f"The state {file} cannot be read ({why.lower()}). {back[0].upper()}{back[1:]}: the next `up` then takes over "
        "the live rooms that are as declared."
    )
