"""Tables, ratios and plots of what was measured, and the page that they fill."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.report import BEGIN, END, Table, fill, markdown
from bench.results import Figure, Results, Run, compared

pytestmark = pytest.mark.unit


def run(way: str, seconds: float, *, round_: int = 0, rooms: int = 30, phase: str = "up", failed: str = "") -> Run:
    return Run(way, rooms, 0, round_, phase, seconds, 1.0, 2048, {"POST": rooms}, 64, 60_000, failed)


RUNS = [
    run("go", 2.0, round_=0),
    run("go", 8.0, round_=1),
    run("go", 4.0, round_=2),
    run("plugin", 3.0, round_=0),
    run("plugin", 8.0, round_=1),
    run("plugin", 12.0, round_=2),
    run("plugin", 99.0, rooms=100),
    run("stock", 5.0, rooms=100, failed="RecursionError"),
]


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    assert Table(RUNS).ratio("plugin", "go", 30, 0, "up") == 1.5


def test_there_is_no_ratio_to_what_was_not_measured() -> None:
    assert Table(RUNS).ratio("plugin", "go", 100, 0, "up") is None


def test_a_time_that_failed_counts_for_nothing() -> None:
    assert Table(RUNS).median("stock", 100, 0, "up", lambda one: one.seconds) is None


def test_a_figure_has_the_medians_and_the_median_of_the_ratios() -> None:
    assert compared("it", "ms", [(1, 1), (6, 2), (9, 9)]) == Figure("it", "ms", 6, 2, 1)


def test_the_table_of_a_phase_has_a_row_for_each_way_and_says_what_failed() -> None:
    table = markdown(Results({}, RUNS)).split("\n\n")[3]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert [rows[0], *rows[2:]] == [
        ["rooms", "30", "100"],
        ["a Go provider", "4.0", "–"],
        ["Room, plugin", "8.0 (1.50)", "99.0"],
        ["a stock dynamic provider", "–", "fails"],
    ]


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    results = Results({"cores": "2"}, RUNS, {"Drift": [Figure("it", "ms", 1, 2, 0.5)]})
    results.save(tmp_path / "deeper" / "results.json")
    assert Results.read(tmp_path / "deeper" / "results.json") == results


def test_a_page_is_filled_between_its_markers_each_time_anew(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    for _ in range(2):
        fill(page, Results({}, RUNS))
    text = page.read_text()
    assert text.startswith(f"# Title\n\n{BEGIN}\n\n![") and text.endswith(f"{END}\n\nAfter.\n")
    assert "old" not in text
    assert text.count("(performance/up-0ms.svg)") == text.count("8.0 (1.50)") == 1


def test_a_page_without_markers_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Title\n")
    with pytest.raises(SystemExit, match="has no"):
        fill(page, Results({}, RUNS))
    assert page.read_text() == "# Title\n"


def test_a_plot_has_a_line_for_each_way_that_did_not_fail(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}{END}")
    fill(page, Results({}, RUNS))
    plot = ET.parse(tmp_path / "performance" / "up-0ms.svg").getroot()
    assert len(plot.findall("{*}polyline")) == 2


def test_the_doors_are_side_by_side_on_a_page_of_their_own(tmp_path: Path) -> None:
    page, beside = tmp_path / "performance.md", tmp_path / "pulumi-or-terraform.md"
    for one in (page, beside):
        one.write_text(f"Before. {BEGIN}{END} After.")
    fill(page, Results({"cores": "2"}, [*RUNS, run("tofu", 0.9), run("tofu", 1.4, phase="preview")]))
    text = beside.read_text()
    assert text.startswith("Before. ") and text.endswith(" After.")
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in text.splitlines() if line.startswith("|")]
    assert rows[2:] == [
        ["30 rooms: Room, plugin", "8.0"],
        ["30 rooms: relay_room, OpenTofu", "0.9 (0.30)"],
        ["100 rooms: Room, plugin", "99.0"],
    ]
