"""Random histories through the real engine: nobody is thrown out by surprise, and every history ends as declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors import Door, PythonDoor
from tests.e2e.histories import drawn
from tests.e2e.history_run import live_through
from tests.plugin.doors import YamlDoor
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

both_doors = pytest.mark.parametrize("door", [PythonDoor, YamlDoor], ids=lambda door: door.label)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(24))
@both_doors
def test_a_history_ends_as_declared(door: type[Door], seed: int, served: Served, tmp_path: Path) -> None:
    live_through(drawn(seed), door, tmp_path / "project", served)
