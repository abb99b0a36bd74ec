"""`relay-rooms keep`: recreates declared rooms that expired or were ended, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

import click

from relay_provider.cli.common import (
    connections,
    counted,
    files_argument,
    project_option,
    read_manifest,
    stack_option,
)
from relay_provider.cli.output import shown
from relay_provider.config import Connection
from relay_provider.drift import compare
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms
from relay_provider.manifest import Project
from relay_provider.run import Run
from relay_provider.session import Session


@click.command("keep")
@files_argument
@project_option("Keep this project's rooms only.")
@stack_option
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 86_400),
    default=30,
    show_default=True,
    metavar="S",
    help="Seconds between two looks.",
)
def keep_command(files: tuple[Path, ...], project: str | None, stack: str | None, interval: float) -> None:
    """Stay running and recreate declared rooms that are missing. Deletes and replaces nothing.

    An API that is down is asked again. SIGINT and SIGTERM end it, with exit code 0.
    """
    projects = connections(read_manifest(files), project, stack)
    asyncio.run(_keep(projects, interval))


async def _keep(projects: Sequence[tuple[Project, Connection]], interval: float) -> None:
    rooms = sum(len(project.rooms) for project, _ in projects)
    async with Session() as session:
        looking = [_kept(project, session.rooms(settings), interval) for project, settings in projects]
        # Ends by itself only when something is wrong here.
        keeping = asyncio.gather(asyncio.Event().wait(), *looking)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, keeping.cancel)
        click.echo(f"Keeping {counted(rooms, 'room')} of {counted(len(projects), 'project')}.")
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


async def _kept(project: Project, rooms: Rooms, interval: float) -> None:
    """One project: look again and again."""
    label = project.ref.label
    # Whatever a manifest allows up to do, this never ends a room.
    declared = {room.name: room.model_copy(update={"force_destroy": False}) for room in project.rooms}
    failures: dict[str, str] = {}

    def failed(what: str, error: RelayError) -> None:
        """Say it once, however often it happens."""
        if failures.get(what) != str(error):
            failures[what] = str(error)
            click.echo(f"Error: {shown(what)}: {error}", err=True)

    while True:
        try:
            missing = compare(label, declared.values(), await rooms.list()).missing
        except RelayError as error:
            failed(label, error)
            missing = ()
        else:
            if failures.pop(label, None):
                click.echo(f"{shown(label)}: the API answers again", err=True)
        for name in missing:
            try:
                await rooms.create(declared[name], Run())
            except RelayError as error:
                failed(f"{label}/{name}", error)
            else:
                failures.pop(f"{label}/{name}", None)
                click.echo(f"created {shown(label)}/{name}")
        await asyncio.sleep(interval)
