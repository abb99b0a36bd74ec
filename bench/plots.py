"""Plots of the times by rooms, as SVG: both axes logarithmic, a line for each way."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from html import escape
from pathlib import Path

from bench.results import Results
from bench.ways import PHASES, WAYS

WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 860, 440, 60, 40, 520, 350
COLOURS = ["#999999", "#0072b2", "#d55e00", "#cc79a7", "#009e73", "#e69f00", "#56b4e9", "#882255", "#117733", "#000000"]

Lines = dict[str, list[tuple[float, float]]]


def plots(results: Results, folder: Path) -> Iterator[tuple[str, Path]]:
    """Write one for each phase and latency; their titles and files."""
    folder.mkdir(parents=True, exist_ok=True)
    for latency in sorted({one.latency for one in results.runs}):
        for phase, title in PHASES.items():
            if lines := _lines(results, latency, phase):
                file, full = folder / f"{phase}-{latency:g}ms.svg", f"{title}, API latency {latency:g} ms"
                file.write_text(svg(full, lines))
                yield full, file


def _lines(results: Results, latency: float, phase: str) -> Lines:
    found: dict[str, dict[int, list[float]]] = {}
    for one in results.runs:
        if (one.latency, one.phase) == (latency, phase) and not one.failed:
            found.setdefault(one.way, {}).setdefault(one.rooms, []).append(one.seconds)
    return {
        way: [(rooms, statistics.median(times)) for rooms, times in sorted(found[way].items())]
        for way in WAYS
        if way in found
    }


def svg(title: str, lines: Lines) -> str:
    """One plot: rooms to the right, seconds upwards."""
    rooms = sorted({x for line in lines.values() for x, _ in line})
    times = [y for line in lines.values() for _, y in line]
    low, high = (10.0**bound for bound in (math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))))

    def x(value: float) -> float:
        return LEFT + PLOT_WIDTH * _share(value, rooms[0], rooms[-1])

    def y(value: float) -> float:
        return TOP + PLOT_HEIGHT * (1 - _share(value, low, high))

    def text(at: tuple[float, float], content: str, anchor: str = "start", colour: str = "#333333") -> str:
        return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(content)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 13px }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text((LEFT, 22), f"{title}: seconds by rooms"),
    ]
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}h{PLOT_WIDTH}" stroke="#dddddd"/>')
        parts.append(text((LEFT - 8, at + 4), f"{10.0**power:g}", "end"))
    parts += [text((x(count), TOP + PLOT_HEIGHT + 20), f"{count:,g}", "middle") for count in rooms]
    for number, (way, line) in enumerate(lines.items()):
        again, index = divmod(list(WAYS).index(way), len(COLOURS))
        colour, dashes = COLOURS[index], ' stroke-dasharray="6 4"' if again else ""
        points = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x(one):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>' for one, value in line]
        parts.append(
            text(
                (LEFT + PLOT_WIDTH + 16, TOP + 20 * number + 10),
                WAYS[way].title + (", dashed" if again else ""),
                colour=colour,
            )
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if low == high else math.log(value / low) / math.log(high / low)
