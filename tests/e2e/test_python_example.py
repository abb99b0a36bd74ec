"""The example for Python programs runs, and is what the page about them shows."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path

import pytest

import relay_provider
from relay_provider.model import RoomInputs
from tests.conftest import ROOT
from tests.e2e.engine import Project
from tests.served import OTHER_KEY, Served

EXAMPLE = ROOT / "examples" / "python"
PAGE = (ROOT / "docs" / "python.md").read_text()


@pytest.mark.unit
def test_the_page_shows_the_example() -> None:
    assert f"```python\n{(EXAMPLE / '__main__.py').read_text()}```\n" in PAGE


@pytest.mark.unit
@pytest.mark.parametrize("name", [name for name in relay_provider.__all__ if name != "__version__"])
def test_the_page_has_every_name_that_is_exported(name: str) -> None:
    assert f"`{name}" in PAGE


@pytest.mark.unit
def test_help_says_of_a_room_what_it_takes() -> None:
    taken = list(inspect.signature(relay_provider.Room.__init__).parameters)
    assert taken == ["self", "resource_name", "opts", *RoomInputs.model_fields, "project"]
    assert "but for what\n    LiveKit changes in place: `metadata`" in (relay_provider.Room.__doc__ or "")


@pytest.mark.e2e
def test_the_example_declares_asks_and_removes(served: Served, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "program")
    project = Project(tmp_path / "program", {**served.env, "LESSONS_RELAY_KEY": OTHER_KEY}).init()
    assert project.up().changes == {"create": 3}
    assert sorted(Served(served.url, served.process, OTHER_KEY).rooms()) == ["math", "physics"]
    assert json.loads(project.pulumi("stack", "output", "--json").out)["live"] == ["lobby", "standup"]
    assert OTHER_KEY not in project.state_text()
    served.join("standup", "user-123", "ana")
    project.pulumi("config", "set", "evict", "user-123")
    assert project.up().changes == {"same": 3}
    assert served.people("standup") == ["ana"]
    served.leave("standup", "ana")
    project.destroy()
    assert served.rooms() == {}
