"""The pages on the plugin say what is so."""

from __future__ import annotations

import re

import pytest

from relay_provider.config import OPTIONS
from relay_provider.plugin.functions import FUNCTIONS
from tests.conftest import ROOT

pytestmark = pytest.mark.unit

INDEX = (ROOT / "docs" / "plugin.md").read_text()
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
