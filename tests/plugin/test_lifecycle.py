"""The life-cycle table of the other doors, through the plugin on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_lifecycle import CORE, MORE, Step, run_life_cycle
from tests.plugin.doors import YamlDoor
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize("steps", [CORE, pytest.param(CORE + MORE, marks=pytest.mark.soak)], ids=["core", "whole"])
def test_life_cycle(steps: list[Step], served: Served, tmp_path: Path) -> None:
    run_life_cycle(YamlDoor(tmp_path / "project", served.env), served, steps)
