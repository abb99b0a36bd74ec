"""`relay-rooms preview`, `up` and `destroy`: the manifest through the Pulumi engine."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from relay_provider.backends import connect
from relay_provider.cli import saved
from relay_provider.cli.asked import Asked
from relay_provider.cli.change_report import as_report
from relay_provider.cli.common import (
    chosen,
    exit_code_option,
    files_argument,
    manifest_files,
    project_option,
    read_manifest,
    resolved,
)
from relay_provider.cli.foresight import Foresight
from relay_provider.cli.forget import advice, forget, stranded
from relay_provider.cli.limits import Allowance, limit_options
from relay_provider.cli.output import output_option, terminal, write
from relay_provider.cli.plan import Watcher
from relay_provider.cli.runs import AsDeclared, EngineRun
from relay_provider.cli.state import Wanted, at_rest, left_over, own_state, rooms_in
from relay_provider.cli.workspace import Workspace
from relay_provider.config import Connection, Lookup
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.place import home_of
from relay_provider.run import KEYS_CHECKED, MANIFEST

if TYPE_CHECKING:
    from relay_provider.cli.recovery import Recovery
    from relay_provider.cli.stack import RoomStack

F = TypeVar("F", bound=Callable[..., Any])


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
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the plan for `up --plan`."
)
def preview_command(drift_exit_code: int, save: Path | None, **options: Any) -> int:
    """Show what `up` would do. Changes nothing.

    Exit code 0: nothing to do; 2: there are changes; 1: an error.
    """
    asked = Asked("preview", plan=save, **options)
    return drift_exit_code if _up(asked, asked.typed("up", yes=True)).plan() else 0


@click.command("up")
@_engine_options
@_yes_option
@limit_options
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Do what `preview --save` has written there, or nothing if anything changed since; does not ask.",
)
@click.option(
    "--adopt", is_flag=True, help="Only take over the live rooms that are as declared, and show those that are not."
)
def up_command(yes: bool, adopt: bool, **options: Any) -> None:
    """Make the rooms as declared: create, replace and end what is not so.

    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    A plan that ends more rooms of a project than it may is not carried out.
    """
    _can_ask("up", yes or options["plan"] is not None, options["output"])
    asked = Asked.of("up", **options)
    if adopt:
        if asked.plan:
            raise RelayError("--adopt takes no --plan: it does nothing to any room.")
        from relay_provider.cli import adopt as adopting

        manifest = read_manifest(asked.files)
        chosen(manifest, asked.project)
        adopting.adopt(manifest, asked.project, asked.stack, asked.output, yes=yes)
        return
    _up(asked, asked.typed("up", yes)).carry_out(yes or asked.saved is not None)


@click.command("destroy")
@_engine_options
@_yes_option
@limit_options
@click.option("--forget", "forgets", is_flag=True, help="End none of the rooms: only take them out of the state.")
def destroy_command(yes: bool, forgets: bool, **options: Any) -> None:
    """End every declared room and forget it.

    FILE may be broken or gone by now; a manifest that is gone is ended by its name too: `destroy NAME`.
    Shows the plan and asks, unless --yes is given. A room with people in it is ended only if its forceDestroy says so.
    Of a project with more than a few rooms, --max-ends has to say how many may end.
    """
    from relay_provider.cli.stack import NoStack, stack_to_end

    _can_ask("destroy", yes, options["output"])
    asked = Asked.of("destroy", **options)
    try:
        if forgets:
            engine = stack_to_end(asked.files, asked.stack)
            forget(engine, asked.project, asked.output, asked.about(engine.workspace.project), yes=yes)
            return
        run = _destroy(asked, asked.typed("destroy", yes))
    except NoStack as error:
        others = f" There is one of {', '.join(error.others)}." if error.others else ""
        nothing = f"Nothing to end: there is no stack {asked.stack} of {error.project}.{others}"
        write(as_report("unchanged", [], Watcher().counts, nothing, about=asked.about(error.project)), asked.output)
        return
    run.carry_out(yes)


def _can_ask(what: str, yes: bool, output: str) -> None:
    if not yes and not (sys.stdin.isatty() and terminal() and output == "table"):
        raise RelayError(f"`{what}` shows its plan and asks on a terminal; elsewhere it needs --yes. Nothing was done.")


def _up(asked: Asked, command: list[str]) -> EngineRun | AsDeclared:
    files, project, stack, refresh = manifest_files(asked.files), asked.project, asked.stack, asked.refresh
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
    scope = saved.Scope.of(workspace.project, files, stack, project, refresh) if asked.plan else None
    if asked.plan and asked.saved and scope:
        saved.check_scope(asked.plan, asked.saved, scope)
    state = own_state(workspace, stack) if workspace.local and refresh else None
    engine = None if state else opened()
    before = engine.read() if engine else state or {}
    if asked.plan and asked.saved:  # and once more when a killed run was made good
        saved.check_state(asked.plan, asked.saved, before)
    base, lookup = engine.settings() if engine else (load_settings(), lambda _: None)
    # Before a room is touched: a replacement that ends one must be able to make it again.
    found = resolved(manifest, project, base, lookup)
    for _, settings in found:
        connect(settings)
    projects = [one for one, _ in found]
    rooms = sum(len(one.rooms) for one in projects)
    recovery = _recovery(engine, base, lookup) if engine else None
    if engine and recovery:
        exported, before = before, recovery.recover(before, projects)
        if asked.plan and asked.saved:
            saved.check_state(asked.plan, asked.saved, before)
        recovered = before is not exported
        state = None if recovered or workspace.local or not (refresh and engine.judges(before)) else before
    foresight = Foresight(found, base, lookup, manifest.projects)
    foresight.look()

    wanted = Wanted(projects, base, foresight.live, alone=project is not None)
    homes = {one.ref.label: home_of(settings) for one, settings in found}
    plan_file = None
    if asked.plan and scope:
        plan_file = saved.PlanFile(asked.plan, asked.saved, scope, before, projects, homes, foresight.live)
    if state and at_rest(state, workspace.project, stack) and not any(wanted.unsettled(state)):
        workspace.prepare()
        return AsDeclared(rooms, asked.output, asked.about(workspace.project), plan_file)
    engine = engine or opened()
    told_in_part = project or any(one.grouped for one in manifest.projects)  # or bit by bit
    whole = {MANIFEST: os.pathsep.join(str(file.resolve()) for file in files)} if told_in_part else {}
    engine.tell({KEYS_CHECKED: "true", **whole})
    recovery = recovery or _recovery(engine, base, lookup)
    return EngineRun(
        "up",
        engine,
        recovery,
        project,
        foresight,
        rooms,
        asked.output,
        refresh,
        asked.about(workspace.project),
        Allowance.of(projects, command, asked.limits),
        lambda: wanted.endable(before),
        projects,
        wanted.unsettled,
        plan_file,
        _advice(asked, stranded(before, base, lookup, {one.ref.label for one in manifest.projects})),
    )


def _destroy(asked: Asked, command: list[str]) -> EngineRun:
    from relay_provider.cli.stack import stack_to_end

    _one_label(asked.project)
    engine = stack_to_end(asked.files, asked.stack)
    base, lookup = engine.settings()
    recovery = _recovery(engine, base, lookup)
    state = recovery.recover(engine.read())
    there = [key for key in (*rooms_in(state), *left_over(state)) if asked.project in (None, key[0])]
    allowance = Allowance.of(engine.projects, command, asked.limits, Counter(label for label, _ in there))
    foresight = Foresight([], base, lookup)
    return EngineRun(
        "destroy",
        engine,
        recovery,
        asked.project,
        foresight,
        0,
        asked.output,
        asked.refresh,
        asked.about(engine.workspace.project),
        allowance,
        lambda: there,
        advice=_advice(asked, stranded(state, base, lookup)),
    )


def _advice(asked: Asked, left: Mapping[str, Sequence[str]]) -> list[str]:
    own = {label: rooms for label, rooms in left.items() if asked.project in (None, label)}
    return advice(own, replace(asked, project=None, refresh=True, plan=None).typed("destroy", yes=False))


def _recovery(engine: RoomStack, base: Connection, lookup: Lookup) -> Recovery:
    from relay_provider.cli.recovery import Recovery

    return Recovery(engine, base, lookup)


def _one_label(project: str | None) -> None:
    if project is not None and "*" in project:
        raise RelayError(f'--project cannot choose "{project}" alone: a * means any label to Pulumi.')
