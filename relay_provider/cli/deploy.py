"""`relay-rooms preview`, `up` and `destroy`: the manifest through the Pulumi engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from relay_provider.backends import connect
from relay_provider.cli.common import (
    chosen,
    counted,
    exit_code_option,
    files_argument,
    manifest_files,
    project_option,
    read_manifest,
    resolved,
)
from relay_provider.cli.foresight import Foresight
from relay_provider.cli.output import output_option, terminal, write
from relay_provider.cli.plan import DONE, SAID, Watcher, as_report
from relay_provider.cli.progress import seen
from relay_provider.cli.stack import NoStack, RoomStack, stack_to_end
from relay_provider.errors import RelayError
from relay_provider.run import KEYS_CHECKED, MANIFEST

F = TypeVar("F", bound=Callable[..., Any])

_QUESTION: Final = {"up": "Make these changes?", "destroy": "End these rooms?"}
_NOTHING: Final = {"up": "Nothing to do: {} as declared.", "destroy": "Nothing to end."}


def _engine_options(command: F) -> F:
    for option in (
        click.option("--refresh/--no-refresh", default=True, show_default=True, help="First see what is live."),
        output_option,
        click.option("-s", "--stack", default="dev", show_default=True, metavar="NAME", help="The Pulumi stack."),
        project_option("Only this project's rooms; the others stay as they are."),
        files_argument,
    ):
        command = option(command)
    return command


_yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command("preview")
@_engine_options
@exit_code_option("when there are changes")
def preview_command(drift_exit_code: int, **options: Any) -> int:
    """Show what `up` would do. Changes nothing.

    Exit code 0: nothing to do; 2: there are changes; 1: an error.
    """
    return drift_exit_code if _up(**options).plan() else 0


@click.command("up")
@_engine_options
@_yes_option
def up_command(yes: bool, **options: Any) -> None:
    """Make the rooms as declared: create, replace and end what is not so.

    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    """
    _can_ask("up", yes, options["output"])
    _up(**options).carry_out(yes)


@click.command("destroy")
@_engine_options
@_yes_option
def destroy_command(yes: bool, **options: Any) -> None:
    """End every declared room and forget it.

    FILE may be broken or gone by now; a manifest that is gone is ended by its name too: `destroy NAME`.
    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    """
    _can_ask("destroy", yes, options["output"])
    try:
        run = _destroy(**options)
    except NoStack as error:
        others = f" There is one of {', '.join(error.others)}." if error.others else ""
        nothing = f"Nothing to end: there is no stack {options['stack']} of {error.project}.{others}"
        write(as_report("unchanged", [], Watcher().counts, nothing), options["output"])
        return
    run.carry_out(yes)


def _can_ask(what: str, yes: bool, output: str) -> None:
    if not yes and not (sys.stdin.isatty() and terminal() and output == "table"):
        raise RelayError(f"`{what}` shows its plan and asks on a terminal; elsewhere it needs --yes. Nothing was done.")


def _up(files: tuple[Path, ...], project: str | None, stack: str, **options: Any) -> _Run:
    files = manifest_files(files)
    manifest = read_manifest(files)
    chosen(manifest, project)  # a label that there is, before a stack is made

    def program() -> None:
        from relay_provider import declare_rooms

        declare_rooms(*files)

    engine = RoomStack.of(manifest, stack, program, create=True)
    # Before a room is touched: a replacement that ends one must be able to make it again.
    base, lookup = engine.settings()
    found = resolved(manifest, project, base, lookup)
    for _, settings in found:
        connect(settings)
    told_in_part = project or any(one.grouped for one in manifest.projects)  # or bit by bit
    whole = {MANIFEST: os.pathsep.join(str(file.resolve()) for file in files)} if told_in_part else {}
    engine.tell({KEYS_CHECKED: "true", **whole})
    foresight = Foresight(found, base, lookup, manifest.projects)
    return _Run("up", engine, project, foresight, rooms=sum(len(one.rooms) for one, _ in found), **options)


def _destroy(files: tuple[Path, ...], project: str | None, stack: str, **options: Any) -> _Run:
    engine = stack_to_end(files, stack)
    return _Run("destroy", engine, project, Foresight([], *engine.settings()), rooms=0, **options)


@dataclass
class _Run:
    """One command on the engine, and how it reports."""

    what: str
    engine: RoomStack
    project: str | None
    foresight: Foresight
    rooms: int
    output: str
    refresh: bool

    def __post_init__(self) -> None:
        if self.project is not None and "*" in self.project:
            raise RelayError(f'--project cannot choose "{self.project}" alone: a * means any label to Pulumi.')
        self.foresight.look()

    def plan(self) -> bool:
        """Show what would be done; is there anything?"""
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        self._follow("preview", stack.preview if self.what == "up" else stack.preview_destroy, watcher)
        watcher.changes = self.foresight.planned(watcher.changes)
        done = [(kind, n) for kind, n in watcher.counts.items() if n and kind in DONE]
        changes = ", ".join(f"{SAID.get(kind, kind)} {counted(n, 'room')}" for kind, n in done)
        summary = f"Plan: {changes}." if changes else self._nothing(watcher)
        self._report("changes" if changes else "unchanged", watcher, summary, planned=self.what)
        return bool(changes)

    def carry_out(self, yes: bool) -> None:
        """Do it once the plan is agreed to (`yes`: without asking), telling of each room, and sum up."""
        if not (yes or self.plan()):
            return
        if not (yes or click.confirm(_QUESTION[self.what])):
            raise RelayError("Nothing was changed.")
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        if self.what == "up":
            self.engine.settle()
        try:
            self._follow(self.what, stack.up if self.what == "up" else stack.destroy, watcher)
        except RelayError as error:
            if self.output != "table":
                errors, done = str(error).splitlines(), f"Done: {_done(watcher)}. " if watcher.changes else ""
                self._report("failed", watcher, f"{done}Failed: {counted(len(errors), 'error')}.", errors=errors)
            elif watcher.changes:
                click.echo(f"Done: {_done(watcher)}. Not done:")
            raise
        summary = f"Done: {_done(watcher)}." if watcher.changes else self._nothing(watcher)
        if self.output == "table":
            click.echo(summary)  # the changes were told one by one
        else:
            self._report("done" if watcher.changes else "unchanged", watcher, summary)

    def _follow(self, phase: str, operation: Callable[..., object], watcher: Watcher) -> None:
        changing = phase != "preview"
        options: dict[str, Any] = {"refresh": self.refresh or None, "color": "never", "suppress_progress": True}
        if self.project is not None:
            options["target"] = self.engine.urns(self.project)
        if changing:  # one room that is refused keeps no other from being as declared
            options["continue_on_error"] = True
        lines = changing and self.output == "table"
        with seen(watcher, phase, self.rooms, lines=lines), self.engine.failing(phase, watcher.errors):
            operation(on_event=watcher, **options)
        if watcher.failure:
            raise watcher.failure

    def _report(self, result: str, watcher: Watcher, summary: str, **more: Any) -> None:
        write(as_report(result, watcher.changes.values(), watcher.counts, summary, **more), self.output)

    def _nothing(self, watcher: Watcher) -> str:
        return _NOTHING[self.what].format(counted(watcher.counts["same"], "room"))


def _done(watcher: Watcher) -> str:
    return ", ".join(f"{counted(n, 'room')} {DONE[kind]}" for kind, n in watcher.counts.items() if n and kind in DONE)
