"""What the documentation shows is valid."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import ROOT
from tests.served import Served
from tests.terraform.engine import SOURCE, Workspace

pytestmark = pytest.mark.e2e

BLOCKS = re.findall(r"^```hcl\n(.*?)^```$", (ROOT / "docs" / "terraform.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_configurations_that_are_shown_plan(tf: Workspace, api: Served) -> None:
    shown = [block for block in BLOCKS if "dev_overrides" not in block]
    assert len(shown) == 2
    settings = "\n".join(f"{name} = {json.dumps(value)}" for name, value in (tf.provider or {}).items())
    text = "\n".join(shown).replace('provider "relay" {}', f'provider "relay" {{\n{settings}\n}}')
    (tf.folder / "main.tf").write_text(text)
    (tf.folder / "rooms.yaml").write_text("version: 1\nprojects: {webinars: {rooms: {lobby: {}, stage: {}}}}\n")
    assert tf.plan().changes == {"create": 3}


def test_the_source_is_that_of_the_documentation() -> None:
    assert f'source = "{SOURCE}"' in BLOCKS[0]
    assert f'"{SOURCE}" =' in BLOCKS[1]
    readme = re.findall(r"^```hcl\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert all('resource "relay_room"' in block for block in readme)
