"""`relay-rooms preview`, `up` and `destroy`: the manifest through the Pulumi engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

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
from relay_provider.cli.state import Deployment, at_rest, lacking, own_state, rooms_in, unsettled
from relay_provider.cli.workspace import Workspace
from relay_provider.config import Connection, Lookup
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.manifest import Project
from relay_provider.run import KEYS_CHECKED, MANIFEST

if TYPE_CHECKING:
    from relay_provider.cli.recovery import Recovery
    from relay_provider.cli.stack import RoomStack

F = TypeVar("F", bound=Callable[..., Any])

_MUCH: Final = 10_000
"""Checkpoints of so many rooms altogether take longer than to do without: for 100 new rooms, or 10 of a thousand."""
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
    from relay_provider.cli.stack import NoStack

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


def _up(files: tuple[Path, ...], project: str | None, stack: str, output: str, refresh: bool) -> _Run | _AsDeclared:
    files = manifest_files(files)
    manifest = read_manifest(files)
    chosen(manifest, project)  # a label that there is, before a stack is made
    _one_label(project)

    def program() -> None:
        from pulumi import log

        from relay_provider import declare_rooms

        log.debug = lambda *_, **__: None  # four requests to the engine for each room, which nobody reads here
        declare_rooms(*files)

    def opened() -> RoomStack:
        from relay_provider.cli.stack import RoomStack  # and Pulumi's SDK, which takes half a second

        return RoomStack.of(manifest, stack, program, create=True)

    workspace = Workspace.of(manifest)
    state = own_state(workspace, stack) if workspace.local and refresh else None
    engine = None if state else opened()
    base, lookup = engine.settings() if engine else (load_settings(), lambda _: None)
    # Before a room is touched: a replacement that ends one must be able to make it again.
    found = resolved(manifest, project, base, lookup)
    for _, settings in found:
        connect(settings)
    projects = [one for one, _ in found]
    rooms = sum(len(one.rooms) for one in projects)
    recovery = _recovery(engine, base, lookup) if engine else None
    if engine and recovery:
        state = engine.read()
        if recovery.recover(state, projects) or workspace.local or not (refresh and engine.judges(state)):
            state = None
    foresight = Foresight(found, base, lookup, manifest.projects)
    foresight.look()

    def open_in(state: Deployment) -> Iterator[tuple[str, str]]:
        return unsettled(state, projects, base, foresight.live, alone=project is not None)

    if state and at_rest(state, workspace.project, stack) and not any(open_in(state)):
        workspace.prepare()
        return _AsDeclared(rooms, output)
    engine = engine or opened()
    told_in_part = project or any(one.grouped for one in manifest.projects)  # or bit by bit
    whole = {MANIFEST: os.pathsep.join(str(file.resolve()) for file in files)} if told_in_part else {}
    engine.tell({KEYS_CHECKED: "true", **whole})
    recovery = recovery or _recovery(engine, base, lookup)
    return _Run("up", engine, recovery, project, foresight, rooms, output, refresh, projects, open_in)


def _destroy(files: tuple[Path, ...], project: str | None, stack: str, **options: Any) -> _Run:
    from relay_provider.cli.stack import stack_to_end

    _one_label(project)
    engine = stack_to_end(files, stack)
    base, lookup = engine.settings()
    recovery = _recovery(engine, base, lookup)
    recovery.recover(engine.read())
    return _Run("destroy", engine, recovery, project, Foresight([], base, lookup), rooms=0, **options)


def _recovery(engine: RoomStack, base: Connection, lookup: Lookup) -> Recovery:
    from relay_provider.cli.recovery import Recovery

    return Recovery(engine, base, lookup)


def _one_label(project: str | None) -> None:
    if project is not None and "*" in project:
        raise RelayError(f'--project cannot choose "{project}" alone: a * means any label to Pulumi.')


@dataclass(frozen=True)
class _AsDeclared:
    """An `up` of rooms that all stand as declared: the engine would find nothing to do."""

    rooms: int
    output: str

    def plan(self) -> bool:
        counts = {**Watcher().counts, "same": self.rooms}
        write(as_report("unchanged", [], counts, _nothing("up", self.rooms)), self.output)
        return False

    def carry_out(self, _yes: bool) -> None:
        self.plan()


@dataclass
class _Run:
    """One command on the engine, and how it reports."""

    what: str
    engine: RoomStack
    recovery: Recovery
    project: str | None
    foresight: Foresight
    rooms: int
    output: str
    refresh: bool
    projects: Sequence[Project] = ()
    open_in: Callable[[Deployment], Iterator[tuple[str, str]]] = lambda _: iter(())
    """What is not as declared, by a state and by what was live."""

    def plan(self) -> bool:
        """Show what would be done; is there anything?"""
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        self._follow("preview", stack.preview if self.what == "up" else stack.preview_destroy, watcher)
        watcher.changes = self.foresight.planned(watcher.changes)
        done = [(kind, n) for kind, n in watcher.counts.items() if n and kind in DONE]
        changes = ", ".join(f"{SAID.get(kind, kind)} {counted(n, 'room')}" for kind, n in done)
        summary = f"Plan: {changes}." if changes else _nothing(self.what, watcher.counts["same"])
        self._report("changes" if changes else "unchanged", watcher, summary, planned=self.what)
        return bool(changes)

    def carry_out(self, yes: bool) -> None:
        """Do it once the plan is agreed to (`yes`: without asking), telling of each room, and sum up."""
        if not (yes or self.plan()):
            return
        if not (yes or click.confirm(_QUESTION[self.what])):
            raise RelayError("Nothing was changed.")
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        self.engine.settle()
        try:
            with self._sparing():
                self._follow(self.what, stack.up if self.what == "up" else stack.destroy, watcher)
        except RelayError as error:
            if self.output != "table":
                errors, done = str(error).splitlines(), f"Done: {_done(watcher)}. " if watcher.changes else ""
                self._report("failed", watcher, f"{done}Failed: {counted(len(errors), 'error')}.", errors=errors)
            elif watcher.changes:
                click.echo(f"Done: {_done(watcher)}. Not done:")
            raise
        summary = f"Done: {_done(watcher)}." if watcher.changes else _nothing(self.what, watcher.counts["same"])
        if self.output == "table":
            click.echo(summary)  # the changes were told one by one
        else:
            self._report("done" if watcher.changes else "unchanged", watcher, summary)

    def _sparing(self) -> AbstractContextManager[None]:
        """A checkpoint takes time by the size of the state, and a large run has many."""
        state = self.engine.read()
        if self.what == "destroy":
            return self.recovery.sparing(state, [], worth=True)
        sets = {one.ref.label for one in self.projects if one.grouped}  # whose rooms make one step
        work = sum(label not in sets for label, _ in self.open_in(state)) * max(self.rooms, len(rooms_in(state)))
        return self.recovery.sparing(state, lacking(state, self.projects), worth=work >= _MUCH)

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


def _nothing(what: str, rooms: int) -> str:
    return _NOTHING[what].format(counted(rooms, "room"))


def _done(watcher: Watcher) -> str:
    return ", ".join(f"{counted(n, 'room')} {DONE[kind]}" for kind, n in watcher.counts.items() if n and kind in DONE)
