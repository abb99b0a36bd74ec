"""Every relative link of the pages leads somewhere, and every command that they show exists, with its options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from relay_provider.cli import app as program
from relay_provider.cli.app import App
from tests.conftest import ROOT

pytestmark = pytest.mark.unit

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", ".github/**/*.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
PIPELINES = sorted(
    file for file in ROOT.glob("examples/gitops/**/*") if file.suffix in (".yml", ".yaml", ".sh", ".service")
)
COMMAND = re.compile(r"(?<![\w/.-])relay-rooms((?:[ \t]+(?!#)[^\s`|&;<>()]+)*)")
TARGET = re.compile(r"(?<![\w-])make[ \t]+([a-z]+)\b")
MADE = re.findall(r"^([a-z]\w*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
ROOT_COMMAND = next(one for one in vars(program).values() if isinstance(one, App))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


def inline(page: Path) -> Iterator[Token]:
    for token in tokens(page):
        yield from token.children or ()


@cache
def anchors(page: Path) -> set[str]:
    """As a forge names headings, and those that the page says itself."""
    heads = [
        after for token, after in zip(tokens(page), tokens(page)[1:], strict=False) if token.type == "heading_open"
    ]
    texts = ["".join(one.content for one in head.children or ()) for head in heads]
    slugs = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}
    return slugs | set(re.findall(r'<a id="([^"]+)"', page.read_text()))


def links(page: Path) -> Iterator[str]:
    for token in inline(page):
        target = token.attrs.get("href") or token.attrs.get("src")
        if target and not re.match(r"\w+:", str(target)):
            yield str(target)


def code(page: Path) -> Iterator[str]:
    yield from (token.content for token in tokens(page) if token.type == "fence")
    yield from (token.content for token in inline(page) if token.type == "code_inline")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def shown(text: str) -> Iterator[list[str]]:
    """The words after `relay-rooms`, where they are a command and not a package's name or a tag."""
    for found in COMMAND.finditer(text.replace("\\\n", " ")):
        words = shlex.split(found[1].replace("'", "").replace('"', ""))
        if words and re.fullmatch(r"-.*|[a-z][a-z-]*", words[0]):
            yield words


def without_comments(text: str) -> str:
    return re.sub(r"(?m)(^|\s)#.*$", "", text)


def unknown(words: list[str]) -> str:
    """What of a command line there is not."""
    command: click.Command = ROOT_COMMAND
    context = click.Context(command, info_name="relay-rooms")
    while isinstance(command, click.Group) and words and not re.match(r"-|\[", words[0]):
        inner = command.get_command(context, words[0])
        if inner is None:
            return words[0]
        command, context, words = inner, click.Context(inner, info_name=words[0], parent=context), words[1:]
    options = {flag for one in command.get_params(context) for flag in (*one.opts, *one.secondary_opts)}
    given = [word.partition("=")[0].rstrip(",.:") for word in words if word.startswith("-") and word != "-"]
    return " ".join(one for one in given if one not in options)


@pytest.mark.parametrize("page", [*PAGES, *PIPELINES], ids=name)
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    texts = list(code(page)) if page.suffix == ".md" else [page.read_text()]
    wrong = [f"relay-rooms {' '.join(words)}" for text in texts for words in shown(text) if unknown(words)]
    wrong += [
        f"make {target}" for text in texts for target in TARGET.findall(without_comments(text)) if target not in MADE
    ]
    assert wrong == []


def test_a_command_that_is_none_is_found() -> None:
    """The check itself."""
    assert unknown(["drift", "--output", "json"]) == ""
    assert unknown(["drift", "--sort"]) == "--sort"
    assert unknown(["terraform", "install", "--dir", "x"]) == ""
    assert unknown(["deploy"]) == "deploy"
