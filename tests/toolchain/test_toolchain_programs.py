"""The key of a build: it changes with what decides the build, and with nothing else."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from toolchain import programs

pytestmark = pytest.mark.unit


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for program in programs.ALL:
        folder = tmp_path / program.name
        folder.mkdir()
        for file in ("go.mod", "go.sum"):
            shutil.copy(programs.HERE / program.name / file, folder / file)
    (tmp_path / "gen-sdks" / "main.go").write_text("package main\n")
    return tmp_path


@pytest.mark.parametrize("program", programs.ALL, ids=lambda p: p.name)
def test_every_program_is_pinned_and_checksummed(program: programs.Program) -> None:
    assert programs.version(program)[0].isdigit()
    assert (programs.HERE / program.name / "go.sum").stat().st_size > 0


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_the_key_follows_the_pins_and_the_source(here: Path, file: str) -> None:
    before = programs.key(programs.GEN_SDKS, here)
    with (here / "gen-sdks" / file).open("a") as handle:
        handle.write("\n// changed\n")
    assert programs.key(programs.GEN_SDKS, here) != before


def test_the_key_does_not_follow_other_programs_or_files(here: Path) -> None:
    before = programs.key(programs.LIVEKIT, here)
    (here / "livekit-server" / "NOTES.md").write_text("nothing that is built")
    (here / "pulumi" / "go.sum").write_text("")
    assert programs.key(programs.LIVEKIT, here) == before


def test_the_key_follows_the_module_that_files_are_copied_from(here: Path) -> None:
    before = programs.key(programs.PYTHON_HOST, here)
    (here / "pulumi" / "go.sum").write_text("")
    assert programs.key(programs.PYTHON_HOST, here) != before


@pytest.mark.parametrize("change", [{"ldflags": "-X a=b"}, {"binaries": {"livekit-server": "./other"}}])
def test_the_key_follows_the_recipe(here: Path, change: dict[str, object]) -> None:
    other = dataclasses.replace(programs.LIVEKIT, **change)
    assert programs.key(other, here) != programs.key(programs.LIVEKIT, here)


def test_the_key_follows_the_machine(here: Path) -> None:
    keys = {programs.key(programs.LIVEKIT, here, target) for target in ("linux-amd64", "darwin-arm64")}
    assert len(keys) == 2
    assert programs.key(programs.LIVEKIT, here) == programs.key(programs.LIVEKIT, here, programs.system())
