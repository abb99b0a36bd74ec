"""The life-cycle table of the other doors, through the provider on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_lifecycle import CORE, MORE, Step, run_life_cycle
from tests.served import Served
from tests.terraform.doors import TerraformDoor
from tests.terraform.engine import ENGINES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("steps", [CORE, pytest.param(CORE + MORE, marks=pytest.mark.soak)], ids=["core", "whole"])
def test_life_cycle(engine: str, steps: list[Step], api: Served, tmp_path: Path) -> None:
    run_life_cycle(TerraformDoor(tmp_path / "project", api.env, engine), api, steps)
