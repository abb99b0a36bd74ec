"""`up --adopt`: live rooms that are as declared come into the state, and nothing happens to any room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import click

from relay_provider.backends import connect
from relay_provider.cli.change_report import as_report
from relay_provider.cli.common import about, agreed, counted, resolved
from relay_provider.cli.foresight import Foresight
from relay_provider.cli.output import write
from relay_provider.cli.plan import Change, Watcher
from relay_provider.cli.recovery import Recovery
from relay_provider.cli.stack import RoomStack
from relay_provider.cli.state import lacking
from relay_provider.drift import differences
from relay_provider.manifest import Manifest, Project
from relay_provider.model import LiveRoom


@dataclass(frozen=True)
class Found:
    """The declared rooms that the state does not have."""

    equal: Sequence[Project]
    """Live as they are declared,"""
    differing: Sequence[Change]
    """live with other settings,"""
    missing: int
    """and not live."""

    @property
    def rooms(self) -> int:
        return sum(len(one.rooms) for one in self.equal)

    @property
    def rest(self) -> str:
        """What is not taken over, in sentences."""
        said = []
        if self.differing:
            be = "is" if len(self.differing) == 1 else "are"
            said.append(f" {counted(len(self.differing), 'room')} {be} live with other settings, and left alone.")
        if self.missing:
            be = "is" if self.missing == 1 else "are"
            said.append(f" {counted(self.missing, 'room')} {be} not live: `up` makes what is missing.")
        return "".join(said)


def find(projects: Sequence[Project], live: Callable[[str, str], LiveRoom | None]) -> Found:
    """What is live of these projects' rooms."""
    equal, differing, missing = [], [], 0
    for one in projects:
        rooms = []
        for room in one.rooms:
            there = live(one.ref.label, room.name)
            if there is None:
                missing += 1
            elif fields := differences(room, there):
                differing.append(Change(one.ref.label, room.name, "differs", fields))
            else:
                rooms.append(room)
        if rooms:  # each as a resource of its own, which moves nobody; the next `up` groups them
            equal.append(replace(one, rooms=tuple(rooms), grouped=False))
    return Found(equal, differing, missing)


def adopt(manifest: Manifest, project: str | None, stack: str, output: str, *, yes: bool) -> None:
    """Take over what is live as declared, and tell of what is live otherwise, field by field. Asks unless `yes`."""
    engine = RoomStack.of(manifest, stack, None, create=True)
    base, lookup = engine.settings()
    chosen = resolved(manifest, project, base, lookup)
    for _, settings in chosen:
        connect(settings)
    recovery = Recovery(engine, base, lookup)
    state = recovery.recover(engine.read())
    foresight = Foresight(chosen, base, lookup)
    foresight.look()
    declared = [one for one, _ in chosen]
    found = find(lacking(state, declared), foresight.live)
    of = about("up --adopt", engine.workspace.project, stack, project)

    def tell(result: str, summary: str) -> None:
        taken = [Change(one.ref.label, room.name, "takeOver") for one in found.equal for room in one.rooms]
        counts = {**Watcher().counts, "takeOver": len(taken), "differs": len(found.differing)}
        counts["same"] = sum(len(one.rooms) for one in declared) - len(taken) - len(found.differing) - found.missing
        write(as_report(result, [*taken, *found.differing], counts, f"{summary}{found.rest}", about=of), output)

    if not found.equal:
        tell("unchanged", "Nothing to take over.")
        return
    if not yes:
        tell("changes", f"Plan: take over {counted(found.rooms, 'room')}.")
        agreed("Take them into the state?")
    recovery.adopt(found.equal, state)
    if yes:
        tell("done", f"Done: {counted(found.rooms, 'room')} taken over.")
    else:
        click.echo(f"Done: {counted(found.rooms, 'room')} taken over.")
