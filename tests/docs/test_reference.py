"""docs/reference/: generated pages say what the code says, under the names that programs use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import relay_provider
from tests.conftest import ROOT
from toolchain.pulumi_registry import pages as registry_pages
from toolchain.reference import PAGES, pages
from toolchain.reference.languages import GO, LANGUAGES, PYTHON, TYPESCRIPT, Language
from toolchain.reference.python_api import GROUPS

pytestmark = pytest.mark.unit

FOLDERS = {TYPESCRIPT: "nodejs", PYTHON: "python/pulumi_relay", GO: "go/relay"}
MADE = pages()


def test_the_committed_pages_are_not_stale() -> None:
    assert {file.name: file.read_text() for file in PAGES.iterdir()} == MADE, "run `make schemas`"


def test_everything_that_is_exported_is_on_the_python_page() -> None:
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(set(relay_provider.__all__) - {"__version__"})


@pytest.mark.parametrize("language", FOLDERS, ids=lambda language: language.title)
def test_the_names_are_those_of_the_generated_sdk(language: Language, sdks: Path) -> None:
    sdk = sdks / "sdks" / FOLDERS[language]
    text = "\n".join(file.read_text() for file in sorted(sdk.rglob("*.*")) if file.suffix in (".ts", ".py", ".go"))
    page = MADE[language.page]
    named = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) + re.findall(r"`relay\.(\w+)`", page)
    assert len(named) > 50
    assert [name for name in named if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.title)
def test_a_language_without_programs_in_the_tests_is_called_so(language: Language) -> None:
    folders = {"typescript": "typescript", "python": "python-sdk", "go": "go", "yaml": "yaml"}
    tried = (ROOT / "examples" / folders.get(language.fence, "none")).exists()
    assert ("**Not tested here.**" in MADE[language.page]) == (not tried)


@pytest.mark.parametrize("file", sorted(ROOT.glob("docs/**/*.md")) + sorted(ROOT.glob("*.md")), ids=str)
def test_no_page_holds_a_registry_s_markup(file: Path) -> None:
    assert not re.search(r"\{\{[<%]", file.read_text())


def test_pulumi_s_registry_gets_its_own_markup() -> None:
    made = registry_pages()
    assert made.keys() == {"_index.md", "installation-configuration.md"}
    for text in made.values():
        head = text.split("---\n")[1]
        assert [line.partition(":")[0] for line in head.splitlines()] == ["title", "meta_desc", "layout"]
        assert not re.search(r"\]\((?!\w+:)", text), "a link to a page that the registry does not have"
    for language in ("typescript", "python", "go", "yaml"):
        assert f"{{{{% choosable language {language} %}}}}\n\n```{language}\n" in made["_index.md"]
