"""`relay-rooms preview`, `up` and `destroy`: the manifest through the Pulumi engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from relay_provider.backends import connect
from relay_provider.cli.common import (
    DEFAULT_FILE,
    chosen,
    counted,
    files_argument,
    manifest_files,
    project_option,
    read_manifest,
    resolved,
)
from relay_provider.cli.engine import Engine, NoStack, Place, stack_settings
from relay_provider.cli.output import output_option, terminal, write
from relay_provider.cli.plan import DONE, KINDS, ROOM_TYPE, Watcher, as_report
from relay_provider.cli.progress import Progress
from relay_provider.errors import RelayError
from relay_provider.manifest import Project

F = TypeVar("F", bound=Callable[..., Any])

_WORDS: Final = {"up": "Make these changes?", "destroy": "End these rooms?"}


def _engine_options(command: F) -> F:
    for option in (
        click.option("--refresh/--no-refresh", default=True, show_default=True, help="First see what is live."),
        output_option(),
        click.option("-s", "--stack", default="dev", show_default=True, metavar="NAME", help="The Pulumi stack."),
        project_option("Only this project's rooms; the others stay as they are."),
        files_argument,
    ):
        command = option(command)
    return command


_yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command("preview")
@_engine_options
@click.option(
    "--drift-exit-code",
    type=click.IntRange(0, 255),
    default=2,
    metavar="N",
    show_default=True,
    help="Exit code when there are changes.",
)
def preview_command(drift_exit_code: int, **options: Any) -> int:
    """Show what `up` would do. Changes nothing.

    Exit code 0: nothing to do; 2: there are changes; 1: an error.
    """
    run = _Run.of_manifest(**options)
    plan = run.preview()
    run.report("changes" if plan.changes else "unchanged", plan, _planned(plan))
    return drift_exit_code if plan.changes else 0


@click.command("up")
@_engine_options
@_yes_option
def up_command(yes: bool, **options: Any) -> None:
    """Make the rooms as declared: create, replace and end what is not so.

    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    """
    _must_be_able_to_ask("up", yes, options["output"])
    run = _Run.of_manifest(**options)
    if not yes:
        plan = run.preview()
        run.report("changes" if plan.changes else "unchanged", plan, _planned(plan))
        if not plan.changes:
            return
        _ask("up")
    run.carry_out("up", run.engine.stack.up, "as declared")


@click.command("destroy")
@_engine_options
@_yes_option
def destroy_command(yes: bool, **options: Any) -> None:
    """End every declared room and forget it.

    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    """
    _must_be_able_to_ask("destroy", yes, options["output"])
    try:
        run = _Run.of_state(**options)
    except NoStack:
        write(
            as_report("unchanged", [], Watcher().counts, f"Nothing to end: there is no stack {options['stack']}."),
            options["output"],
        )
        return
    if not yes:
        plan = run.preview_destroy()
        run.report("changes" if plan.changes else "unchanged", plan, _planned(plan))
        if not plan.changes:
            return
        _ask("destroy")
    run.carry_out("destroy", run.engine.stack.destroy, "left")


class _Run:
    """One command's engine, its options, and how it reports."""

    def __init__(self, engine: Engine, project: str | None, rooms: int, output: str, refresh: bool) -> None:
        self.engine = engine
        self._rooms = rooms
        self._output = output
        self._options: dict[str, Any] = {"refresh": refresh or None}
        if project is not None:
            urn = f"urn:pulumi:{engine.stack.name}::{engine.place.project}::{ROOM_TYPE}::{project}/**"
            self._options["target"] = [urn]

    @classmethod
    def of_manifest(cls, files: tuple[Path, ...], project: str | None, stack: str, output: str, refresh: bool) -> _Run:
        files = manifest_files(files)
        projects = chosen(read_manifest(files), project)
        rooms = sum(len(found.rooms) for found in projects)

        def program() -> None:
            from relay_provider import declare_rooms

            declare_rooms(*files)

        engine = Engine(Place.beside(files[0]), stack, program, create=True)
        _can_connect(projects, engine)
        return cls(engine, project, rooms, output, refresh)

    @classmethod
    def of_state(cls, files: tuple[Path, ...], project: str | None, stack: str, output: str, refresh: bool) -> _Run:
        """What is declared does not matter, only where: a manifest that is broken or gone can still be destroyed."""
        place = Place.beside(files[0] if files else DEFAULT_FILE)
        if not files and not place.folder.exists():
            manifest_files(files)
        return cls(Engine(place, stack, None, create=False), project, 0, output, refresh)

    def preview(self) -> Watcher:
        return self._watched("preview", self.engine.stack.preview)

    def preview_destroy(self) -> Watcher:
        return self._watched("destroy", self.engine.stack.preview_destroy)

    def carry_out(self, what: str, operation: Callable[..., object], state: str) -> None:
        """Do it, telling of each room, and sum up."""
        watcher = Watcher()
        try:
            self._watched(what, operation, watcher)
        except RelayError as error:
            if self._output != "table":
                self.report("failed", watcher, "Failed: " + " ".join(str(error).splitlines()))
            elif watcher.changes:
                click.echo(f"Before that: {_counted_changes(watcher, done=True)}.")
            raise
        done = _counted_changes(watcher, done=True)
        same = watcher.counts["same"]
        summary = f"Done: {done}." if done else f"Nothing to do: {counted(same, 'room')} {state}."
        if self._output == "table":
            click.echo(summary)
        else:
            self.report("done" if done else "unchanged", watcher, summary)

    def report(self, result: str, watcher: Watcher, summary: str) -> None:
        write(as_report(result, watcher.changes.values(), watcher.counts, summary), self._output)

    def _watched(self, what: str, operation: Callable[..., object], watcher: Watcher | None = None) -> Watcher:
        planning = watcher is None
        watcher = Watcher() if watcher is None else watcher
        with Progress(
            what if not planning else "preview", self._rooms, lines=not planning and self._output == "table"
        ) as progress:
            watcher.on_change, watcher.on_step = progress.change, progress.step
            with self.engine.failing(what, watcher.errors):
                operation(on_event=watcher, color="never", suppress_progress=True, **self._options)
        if watcher.failure:
            raise watcher.failure
        return watcher


def _planned(plan: Watcher) -> str:
    changes = _counted_changes(plan, done=False)
    return f"Plan: {changes}." if changes else f"Nothing to do: {counted(plan.counts['same'], 'room')} as declared."


def _counted_changes(watcher: Watcher, *, done: bool) -> str:
    counts = watcher.counts
    if done:
        return ", ".join(f"{counted(counts[kind], 'room')} {DONE[kind]}" for kind in KINDS if counts[kind])
    return ", ".join(f"{kind} {counted(counts[kind], 'room')}" for kind in KINDS if counts[kind])


def _must_be_able_to_ask(what: str, yes: bool, output: str) -> None:
    if not yes and not (sys.stdin.isatty() and terminal() and output == "table"):
        raise RelayError(f"`{what}` shows its plan and asks on a terminal; elsewhere it needs --yes. Nothing was done.")


def _ask(what: str) -> None:
    if not click.confirm(_WORDS[what]):
        raise RelayError("Nothing was changed.")


def _can_connect(projects: Sequence[Project], engine: Engine) -> None:
    """Find missing keys before a room is touched: a replacement that ends a room must be able to make it again."""
    for _, settings in resolved(projects, *stack_settings(engine)):
        connect(settings)
