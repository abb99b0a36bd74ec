from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, manifest

pytestmark = pytest.mark.unit


def test_a_good_manifest_is_counted(run: Run, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest("https://rooms.example"))
    result = run("validate")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "rooms.yaml: 1 project, 2 rooms, no errors.\n", "")


def test_several_files_make_one(run: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text("version: 1\nprojects: {x: {rooms: {a: }}}")
    (folder / "b.yaml").write_text("version: 1\nprojects: {x: {rooms: {b: }}}")
    assert run("validate", "a.yaml", "b.yaml").stdout == "2 files: 1 project, 2 rooms, no errors.\n"
    twice = run("validate", "a.yaml", "b.yaml", "./a.yaml")
    assert twice.exit_code in (0, 1)


def test_without_a_manifest_it_says_where_it_looked(run: Run, folder: Path) -> None:
    result = run("validate")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: There is no rooms.yaml in {folder}; go to its folder, or name the manifest: FILE.\n"
    )


def test_every_problem_is_a_line_with_its_place(run: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(
        "version: 1\nprojects:\n  x:\n    rooms:\n      r: {maxParticipants: 0}\n      s: {nope: 1}\n"
    )
    (folder / "b.yaml").write_text("- a\n")
    result = run("validate", "a.yaml", "b.yaml", "c.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert [line.split(": ")[0].rsplit(":", 1)[0] for line in lines[:3]] == ["a.yaml:5", "a.yaml:6", "b.yaml:1"]
    assert lines[-1].startswith("c.yaml:1:1: ")


def test_it_needs_no_settings(run: Run, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest("https://rooms.example"))
    assert run("validate", env={"RELAY_MAX_RETRIES": "many"}).exit_code == 0
