from __future__ import annotations

import re

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from relay_provider.cli.app import app
from relay_provider.cli.output import Code, Report, Table, _markdown, code, excerpts, prose, shown
from relay_provider.errors import RelayError

pytestmark = pytest.mark.unit
markdown = MarkdownIt("commonmark").enable("table")


def cells(text: str) -> list[list[Token]]:
    tokens = markdown.parse(text)
    return [tokens[i + 1].children or [] for i, token in enumerate(tokens) if token.type == "td_open"]


def said(tokens: list[Token]) -> str:
    """What a reader sees of a cell."""
    return "".join(token.content for token in tokens if token.type != "html_inline")


# A lone carriage return and the like are shown escaped; a table's cell cannot begin or end with a space.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda t: t == t.strip())
nasty = st.text("|`\\*_<>&@#[]()!~\n\"' ab", min_size=1, max_size=12).filter(lambda t: t == t.strip())


@given(texts | nasty, texts | nasty)
@example("_\\|_", "_\\|_")
def test_what_is_written_in_markdown_is_what_is_read(one: str, two: str) -> None:
    report = Report({}, "x", [("", Table(("A", "B"), [(Code(one), two)]))])
    first, second = cells("\n".join(_markdown(report)))
    assert said(first) == shown(one)
    assert said(second) == shown(two)
    assert {token.type for token in first} <= {"code_inline", "html_inline", "text", "text_special"}
    assert {token.type for token in second} <= {"text", "text_special", "html_inline"}


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("a", "`a`"),
        ("a|b", "`a\\|b`"),
        ("a`b", "``a`b``"),
        ("`a`", "`` `a` ``"),
        ("a\nb", "`a\\nb`"),
        ("a\\|b", "<code>a&#92;&#124;b</code>"),
        ("", ""),
    ],
)
def test_code(text: str, is_: str) -> None:
    assert code(text) == is_


def test_nobody_is_mentioned() -> None:
    assert "@org" not in prose("hello @org/team")


@pytest.mark.parametrize("bare", ["https://evil.example/x", "WWW.evil.example", "ftp://evil", "evil.example", "//evil"])
def test_nothing_in_markdown_becomes_a_link_by_itself(bare: str) -> None:
    tokens = markdown.parseInline(prose(f"look at {bare}!"))[0].children or []
    assert said(tokens) == f"look at {bare}!"
    assert not [token for token in tokens if re.search(r"//|\w\.\w", token.content)]


def test_a_terminal_is_safe() -> None:
    assert shown("\u200b\u061c\ufeff\u2066") == "\\u200b\\u061c\\ufeff\\u2066"
    assert shown("a\x1b]0;x\x07\u202eb\x85") == "a\\u001b]0;x\\u0007\\u202eb\\u0085"


def test_an_error_is_safe_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RelayError("room a\u202eb\u200b is wrong")

    monkeypatch.setattr(click.Group, "main", fail)
    with pytest.raises(SystemExit):
        app()
    assert capsys.readouterr().err == "Error: room a\\u202eb\\u200b is wrong\n"


def test_long_values_are_cut_to_where_they_differ() -> None:
    one, two = excerpts("x" * 1000 + "1" + "y" * 1000, "x" * 1000 + "2")
    assert one.startswith("…xxx")
    assert one.endswith("y…")
    assert "1" in one
    assert two.endswith("x2")
    assert max(len(one), len(two)) < 200
    assert excerpts("a", "b") == ("a", "b")
