"""Reports and their three writers: a table for people, JSON for programs, Markdown for a pull request's comment.

A report is a value; what it says is decided elsewhere. Text from a server or a manifest never reaches a terminal or
a comment unescaped.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from os.path import commonprefix
from typing import Any, Final

import click

from relay_provider.errors import escaped

MAX_DRAWN: Final = 500
"""Rows that are drawn as a table with lines; longer ones are plain columns, which take no time."""
MAX_SHOWN: Final = 160
"""Characters of one value that people are shown; JSON has all of them."""

_LIVE: Final = re.compile(r"(?<=@)|(?<=/)(?=/)|(?<=[^\s.])(?=\.[^\s.\d])")
"""Where text must be broken lest a renderer makes a mention or a link of it: `@name`, `scheme://…`, `host.name`."""


class Code(str):
    """A name or a value: shown as code in Markdown."""

    __slots__ = ()


Cell = str | int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Report:
    """What a command has to say: data for programs; for people a headline, blocks, and the bottom line."""

    data: Mapping[str, Any]
    summary: str
    blocks: Sequence[tuple[str, Table | None]] = field(default=())
    """Each a line of text (may be empty) with the table below it."""


output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(("table", "json", "markdown")),
    default="table",
    help="How to report.",
    show_default=True,
)


def write(report: Report, output: str) -> None:
    """Write the report to standard output."""
    match output:
        case "json":
            write_json(report.data)
        case "markdown":
            click.echo("\n".join(_markdown(report)))
        case _:
            for line, table in report.blocks:
                if line:
                    click.echo(shown(line))
                if table:
                    _write_table(table)
                    click.echo()
            click.echo(shown(report.summary))


def write_json(data: object) -> None:
    """JSON as programs like it: indented, keys in the documented order, UTF-8 where the output can hold it."""
    utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(data, indent=2, ensure_ascii=not utf8))


def terminal() -> bool:
    """Does a person look at standard output?"""
    return sys.stdout.isatty()


def waiting(what: str) -> AbstractContextManager[object]:
    """A sign of life on a terminal while a server is asked (and asked again, when it is down)."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(what)


def shown(text: Cell) -> str:
    """Text made safe for a terminal and a line."""
    return escaped(str(text))


def excerpts(declared: str, live: str) -> tuple[str, str]:
    """Two values cut to where they differ, if they are long."""
    if max(len(declared), len(live)) <= MAX_SHOWN:
        return declared, live
    start = max(0, len(commonprefix([declared, live])) - 20)  # noqa: RUF071, not paths
    return _cut(declared, start), _cut(live, start)


def field_rows(head: Sequence[Cell], fields: Iterable[tuple[str, str, str]]) -> list[tuple[Cell, ...]]:
    """A row for each field and its two values, cut to where they differ; the first of them begins with `head`."""
    rows: list[tuple[Cell, ...]] = []
    for name, one, other in fields:
        values = map(Code, excerpts(one, other))
        rows.append((*("" if rows else cell for cell in head), Code(name), *values))
    return rows


def _cut(text: str, start: int) -> str:
    end = start + MAX_SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def _write_table(table: Table) -> None:
    if terminal() and len(table.rows) <= MAX_DRAWN:
        _draw(table)
        return
    lines = [[shown(cell) for cell in row] for row in chain([table.columns], table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numeric = _numeric(table)
    for line in lines:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def _draw(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, right in zip(table.columns, _numeric(table), strict=True):
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(shown(cell)) for cell in row))
    Console().print(drawn, end="")


def _numeric(table: Table) -> list[bool]:
    return [all(isinstance(row[i], int) for row in table.rows) for i in range(len(table.columns))]


def _markdown(report: Report) -> Iterable[str]:
    yield f"**{prose(report.summary)}**"
    for line, table in report.blocks:
        if line:
            yield from ("", prose(line))
        if table:
            yield ""
            yield f"| {' | '.join(map(_markdown_cell, table.columns))} |"
            yield f"|{'|'.join(' ---: ' if right else ' --- ' for right in _numeric(table))}|"
            for row in table.rows:
                yield f"| {' | '.join(_markdown_cell(cell) for cell in row)} |"


def _markdown_cell(cell: Cell) -> str:
    return code(cell) if isinstance(cell, Code) else prose(str(cell))


def prose(text: str) -> str:
    """Text in Markdown that means nothing but itself: no markup, no HTML, no mention, no link."""
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", shown(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIVE.sub("<!-- -->", text)


def code(text: str) -> str:
    """Text as a code span that fits into a table's cell."""
    if not text:
        return ""
    text = shown(text)
    if "\\|" in text:  # inside a table's code span there is no way to write this
        return "<code>" + re.sub(r"[^A-Za-z0-9 ]", lambda found: f"&#{ord(found[0])};", text) + "</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")
