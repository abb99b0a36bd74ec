"""One run of `preview`, `up` or `destroy`: the plan, what may come of it, the work, and how it is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from relay_provider.cli.change_report import as_report, summed
from relay_provider.cli.common import agreed, counted
from relay_provider.cli.foresight import Foresight
from relay_provider.cli.limits import Allowance
from relay_provider.cli.output import write
from relay_provider.cli.plan import DONE, Watcher
from relay_provider.cli.progress import seen
from relay_provider.cli.saved import PlanFile
from relay_provider.cli.state import Deployment, lacking, rooms_in
from relay_provider.errors import RelayError
from relay_provider.manifest import Project

if TYPE_CHECKING:
    from relay_provider.cli.recovery import Recovery
    from relay_provider.cli.stack import RoomStack

_MUCH: Final = 10_000
"""Checkpoints of so many rooms altogether take longer than to do without: for 100 new rooms, or 10 of a thousand."""
_QUESTION: Final = {"up": "Make these changes?", "destroy": "End these rooms?"}
_NOTHING: Final = {"up": "Nothing to do: {} as declared.", "destroy": "Nothing to end."}


@dataclass(frozen=True)
class AsDeclared:
    """An `up` of rooms that all stand as declared: the engine would find nothing to do."""

    rooms: int
    output: str
    about: str
    plan_file: PlanFile | None = None

    def plan(self) -> bool:
        if self.plan_file:
            self.plan_file.meet([])
        counts = {**Watcher().counts, "same": self.rooms}
        write(as_report("unchanged", [], counts, _nothing("up", self.rooms), about=self.about), self.output)
        return False

    def carry_out(self, _yes: bool) -> None:
        self.plan()


@dataclass
class EngineRun:
    """One command on the engine, and how it reports."""

    what: str
    engine: RoomStack
    recovery: Recovery
    project: str | None
    foresight: Foresight
    rooms: int
    output: str
    refresh: bool
    about: str
    """What it is, for the comments that it writes to be told apart."""
    allowance: Allowance
    may_end: Callable[[], Iterable[tuple[str, str]]]
    """The rooms that may be among those that it ends, by the state and by what was live."""
    projects: Sequence[Project] = ()
    open_in: Callable[[Deployment], Iterator[tuple[str, str]]] = lambda _: iter(())
    """What is not as declared, by a state and by what was live."""
    plan_file: PlanFile | None = None
    advice: Sequence[str] = ()
    """What is said when it has failed, after that."""

    def plan(self) -> bool:
        """Show what would be done, and save it where that was asked for; is there anything?"""
        watcher = self._planned()
        if self.plan_file:
            self.plan_file.meet(watcher.changes.values())
        return self._show(watcher, self.allowance.refusal(watcher.changes.values()))

    def _planned(self) -> Watcher:
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        self._follow("preview", stack.preview if self.what == "up" else stack.preview_destroy, watcher)
        watcher.changes = self.foresight.planned(watcher.changes)
        return watcher

    def _show(self, watcher: Watcher, over: Sequence[str] = ()) -> bool:
        changes = summed(watcher.counts)
        summary = f"Plan: {changes}." if changes else _nothing(self.what, watcher.counts["same"])
        self._report("changes" if changes else "unchanged", watcher, summary, planned=self.what, over=over)
        return bool(changes)

    def carry_out(self, yes: bool) -> None:
        """Do it once the plan is agreed to (`yes`: without asking), telling of each room, and sum up.

        Raises before anything is done where it would end more than it may, or is not what was planned.
        """
        if not (yes and self.plan_file is None and self.allowance.covers(self.may_end())):
            watcher = self._planned()
            if self.plan_file:
                self.plan_file.meet(watcher.changes.values())
            elif not (yes or self._show(watcher)):
                return
            self.allowance.check(watcher.changes.values())
        if not yes:
            agreed(_QUESTION[self.what])
        stack, watcher = self.engine.stack, Watcher(self.project, seen=self.foresight.seen)
        self.engine.settle()
        try:
            with self._sparing():
                self._follow(self.what, stack.up if self.what == "up" else stack.destroy, watcher)
        except RelayError as failure:
            error = RelayError("\n".join([str(failure), *self.advice])) if type(failure) is RelayError else failure
            if self.output != "table":
                errors, done = str(error).splitlines(), f"Done: {_done(watcher)}. " if watcher.changes else ""
                self._report("failed", watcher, f"{done}Failed: {counted(len(errors), 'error')}.", errors=errors)
            elif watcher.changes:
                click.echo(f"Done: {_done(watcher)}. Not done:")
            raise error from None
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
        write(
            as_report(result, watcher.changes.values(), watcher.counts, summary, about=self.about, **more), self.output
        )


def _nothing(what: str, rooms: int) -> str:
    return _NOTHING[what].format(counted(rooms, "room"))


def _done(watcher: Watcher) -> str:
    return ", ".join(f"{counted(n, 'room')} {DONE[kind]}" for kind, n in watcher.counts.items() if n and kind in DONE)
