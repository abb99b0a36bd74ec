"""Reports and their three writers: a table for people, JSON for programs, Markdown for a pull request's comment.

A report is a value; what it says is decided elsewhere. Text from a server or a manifest never reaches a terminal or
a comment unescaped.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from os.path import commonprefix
from pathlib import Path
from typing import Any, Final

import click

from relay_provider.errors import RelayError, escaped

MAX_DRAWN: Final = 500
"""Rows that are drawn as a table with lines; longer ones are plain columns, which take no time."""
MAX_KEYS: Final = 20
"""Keys of one value in which two differ, that people are shown."""
MAX_SHOWN: Final = 160
"""Characters of one value that people are shown; JSON has all of them."""


_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][\w-]*")


class Code(str):
    """A name or a value: shown as code in Markdown."""

    __slots__ = ()


Cell = str | int | tuple[str, ...]
"""Text of several parts may have code among them."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


Block = tuple[Cell, Table | None]
"""A line of text (may be empty) with the table below it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a command has to say: data for programs; for people a headline, blocks, and the bottom line."""

    data: Mapping[str, Any]
    summary: str
    blocks: Sequence[Block] = field(default=())
    about: str = ""
    """What it is of: told by a comment alone, for a pipeline to find it by."""
    headline: Cell = ""
    """What a comment has in place of the summary, and"""
    sections: Sequence[Block] | None = None
    """in place of the blocks."""


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
            from relay_provider.cli.markdown import comment

            click.echo("\n".join(comment(report)))
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
    click.echo(json_text(data), nl=False)


def json_text(data: object) -> str:
    """What `write_json` writes."""
    utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    return json.dumps(data, indent=2, ensure_ascii=not utf8) + "\n"


def write_file(file: Path, text: str, mode: int = 0o666) -> None:
    """Put the file in its place, whole or not at all. Raises RelayError."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as out:
            out.write(text)
        new.replace(file)
    except OSError as error:
        raise RelayError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}.") from None


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
    return escaped("".join(text) if isinstance(text, tuple) else str(text))


def excerpts(declared: str, live: str) -> tuple[str, str]:
    """Two values cut to where they differ, if they are long."""
    if max(len(declared), len(live)) <= MAX_SHOWN:
        return declared, live
    start = max(0, len(commonprefix([declared, live])) - 20)  # noqa: RUF071, not paths
    return _cut(declared, start), _cut(live, start)


def field_rows(head: Sequence[Cell], fields: Iterable[tuple[str, str, str]]) -> list[tuple[Cell, ...]]:
    """A row for each field and its two values, cut to where they differ; the first of them begins with `head`."""
    rows: list[tuple[Cell, ...]] = []
    for name, one, other in chain.from_iterable(by_key(*each) for each in fields):
        values = map(Code, excerpts(one, other))
        rows.append((*("" if rows else cell for cell in head), Code(name), *values))
    return rows


def by_key(name: str, one: str, other: str) -> list[tuple[str, str, str]]:
    """A field of two JSON objects as the keys in which they differ, by their paths; any other as it is."""
    before, after = _object(one), _object(other)
    if before is None or after is None:
        return [(name, one, other)]
    try:
        found = list(_differing(name, before, after))
    except RecursionError:
        found = []
    if len(found) > MAX_KEYS:
        found = [*found[:MAX_KEYS], (f"{name} …", f"{len(found) - MAX_KEYS:,} more keys", "")]
    return found or [(name, one, other)]


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _differing(path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in sorted(one.keys() | other.keys()):
        before, after = (_json(side[key]) if key in side else "–" for side in (one, other))
        if before == after:
            continue
        within = f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{_json(key)}]"
        if isinstance(one.get(key), dict) and isinstance(other.get(key), dict):
            yield from _differing(within, one[key], other[key])
        else:
            yield within, before, after


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _cut(text: str, start: int) -> str:
    end = start + MAX_SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def _write_table(table: Table) -> None:
    if terminal() and len(table.rows) <= MAX_DRAWN:
        _draw(table)
        return
    lines = [[shown(cell) for cell in row] for row in chain([table.columns], table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    on_the_right = numeric(table)
    for line in lines:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, on_the_right, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def _draw(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, right in zip(table.columns, numeric(table), strict=True):
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(shown(cell)) for cell in row))
    Console().print(drawn, end="")


def numeric(table: Table) -> list[bool]:
    """Which of its columns hold numbers."""
    return [all(isinstance(row[i], int) for row in table.rows) for i in range(len(table.columns))]
