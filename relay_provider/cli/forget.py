"""Rooms that the state has and whose key nobody has: what becomes of them, and how they are forgotten."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from relay_provider.cli.change_report import as_report
from relay_provider.cli.common import agreed, counted
from relay_provider.cli.output import write
from relay_provider.cli.plan import Change, Watcher
from relay_provider.cli.state import Deployment, rooms_in
from relay_provider.cli.steps import ROOM_TYPE, SET_TYPE, label_of
from relay_provider.config import Connection, Lookup
from relay_provider.errors import ConfigError
from relay_provider.place import settings_in_state

if TYPE_CHECKING:
    from relay_provider.cli.stack import RoomStack

_NAMED: Final = 20
"""Rooms that a sentence names."""


def stranded(
    state: Deployment, base: Connection, lookup: Lookup, declared: Collection[str] = ()
) -> dict[str, list[str]]:
    """The rooms by label that no run can end, as the key that the state names is not to be had; not of the `declared`
    labels, whose keys are at hand."""
    found: dict[str, list[str]] = {}
    for (label, room), entry in sorted(rooms_in(state).items()):
        if label not in declared:
            try:
                settings_in_state(entry.inputs or entry.outputs, base, lookup)
            except ConfigError:
                found.setdefault(label, []).append(room)
    return found


def advice(left: Mapping[str, Sequence[str]], command: Sequence[str]) -> list[str]:
    """What to do about them, a sentence for each label; `command` is `relay-rooms destroy` for this stack."""
    said = []
    for label, rooms in left.items():
        more = f" and {len(rooms) - _NAMED} more" if len(rooms) > _NAMED else ""
        way = shlex.join([*command, "--project", label, "--forget"])
        said.append(
            f"{counted(len(rooms), 'room')} of project {label} stay as they are, and in the state, as its key is "
            f"not to be had: {', '.join(rooms[:_NAMED])}{more}. To end them, give the key and run the same command "
            f"again; to forget them and end none, run `{way}`."
        )
    return said


def forget(engine: RoomStack, project: str | None, output: str, about: str, *, yes: bool) -> None:
    """Take the rooms, or those of one project, out of the state, and end none of them. Asks unless `yes`."""
    rooms = [key for key in sorted(rooms_in(engine.read())) if project in (None, key[0])]
    changes = [Change(label, room, "forget") for label, room in rooms]
    counts = {**Watcher().counts, "forget": len(rooms)} if rooms else Watcher().counts
    number = counted(len(rooms), "room")
    if not rooms:
        write(as_report("unchanged", [], counts, "Nothing to forget.", about=about), output)
        return
    if not yes:
        write(as_report("changes", changes, counts, f"Plan: forget {number}, and end none.", about=about), output)
        agreed("Forget these rooms?")
    engine.drop(lambda one: one["type"] in (ROOM_TYPE, SET_TYPE) and project in (None, label_of(one["urn"])))
    be = "is" if len(rooms) == 1 else "are"
    done = f"Done: {number} forgotten, which {be} left as {'it' if len(rooms) == 1 else 'they'} {be}."
    if yes:
        write(as_report("done", changes, counts, done, about=about), output)
    else:
        click.echo(done)
