"""What is seen while the engine works: a bar on a terminal, a line for each changed room elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from relay_provider.cli.output import shown
from relay_provider.cli.plan import DONE, Change

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PHASES: Final = {
    "refresh": "Looking at what is live",
    "preview": "Planning",
    "up": "Working",
    "destroy": "Ending rooms",
}


class Progress:
    """Follows one run. The bar goes to standard error, so that the output stays clean in a pipe."""

    def __init__(self, what: str, rooms: int, *, lines: bool) -> None:
        self._what = what
        self._rooms = rooms
        self._lines = lines
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
            self._bar.start()
            self._bar.add_task(_PHASES[self._what], total=self._rooms or None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, phase: str, ended: int, begun: int) -> None:
        """So many rooms have entered this phase, and so many are through."""
        if self._bar:
            what = _PHASES["refresh" if phase == "refresh" else self._what]
            self._bar.update(self._bar.task_ids[0], description=what, completed=ended, total=max(self._rooms, begun))

    def change(self, change: Change) -> None:
        """A room has been changed."""
        if self._lines:
            line = f"{DONE[change.kind]} {shown(change.name)}"
            if self._bar and sys.stdout.isatty():
                self._bar.console.print(line, markup=False, highlight=False)
            else:
                click.echo(line)
