"""The state is written once, at the end of a run, and a run that was killed before is made good by the next one.

Which rooms it makes that the state lacks is noted before; a run that finds such a note takes those that are live into
the state, and all the rest is the engine's usual work.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final
from uuid import uuid4

import click

from relay_provider.cli.common import counted
from relay_provider.cli.intent import Intent, alive, begun, lost, stale, without
from relay_provider.cli.plan import Watcher
from relay_provider.cli.pulumi_program import Interrupted
from relay_provider.cli.stack import Held, RoomStack
from relay_provider.cli.state import Deployment, lacking, written
from relay_provider.cli.tags import NOTES, change, tags
from relay_provider.config import Connection, Lookup
from relay_provider.errors import RelayError
from relay_provider.manifest import Project
from relay_provider.run import ADOPTING

_SKIP: Final = "PULUMI_SKIP_CHECKPOINTS"
_LONGEST: Final = 120_000
"""Characters that an argument of a program may have, or a few less."""


class Recovery:
    """What one command has to do with the notes of its stack."""

    def __init__(self, engine: RoomStack, base: Connection, lookup: Lookup) -> None:
        self._engine = engine
        self._settings = base, lookup
        self._found: tuple[str, ...] = ()

    def recover(self, state: Deployment, declared: Collection[Project] = ()) -> Deployment:
        """Take what killed runs have made into the state, unless the `declared` rooms will take over all of it as it
        is. The state by then: the very same one where there was no such run."""
        notes = self._notes()
        self._change(dict.fromkeys(old := stale(notes, state)))
        self._found = tuple(notes.keys() - old)
        noted = [*lost(notes, state), *begun(state)]
        made = alive(noted, *self._settings)
        if any(without(made, declared)):  # then all, since a note counts no longer once the state is written
            self.adopt(made, state)
            rooms = counted(sum(len(one.rooms) for one in made), "room")
            click.echo(f"A run was killed before it wrote its state. It had made {rooms}, known now.", err=True)
        return self._engine.read() if noted else state

    @contextmanager
    def sparing(self, state: Deployment, creates: Sequence[Project], *, worth: bool) -> Iterator[None]:
        """Within this, the engine writes the state at its end alone, if that is `worth` it or a note has to count until
        then; `creates` are rooms that the `state` does not have yet."""
        given, name = os.environ.get(_SKIP), None
        spare = bool(worth or self._found) if given is None else given.lower() in ("true", "1")
        if spare and self._engine.workspace.whole:
            name = self._note(creates, state)
            if name or not creates:
                self._engine.tell({_SKIP: "true"})
        own = [name] if name else []
        try:
            yield
        except Held:  # this run has done nothing
            self._change(dict.fromkeys(own))
            raise
        except RelayError as error:
            now = self._engine.read() if creates else state
            if written(now) != written(state):  # otherwise the engine was killed
                self._failed(lacking(now, creates), now, own, error)
            raise
        self._change(dict.fromkeys([*self._found, *own]))

    def _failed(self, left: Sequence[Project], state: Deployment, own: Sequence[str], error: RelayError) -> None:
        """A run has ended, and `left` is what its state lacks. What was made all the same (by a provider that was
        killed, or whose answer was lost) is noted for the next run."""
        if isinstance(error, Interrupted):
            if not self._engine.workspace.local:  # where it takes programs, which are no longer started
                return
            left = left if error.at_once else ()
        else:
            with suppress(RelayError):
                left = alive(left, *self._settings)
        self._note(left, state)
        self._change(dict.fromkeys(own))

    def _notes(self) -> dict[str, str]:
        engine = self._engine
        if not engine.workspace.whole:
            return {}
        with engine.failing("stack tag"):
            found = tags(engine.workspace, engine.name, engine.command)
        return {name: text for name, text in found.items() if name.startswith(NOTES)}

    def _note(self, creates: Sequence[Project], state: Deployment) -> str | None:
        """Note beside the state that these rooms are made. The note's name; None where there are none, or it is too
        long for the backend."""
        text = Intent(written(state), tuple(creates)).as_tag()
        if not creates or (len(text) > _LONGEST and not self._engine.workspace.local):
            return None
        name = f"{NOTES}{uuid4().hex[:12]}"
        self._change({name: text})
        return name

    def _change(self, changes: Mapping[str, str | None]) -> None:
        engine = self._engine
        if changes:
            with engine.failing("stack tag"):
                change(engine.workspace, engine.name, engine.command, changes)

    def adopt(self, projects: Sequence[Project], state: Deployment) -> None:
        """Take rooms that are live as declared here into the state, by a run of the engine that makes nothing."""

        def program() -> None:
            from relay_provider.dynamic.declared import declare_projects

            declare_projects(projects)

        engine = self._engine
        urns = [engine.urn(one.ref.label, room.name) for one in projects for room in one.rooms]
        watcher, before = Watcher(), engine.stack.workspace.env_vars
        engine.tell({ADOPTING: "true", _SKIP: "true"})
        try:
            with engine.failing("up", watcher.errors):
                engine.stack.up(program=program, target=urns, on_event=watcher, color="never", suppress_progress=True)
        except RelayError:
            if written(now := engine.read()) != written(state):  # notes beside the one of before no longer count
                self._note(lacking(now, projects), now)
            raise
        finally:
            engine.stack.workspace.env_vars = before
