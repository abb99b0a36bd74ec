"""docs/troubleshooting.md quotes what the code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
QUOTED = re.findall(r"^### `([^`]*[….;][^`]*)`$", PAGE, re.MULTILINE)


def said() -> Iterator[str]:
    """Every text in the code, with `…` for what is filled in."""
    for file in (ROOT / "relay_provider").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(one.value if isinstance(one, ast.Constant) else "…" for one in node.values)  # type: ignore[misc]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"\{\w*\}", "…", node.value)


SAID = list(said())


def test_there_are_sentences_of_every_kind() -> None:
    assert len(QUOTED) > 20


@pytest.mark.parametrize("sentence", QUOTED)
def test_a_sentence_is_one_that_the_code_says(sentence: str) -> None:
    """A quotation may begin and end anywhere; what is left out in it is what the code fills in."""
    pattern = re.compile(".*?".join(map(re.escape, sentence.strip("…").split("…"))), re.DOTALL)
    assert any(pattern.search(text) for text in SAID)


def test_the_words_are_plain() -> None:
    """As people say it, in what they read: messages, schemas and pages."""
    foreign = re.compile(
        r"\b(made anew|makes? it anew|in the clear|an? defect of|on a defect|thrown out)\b", re.IGNORECASE
    )
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    texts = {
        str(page): page.read_text()
        for page in pages
        if "node_modules" not in page.parts and page.name != "CHANGELOG.md"
    }
    found = [(name, words[0]) for name, text in texts.items() for words in foreign.finditer(" ".join(text.split()))]
    assert found == []
