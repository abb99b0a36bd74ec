"""A run that would end more rooms than it may does nothing, and says what to type if it is meant."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from relay_provider.cli.common import counted
from relay_provider.cli.plan import Change
from relay_provider.errors import RelayError
from relay_provider.limits import ALWAYS, MOST, PERCENT, UNSAID, EndLimits
from relay_provider.manifest import Project

F = TypeVar("F", bound=Callable[..., Any])

_FLAG: Final = "--max-ends"


def limit_options(command: F) -> F:
    """`--max-ends N` and `--max-ends-percent P`."""
    for option in (
        click.option(
            "--max-ends-percent",
            type=click.IntRange(0, 100),
            metavar="P",
            help=f"End at most so many percent of a project's declared rooms, and always {ALWAYS}. "
            f"Without this and {_FLAG}: as the manifest says, or {PERCENT}.",
        ),
        click.option(
            _FLAG, type=click.IntRange(0, MOST), metavar="N", help="End at most so many rooms of each project."
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Allowance:
    """How many rooms of each project one run may end."""

    declared: Mapping[str, int]
    """The declared rooms by label, or for `destroy` those that the state has."""
    limits: Mapping[str, EndLimits]
    """What the manifest says, by label."""
    given: EndLimits
    """What the command line says; then the manifest does not count."""
    command: Sequence[str]
    """What was typed, without limits."""

    @classmethod
    def of(
        cls,
        projects: Iterable[Project],
        command: Sequence[str],
        given: EndLimits,
        declared: Mapping[str, int] | None = None,
    ) -> Allowance:
        """That of a run for these projects; `declared` is how many rooms there are by label, if not those of them."""
        found = {one.ref.label: one for one in projects}
        rooms = {label: len(one.rooms) for label, one in found.items()} if declared is None else declared
        return cls(rooms, {label: one.limits for label, one in found.items()}, given, command)

    def covers(self, rooms: Iterable[tuple[str, str]]) -> bool:
        """May all of these rooms (labels and names) be ended?"""
        return not self._over(Counter(label for label, _ in rooms))

    def check(self, changes: Iterable[Change]) -> None:
        """Raise where these changes would end more than may be."""
        if said := self.refusal(changes):
            way = said.pop()
            raise RelayError("\n".join([*said, f"Nothing was done. If these rooms are meant to end: {way}"]))

    def refusal(self, changes: Iterable[Change]) -> list[str]:
        """What is said where these changes would end more than may be, of each project; and last the command for it."""
        ended = Counter(change.project for change in changes if change.would_end)
        over = self._over(ended)
        if not over:
            return []
        lines = [
            f"Project {label}: {counted(ended[label], 'room')} would be ended, of {self.declared.get(label, 0):,} "
            f"declared, and at most {allowed:,} may be{self._limit(label)}."
            for label, allowed in over.items()
        ]
        way = shlex.join([*self.command, _FLAG, str(max(ended[label] for label in over))])
        return [*lines, f"`{way}`"]

    def _over(self, ended: Mapping[str, int]) -> dict[str, int]:
        allowed = {label: self._limit(label).allowed(self.declared.get(label, 0)) for label in sorted(ended)}
        return {label: most for label, most in allowed.items() if ended[label] > most}

    def _limit(self, label: str) -> EndLimits:
        return self.given or self.limits.get(label, UNSAID)
