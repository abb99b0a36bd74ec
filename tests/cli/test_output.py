from __future__ import annotations

import json
import re

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from relay_provider.cli.app import app
from relay_provider.cli.change_report import as_report
from relay_provider.cli.drift import as_report as drift_report
from relay_provider.cli.markdown import FOLDED, MAX_COMMENT, code, comment, prose
from relay_provider.cli.output import Code, Report, Table, by_key, excerpts, shown
from relay_provider.cli.plan import Change
from relay_provider.drift import ChangedRoom, DriftReport, FieldDifference, ProjectDrift
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Outlook

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
    first, second = cells("\n".join(comment(report)))
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
        ("<b>", "<code>&#60;b&#62;</code>"),
        ("", ""),
    ],
)
def test_code(text: str, is_: str) -> None:
    assert code(text) == is_


def test_code_in_a_line_of_its_own_has_no_escapes_of_tables() -> None:
    assert list(comment(Report({}, "x", [(Code("a|b\\|c"), None)])))[-1] == "`a|b\\|c`"


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


def rendered(report: Report) -> list[Token]:
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse("\n".join(comment(report)))


FOREIGN = [
    "@org/team",
    "https://evil.example/x?y",
    "www.evil.example",
    "<img src=x onerror=alert(1)><!--",
    "-->",
    "</details>",
    "a|b",
    "`code`",
    "``",
    "\\|",
    "**bold** [x](http://y.z)",
    "![x](http://y.z/p.png)",
    "#1 GH-2 org/repo#3 !4 ~bug :tada: 0123456789abcdef0123456789abcdef01234567",
    "\u202e\n\r\n# heading",
]
INLINE = ("text", "code_inline", "strong_open", "strong_close", "html_inline", "text_special")
LIVE = re.compile(r"@\w|//|www\.|#\d|GH-\d|!\d|~\w|:\w+:|\b[0-9a-f]{7,40}\b|\w\.\w|<")


@pytest.mark.parametrize("text", FOREIGN)
def test_nothing_of_a_room_or_a_person_is_live_in_a_comment(text: str) -> None:
    """Forges make mentions, references and links of what is rendered, except in code."""
    change = Change(
        text,
        text,
        "replace",
        (FieldDifference("metadata", json.dumps({text: text}), json.dumps({text: {"b": text}})),),
        outlook=Outlook((text, text), refused=False),
    )
    noted = Change(text, text, "delete", note=text)
    planned = as_report("changes", [change, noted], {"replace": 1}, "Plan.", planned="up", errors=[text], about=text)
    drift = ProjectDrift(text, 0, (text,), (ChangedRoom(text, (FieldDifference("metadata", text, "x"),)),), (text,), ())
    for report in (planned, drift_report(DriftReport((drift,)), text)):
        comments = 0
        for token in rendered(report):
            assert token.type not in ("heading_open", "link_open", "image", "fence", "blockquote_open", "hr")
            if token.type == "html_block":
                comments += 1
                assert re.fullmatch(r"<!-- relay-rooms: [^<>]* -->\n", token.content)
            in_code = False
            for part in token.children or ():
                in_code = (in_code or part.content == "<code>") and part.content != "</code>"
                assert part.type in INLINE
                assert part.type != "html_inline" or part.content in ("<!-- -->", "<code>", "</code>")
                assert part.type != "text" or in_code or not LIVE.search(part.content)
        assert comments == 1


def test_a_comment_is_found_by_its_first_line() -> None:
    abouts = ("preview a/dev", "preview b/dev", "drift a --> b")
    assert [next(comment(Report({}, "x", about=about))) for about in abouts] == [
        "<!-- relay-rooms: preview a/dev -->",
        "<!-- relay-rooms: preview b/dev -->",
        "<!-- relay-rooms: drift a --%3E b -->",
    ]


def test_long_lists_are_folded_and_a_comment_never_grows_too_long() -> None:
    def of(rows: int, text: str = "x") -> str:
        return "\n".join(comment(Report({}, "x", [("", Table(("A",), [(Code(text),)] * rows))])))

    assert "<details>" not in of(FOLDED)
    assert "<details><summary>21 rows</summary>\n\n| A |" in of(FOLDED + 1)
    assert of(FOLDED + 1).endswith("\n\n</details>")
    long = of(5000, "y" * 100)
    assert len(long) < MAX_COMMENT + 1000
    assert re.search(r"\n[\d,]+ more lines are left out, as a comment cannot hold them\.$", long)
    errors = [(Code("z" * 300), None)] * 1000
    assert len("\n".join(comment(Report({}, "x", errors)))) < MAX_COMMENT + 1000


def test_a_table_for_each_project_and_who_is_thrown_out_comes_first() -> None:
    def change(project: str, room: str, kind: str, *people: str, refused: bool = False) -> Change:
        outlook = Outlook(people, refused) if people else None
        return Change(project, room, kind, outlook=outlook, refused=refused)

    found = [
        change("acme", "a", "create"),
        change("acme", "b", "delete"),
        change("acme", "z", "delete", "ana", "bob"),
        change("beta", "c", "replace", "cy", refused=True),
    ]
    lines = list(comment(as_report("changes", found, {}, "Plan: x.", planned="up")))
    assert lines == [
        "**Plan: x.**",
        "",
        "2 people in 1 room would be disconnected.",
        "",
        "1 room with 1 person would not be ended, and fail the run.",
        "",
        "`acme`: create 1 room, delete 2 rooms",
        "",
        "| Room | Change | People | Field | Before | After |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `z` | delete \\(ends the room\\) | disconnects 2 people: ana, bob |  |  |  |",
        "| `b` | delete \\(ends the room\\) |  |  |  |  |",
        "| `a` | create |  |  |  |  |",
        "",
        "`beta`: replace 1 room",
        "",
        "| Room | Change | People | Field | Before | After |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `c` | replace \\(ends the room\\) | refused, 1 person: cy |  |  |  |",
        "",
        "2 rooms are no longer declared.",
    ]
    unchanged = as_report("unchanged", [], {}, "Nothing to do: 2 rooms as declared.", about="preview a/dev")
    nothing = list(comment(unchanged))
    assert nothing[2:] == ["**No changes. Nothing to do: 2 rooms as declared.**"]


def test_metadata_is_told_by_the_keys_that_differ() -> None:
    one = '{"a":1,"b":{"c":"x","d":[1]},"e e":true,"same":0}'
    other = '{"b":{"c":"y","d":[1]},"e e":{},"new":"n","same":0}'
    assert by_key("metadata", one, other) == [
        ("metadata.a", "1", "–"),
        ("metadata.b.c", '"x"', '"y"'),
        ('metadata["e e"]', "true", "{}"),
        ("metadata.new", "–", '"n"'),
    ]
    for text in ("", "x", "[1]", "{", "5"):
        assert by_key("metadata", text, other) == [("metadata", text, other)]
    deep = '{"a":' * 900 + "1" + "}" * 900
    assert by_key("metadata", deep, deep.replace("1", "2"))
    many = json.dumps({str(number): 1 for number in range(50)})
    assert by_key("metadata", many, "{}")[-1] == ("metadata …", "30 more keys", "")
