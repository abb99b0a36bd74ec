"""The life-cycle table of the other doors, through the provider on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_lifecycle import CORE, MORE, run_life_cycle
from tests.served import Served
from tests.terraform.doors import TerraformDoor
from tests.terraform.engine import ENGINES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize("engine", ENGINES)
def test_life_cycle(engine: str, api: Served, attached: dict[str, str], tmp_path: Path) -> None:
    door = TerraformDoor(tmp_path / "project", attached, engine)
    door.workspace.provider = {"api_key": api.key, "base_url": api.url}
    run_life_cycle(door, api, CORE)


@pytest.mark.soak
@pytest.mark.parametrize("engine", ENGINES)
def test_the_whole_life_cycle(engine: str, api: Served, tmp_path: Path) -> None:
    """As engines start the provider, with a process and a certificate for each of their walks."""
    run_life_cycle(TerraformDoor(tmp_path / "project", api.env, engine), api, CORE + MORE)
