"""A report as a comment on a pull request.

Text of rooms and people stands in code spans, where no renderer makes anything of it; what is prose means itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from relay_provider.cli.output import Cell, Code, Report, Table, numeric, shown

FOLDED: Final = 20
"""Rows above which a table is folded."""
MAX_COMMENT: Final = 60_000
"""Characters of a comment; forges take some more (GitHub 65,536)."""

_LIVE: Final = re.compile(
    r"(?<=@)"  # @name
    r"|(?<=/)(?=/)"  # scheme://…
    r"|(?<=[^\s.])(?=\.[^\s.\d])"  # host.name
    r"|(?<=[#!~%$:])(?=\w)|(?<=&amp;)(?=\w)"  # #1, !1, ~label, %1, $1, :name:, &1
    r"|(?<=\bGH-)(?=\d)|(?<=\b[0-9a-f]{6})(?=[0-9a-f])"  # GH-1, commits
)
"""Where text must be broken lest a forge makes a mention, a reference or a link of it."""


def marker(about: str) -> str:
    """The line by which a pipeline finds the comment that it is to edit: invisible, and of this report alone."""
    return f"<!-- relay-rooms: {quote(about, safe=' /:@+')} -->"


def comment(report: Report) -> Iterator[str]:
    """The lines of the comment."""
    if report.about:
        yield from (marker(report.about), "")
    yield f"**{_text(report.headline or report.summary)}**"
    left, out = MAX_COMMENT, 0
    for line, table in report.blocks if report.sections is None else report.sections:
        if line:
            said = list(_fitting([_text(line)], left))
            left -= sum(map(len, said))
            out += not said
            yield from ("", *said) if said else ()
        if table:
            rows = list(_fitting(map(_row, table.rows), left))
            left -= sum(map(len, rows))
            out += len(table.rows) - len(rows)
            yield from _table(table, rows)
    if out:
        yield from ("", f"{out:,} more lines are left out, as a comment cannot hold them.")


def prose(text: str) -> str:
    """Text in Markdown that means nothing but itself: no markup, no HTML, no mention, no reference, no link."""
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", shown(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIVE.sub("<!-- -->", text)


def code(text: str, in_table: bool = True) -> str:
    """Text as a code span, which fits into a table's cell unless it is not to."""
    if not text:
        return ""
    text = shown(text)
    if "<" in text or (in_table and "\\|" in text):  # there is no way to write the latter inside a table's code span
        return "<code>" + re.sub(r"[^A-Za-z0-9 ]", lambda found: f"&#{ord(found[0])};", text) + "</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|" if in_table else "|")


def _text(text: Cell, in_table: bool = False) -> str:
    if isinstance(text, tuple):
        return "".join(_text(part, in_table) for part in text)
    return code(text, in_table) if isinstance(text, Code) else prose(str(text))


def _row(cells: Iterable[Cell]) -> str:
    return f"| {' | '.join(_text(cell, in_table=True) for cell in cells)} |"


def _fitting(rows: Iterable[str], left: int) -> Iterator[str]:
    for row in rows:
        left -= len(row) + 1
        if left < 0:
            return
        yield row


def _table(table: Table, rows: list[str]) -> Iterator[str]:
    folded = len(table.rows) > FOLDED
    if folded:
        yield from ("", f"<details><summary>{len(table.rows):,} rows</summary>")
    yield from ("", _row(table.columns), f"|{'|'.join(' ---: ' if right else ' --- ' for right in numeric(table))}|")
    yield from rows
    if folded:
        yield from ("", "</details>")
