"""What is seen while the engine works: a bar on a terminal, a line for each changed room elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

import click

from relay_provider.cli.output import shown
from relay_provider.cli.plan import DONE, Change, Watcher

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_PHASES: Final = {
    "refresh": "Looking at what is live",
    "preview": "Planning",
    "up": "Working",
    "destroy": "Ending rooms",
}


@contextmanager
def seen(watcher: Watcher, what: str, rooms: int, *, lines: bool) -> Iterator[None]:
    """Within this, the run that `watcher` follows is seen: `rooms` are to be worked on, `lines` tells of each.

    The bar goes to standard error, so that the output stays clean in a pipe.
    """
    bar: Bar | None = None
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        bar.add_task(_PHASES[what], total=rooms or None)

    def step(phase: str, ended: int, begun: int) -> None:
        if bar:
            doing = _PHASES["refresh" if phase == "refresh" else what]
            bar.update(bar.task_ids[0], description=doing, completed=ended, total=max(rooms, begun))

    def change(change: Change) -> None:
        line = f"{DONE[change.kind]} {shown(change.name)}"
        if bar and sys.stdout.isatty():
            bar.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line)

    watcher.on_step = step
    if lines:
        watcher.on_change = change
    with bar or nullcontext():
        yield
