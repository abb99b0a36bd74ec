"""The whole of `python -m bench`, with so few rooms that it shows nothing but that it runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import BEGIN, END
from bench.results import Results
from bench.ways import PHASES, WAYS
from tests.conftest import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.soak]


@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("go"), reason="the provider that is compared with is built by Go")
def test_every_way_goes_through_every_phase(tmp_path: Path) -> None:
    file, page = tmp_path / "results.json", tmp_path / "performance.md"
    page.write_text(f"{BEGIN}{END}")
    few = ["--rooms", "3", "--rounds", "1", "--latency", "0", "--seconds", "1"]
    for arguments in ([*few, "--json", str(file)], ["report", str(file), "--docs", str(page)]):
        done = subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    results = Results.read(file)
    ran = {(one.way, one.phase) for one in results.runs}
    here = [name for name, way in WAYS.items() if way.is_here]
    assert ran == {(way, phase) for way in here for phase in PHASES} - {("bare", "preview"), ("bare", "again")}
    assert set(results.figures) == {
        "Drift of many rooms",
        "Start of the provider",
        "The served Rooms API on LiveKit under load",
    }
    assert (tmp_path / "performance" / "up-0ms.svg").exists()
