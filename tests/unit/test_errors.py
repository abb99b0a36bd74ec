"""Messages never hold a secret, and stay on one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.errors import InvalidInputs, Problem, escaped, quoted, redacted
from tests.unit.strategies import quick

pytestmark = pytest.mark.unit

TOKEN = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=12, max_size=40)
KEYS = st.tuples(st.sampled_from(["sk_live_", "sk_test_"]), TOKEN)
BEARERS = st.tuples(st.sampled_from(["Bearer ", "bearer  ", "BEARER\t", "Authorization: Bearer "]), TOKEN)
JWTS = st.tuples(st.builds("eyJ{}.".format, TOKEN), st.builds("{}.{}".format, TOKEN, TOKEN))
AROUND = st.text("abexyz .,:;=_-\n\t\"'{}()ü😀", max_size=30)
SECRETS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ +/=ü", min_size=8, max_size=30).filter(str.strip)


@quick
@given(AROUND, KEYS | BEARERS | JWTS, AROUND)
def test_nothing_that_looks_like_a_key_gets_through(before: str, key: tuple[str, str], after: str) -> None:
    mark, hidden = key
    text = f"{before}{mark}{hidden}{after}"
    assert hidden not in redacted(text)
    assert hidden not in quoted(text, limit=10_000)


@quick
@given(st.lists(AROUND, min_size=2, max_size=4), SECRETS)
def test_a_known_secret_never_gets_through(pieces: list[str], secret: str) -> None:
    assert secret not in redacted(secret.join(pieces), [secret])


@quick
@given(SECRETS, SECRETS, AROUND)
def test_a_secret_that_begins_with_another_is_hidden_whole(one: str, rest: str, around: str) -> None:
    for secrets in ([one, one + rest], [one + rest, one]):
        assert redacted(f"<{one + rest}>", secrets) == "<***>"


@quick
@given(st.text(st.characters(categories=None)), st.integers(1, 300))
def test_quoted_text_is_one_short_printable_line(text: str, limit: int) -> None:
    shown = quoted(text, limit=limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\tb", "a b"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\x9b31mred", "31mred"),
        ("abc\u202egnp.exe", "abc gnp.exe"),
        ("a\u2028b", "a b"),
        ("a\ud800b", "a b"),
        ("a\u200bb\u061cc\ufeffd", "a b c d"),
        ("  plain words, ü, 😀  ", "plain words, ü, 😀"),
        ("", ""),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 200, "x" * 200),
    ],
)
def test_quoted_text_cannot_move_the_cursor_or_end_the_line(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_a_key_is_hidden_before_the_text_is_cut() -> None:
    assert quoted("sk_live_0123456789 and more", limit=15) == "sk_live_*** an…"


@pytest.mark.parametrize("text", ["the sky is live", "bearers of news", "eyJ", "sk_live_", "risk_living_x"])
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert redacted(text) == text


def test_an_empty_secret_hides_nothing() -> None:
    assert redacted("words", ["", ""]) == "words"


def test_invalid_inputs_name_every_problem() -> None:
    error = InvalidInputs("The room is wrong", [Problem("name", "is required"), Problem("metadata", "is too long")])
    assert str(error) == "The room is wrong: name: is required; metadata: is too long"
    assert [problem.path for problem in error.problems] == ["name", "metadata"]


@pytest.mark.parametrize("escape", [quoted, escaped])
def test_what_cannot_be_seen_does_not_pass_for_nothing(escape: Callable[[str], str]) -> None:
    unseen = [chr(c) for c in range(sys.maxunicode + 1) if category(chr(c)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    passed = [character for character in unseen if character in escape(f"a{character}b")]
    assert passed == []


def test_what_is_escaped_can_be_read_back() -> None:
    text = "a\n\x7f\x85\u200b\u202e\ufeff\U000e0041 ü 😀"
    assert json.loads(f'"{escaped(text)}"') == text
