"""The life-cycle table of the other doors, through the plugin on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_lifecycle import CORE, MORE, run_life_cycle
from tests.plugin.doors import YamlDoor
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_life_cycle(served: Served, tmp_path: Path) -> None:
    run_life_cycle(YamlDoor(tmp_path / "project", served.env), served, CORE + MORE)
