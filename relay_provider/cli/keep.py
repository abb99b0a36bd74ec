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
        keepers = [_Keeper(project, session.rooms(settings)) for project, settings in projects]
        # Ends by itself only when something is wrong with a keeper.
        keeping = asyncio.gather(asyncio.Event().wait(), *(keeper.run(interval) for keeper in keepers))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, keeping.cancel)
        click.echo(f"Keeping {counted(rooms, 'room')} of {counted(len(projects), 'project')}.")
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


class _Keeper:
    """One project."""

    def __init__(self, project: Project, rooms: Rooms) -> None:
        self._project = project
        # Whatever a manifest allows up to do, this never ends a room.
        self._declared = {room.name: room.model_copy(update={"force_destroy": False}) for room in project.rooms}
        self._rooms = rooms
        self._failures: dict[str, str] = {}

    async def run(self, interval: float) -> None:
        """Look again and again."""
        while True:
            await self._look()
            await asyncio.sleep(interval)

    async def _look(self) -> None:
        label = self._project.ref.label
        try:
            live = await self._rooms.list()
        except RelayError as error:
            self._failed(label, str(error))
            return
        self._worked(label)
        missing = compare(label, self._declared.values(), live).missing
        for name in missing:
            try:
                await self._rooms.create(self._declared[name], Run())
            except RelayError as error:
                self._failed(f"{label}/{name}", str(error))
            else:
                self._failures.pop(f"{label}/{name}", None)
                click.echo(f"created {shown(label)}/{name}")

    def _failed(self, what: str, why: str) -> None:
        """Say it once, however often it happens."""
        if self._failures.get(what) != why:
            self._failures[what] = why
            click.echo(f"Error: {shown(what)}: {why}", err=True)

    def _worked(self, what: str) -> None:
        if self._failures.pop(what, None):
            click.echo(f"{shown(what)}: the API answers again", err=True)
