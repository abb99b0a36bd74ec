"""Links are put in place in one step, and a stamp is believed only while they lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain import links

pytestmark = pytest.mark.unit


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_links_are_made_replaced_and_removed(tmp_path: Path, program: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").symlink_to(tmp_path / "gone")
    (folder / "of-an-older-setup").symlink_to(program)
    (folder / "by-hand").write_text("a file")
    links.apply(folder, {"pulumi": program})
    assert (folder / "pulumi").readlink() == program
    assert {entry.name for entry in folder.iterdir()} == {"pulumi", "by-hand"}


def test_a_stamp_holds_while_inputs_and_links_do(tmp_path: Path, program: Path) -> None:
    folder, stamp = tmp_path / "bin", tmp_path / "stamp.json"
    assert not links.current(stamp, folder, "inputs")
    links.apply(folder, {"pulumi": program})
    links.write_stamp(stamp, "inputs", {"pulumi": program})
    assert links.current(stamp, folder, "inputs")
    assert not links.current(stamp, folder, "other inputs")
    program.unlink()
    assert not links.current(stamp, folder, "inputs")


def test_a_link_that_somebody_changed_is_noticed(tmp_path: Path, program: Path) -> None:
    folder, stamp = tmp_path / "bin", tmp_path / "stamp.json"
    links.apply(folder, {"pulumi": program})
    links.write_stamp(stamp, "inputs", {"pulumi": program})
    links.put(folder / "pulumi", Path("/bin/sh"))
    assert not links.current(stamp, folder, "inputs")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"inputs": "inputs", "links": 1}'])
def test_a_broken_stamp_is_no_stamp(tmp_path: Path, content: str) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(content)
    assert not links.current(stamp, tmp_path, "inputs")
