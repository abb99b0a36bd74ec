"""Tables of what was measured, as Markdown, which is read as well on a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bench.plots import plots
from bench.results import Figure, Results, Run
from bench.ways import BARE, FLOOR, PEER, PHASES, SET_FLOOR, SETS, WAYS

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
DOORS = ("plugin", "manifest", "tofu", "terraform")
DOORS_PAGE = "pulumi-or-terraform.md"
"""Beside the page of all figures: those of the doors that people choose between."""
NONE = "–"


class Table:
    """Runs by what they were of."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = [*runs]

    def found(self, way: str, rooms: int, latency: float, phase: str) -> list[Run]:
        """By round, without those that failed."""
        wanted = (way, rooms, latency, phase)
        return [one for one in self.runs if (one.way, one.rooms, one.latency, one.phase) == wanted and not one.failed]

    def failed(self, way: str, rooms: int, latency: float, phase: str) -> bool:
        wanted = (way, rooms, latency, phase)
        return any((one.way, one.rooms, one.latency, one.phase) == wanted and one.failed for one in self.runs)

    def median(
        self, way: str, rooms: int, latency: float, phase: str, of: Callable[[Run], float | None]
    ) -> float | None:
        known = [value for one in self.found(way, rooms, latency, phase) if (value := of(one)) is not None]
        return statistics.median(known) if known else None

    def ratio(self, way: str, other: str, rooms: int, latency: float, phase: str) -> float | None:
        """The median of the rounds' ratios of time."""
        theirs = {one.round: one.seconds for one in self.found(other, rooms, latency, phase)}
        ratios = [
            one.seconds / theirs[one.round] for one in self.found(way, rooms, latency, phase) if one.round in theirs
        ]
        return statistics.median(ratios) if ratios else None

    def values(self, of: Callable[[Run], float]) -> list[float]:
        return sorted({of(one) for one in self.runs})

    @property
    def ways(self) -> list[str]:
        there = {one.way for one in self.runs}
        return [way for way in WAYS if way in there]


def markdown(results: Results) -> str:
    """Everything, below one another."""
    return "\n\n".join(
        [f"Measured with {_machine(results)}.", *_of_runs(Table(results.runs)), *_of_figures(results.figures)]
    )


def _machine(results: Results) -> str:
    return "; ".join(f"{name}: {value}" for name, value in results.machine.items())


def _of_runs(table: Table) -> Iterator[str]:
    for latency in table.values(lambda one: one.latency):
        at = Table(one for one in table.runs if one.latency == latency)
        counts = [int(count) for count in at.values(lambda one: one.rooms)]
        yield f"### API latency {latency:g} ms"
        for phase, title in PHASES.items():
            rows = [[WAYS[way].title, *(_time(at, way, count, latency, phase) for count in counts)] for way in at.ways]
            rows = [row for row in rows if set(row[1:]) != {NONE}]
            if rows:
                yield f"**{title[0].upper()}{title[1:]}**, seconds (÷ Go provider)"
                yield grid(["rooms", *(f"{count:,}" for count in counts)], rows)
        for count in counts:
            yield f"**{count:,} rooms**, in detail"
            yield grid(
                _DETAIL, [_detail(at, way, count, latency) for way in at.ways if at.found(way, count, latency, "up")]
            )


_DETAIL = [
    "", "up, s", "÷ Go", "÷ floor", "÷ bare", "CPU, s", "of a refresh", "provider, MiB", "requests: up", "refresh",
    "destroy", "state: writes in up", "in up, no change", "kB a room",
]  # fmt: skip


def _time(table: Table, way: str, count: int, latency: float, phase: str, against: str = PEER) -> str:
    if table.failed(way, count, latency, phase):
        return "fails"
    seconds = table.median(way, count, latency, phase, lambda one: one.seconds)
    ratio = table.ratio(way, against, count, latency, phase)
    return shown(seconds) + (f" ({ratio:.2f})" if ratio is not None and way != against else "")


def _detail(table: Table, way: str, count: int, latency: float) -> list[str]:
    def of(phase: str, what: Callable[[Run], float | None]) -> float | None:
        return table.median(way, count, latency, phase, what)

    state = of("up", lambda one: one.state)
    memory = of("up", lambda one: one.memory)
    floor = SET_FLOOR if way in SETS else FLOOR
    return [
        WAYS[way].title,
        shown(of("up", lambda one: one.seconds)),
        *(shown(table.ratio(way, other, count, latency, "up"), 2) for other in (PEER, floor, BARE)),
        *(shown(of(phase, lambda one: one.cpu)) for phase in ("up", "refresh")),
        shown(memory and memory / 1024, 0),
        *(shown(of(phase, lambda one: sum(one.requests.values())), 0) for phase in ("up", "refresh", "destroy")),
        *(shown(of(phase, lambda one: one.writes), 0) for phase in ("up", "again")),
        shown(state and state / count / 1000, 2),
    ]


def _of_figures(figures: dict[str, list[Figure]]) -> Iterator[str]:
    for name, some in figures.items():
        rows = [[one.what, _with(one.mine, one.unit), _with(one.theirs, one.unit), shown(one.ratio, 2)] for one in some]
        yield f"### {name}"
        yield grid(["", "here", "bare", "ratio"], rows)


def _with(number: float | None, unit: str) -> str:
    return NONE if number is None else f"{shown(number)} {unit}" if unit else f"{number:,g}"


def shown(number: float | None, digits: int = 1) -> str:
    return NONE if number is None else f"{number:,.{digits}f}"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned: words to the left, numbers to the right."""
    widths = [max(3, *(len(row[column]) for row in [head, *rows])) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if not n else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *others])} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def doors(results: Results) -> str:
    """The doors side by side, without latency."""
    table = Table(one for one in results.runs if one.way in DOORS and not one.latency)
    phases = [phase for phase in PHASES if phase not in ("again", "change")]
    rows = [
        [
            f"{int(count):,} rooms: {WAYS[way].title}",
            *(_time(table, way, int(count), 0, phase, DOORS[0]) for phase in phases),
        ]
        for count in table.values(lambda one: one.rooms)
        for way in table.ways
        if table.found(way, int(count), 0, "up")
    ]
    heads = [PHASES[phase] for phase in phases]
    return f"Seconds (÷ the plugin's), measured with {_machine(results)}.\n\n{grid(['', *heads], rows)}"


def fill(docs: Path, results: Results) -> None:
    """Put the tables and the plots between the markers of a page, and the plots into the folder beside it. The page of
    the doors beside it gets its table, too, if it is there."""
    folder = docs.with_suffix("")
    text = _parts(docs)
    links = [f"![{title}]({folder.name}/{file.name})" for title, file in plots(results, folder)]
    docs.write_text(_filled(text, "\n\n".join([*links, markdown(results)])))
    beside = docs.with_name(DOORS_PAGE)
    if beside.exists():
        beside.write_text(_filled(_parts(beside), doors(results)))


def _parts(page: Path) -> tuple[str, str]:
    """What is before and after what is filled."""
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page} has no {BEGIN} … {END} to fill.")
    return text.partition(BEGIN)[0], text.partition(END)[2]


def _filled(parts: tuple[str, str], between: str) -> str:
    before, after = parts
    return f"{before}{BEGIN}\n\n{between}\n\n{END}{after}"
