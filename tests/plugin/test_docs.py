"""The registry's pages say what is so."""

from __future__ import annotations

import re

import pytest

from relay_provider.config import OPTIONS
from relay_provider.plugin.functions import FUNCTIONS
from tests.conftest import ROOT

pytestmark = pytest.mark.unit

INDEX = (ROOT / "docs" / "_index.md").read_text()
CONFIGURATION = (ROOT / "docs" / "installation-configuration.md").read_text()


def test_every_setting_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `relay:(\w+)` \| `(\w+)` \|", CONFIGURATION, re.MULTILINE))
    assert rows == {setting.name: setting.env for setting in OPTIONS}


def test_secrets_are_called_so() -> None:
    for setting in OPTIONS:
        (row,) = re.findall(rf"^\| `relay:{setting.name}` .*$", CONFIGURATION, re.MULTILINE)
        assert row.endswith("; secret |") == setting.secret


def test_every_function_is_mentioned() -> None:
    for token in FUNCTIONS:
        assert f"`relay.{token.rpartition(':')[2]}`" in INDEX


@pytest.mark.parametrize("page", [INDEX, CONFIGURATION])
def test_the_front_matter_is_the_registrys(page: str) -> None:
    head = page.split("---\n")[1]
    assert {"title", "meta_desc", "layout"} <= {line.partition(":")[0] for line in head.splitlines()}
    assert "layout: package" in head


@pytest.mark.parametrize("language", ["typescript", "python", "go", "yaml"])
def test_the_example_is_in_every_language(language: str) -> None:
    assert f"{{{{% choosable language {language} %}}}}" in INDEX
    assert f"```{language}\n" in INDEX
