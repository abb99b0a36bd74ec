"""Which project a command works on by hand: the process's own settings, or a project of a manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from relay_provider.cli.common import chosen, connections, project_option, read_manifest, stack_option
from relay_provider.cli.output import waiting
from relay_provider.config import Connection, ProjectRef
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms
from relay_provider.session import Session

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def connection_options(command: F) -> F:
    """`--file`, `--project` and `--stack`: the keyword arguments that the functions below take as `connection`."""
    command = click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the connection from a project of this manifest (may be repeated).",
    )(command)
    command = stack_option(command)
    return project_option("That project; without --file, one of rooms.yaml in this folder.")(command)


def with_rooms(connection: Mapping[str, Any], work: Callable[[Rooms], Awaitable[T]]) -> T:
    """Do something with the project's rooms."""
    return in_session(connection, lambda session, settings: work(session.rooms(settings)))


def in_session(connection: Mapping[str, Any], work: Callable[[Session, Connection], Awaitable[T]]) -> T:
    """Do something with the connection that the options name."""
    _, settings = project_and_settings(**connection)

    async def run() -> T:
        async with Session() as session:
            return await work(session, settings)

    with waiting("Asking the API"):
        return asyncio.run(run())


def project_and_settings(
    files: Sequence[Path], project: str | None, stack: str | None
) -> tuple[ProjectRef | None, Connection]:
    """What the options name; no project when it is the process's own settings."""
    if not files and project is None and stack is None:
        return None, load_settings()
    manifest = read_manifest(files)
    projects = chosen(manifest, project)
    if len(projects) != 1:
        labels = ", ".join(found.ref.label for found in projects) or "it has none"
        raise RelayError(f"The manifest must have one project, or --project LABEL must say which: {labels}.")
    [(found, settings)] = connections(manifest, project, stack)
    return found.ref, settings
