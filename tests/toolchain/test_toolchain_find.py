"""What is on PATH is taken when it will do, and never what setup itself put there."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolchain_machine import Machine

from toolchain import find

pytestmark = pytest.mark.unit


def test_nothing_there(machine: Machine) -> None:
    assert find.pulumi(find.search_path([])) == find.Found()
    assert find.livekit(find.search_path([])) == find.Found()


def test_a_pulumi_with_its_hosts(machine: Machine) -> None:
    pulumi = machine.script("pulumi", "echo v3.230.1")
    for host in ("pulumi-language-python", "pulumi-resource-pulumi-python", "pulumi-language-yaml"):
        machine.script(host, "")
    found = find.pulumi(find.search_path([]))
    assert (found.path, found.version, found.reason) == (pulumi, "3.230.1", "")
    assert set(found.hosts) == {"pulumi-language-python", "pulumi-language-yaml"}


def test_hosts_are_found_beside_what_a_link_leads_to(machine: Machine) -> None:
    real = machine.script("pulumi", "echo v3.250.0", machine.folder / "opt")
    yaml = machine.script("pulumi-language-yaml", "", machine.folder / "opt")
    (machine.tools / "pulumi").symlink_to(real)
    found = find.pulumi(find.search_path([]))
    assert found.path == machine.tools / "pulumi"
    assert found.hosts == {"pulumi-language-yaml": {"pulumi-language-yaml": yaml}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo v3.226.9", "is 3.226.9, and 3.227.0 or newer is needed"),
        ("echo v2.9.0", "is 2.9.0, and"),
        ("echo v3.250.0; exit 1", "does not answer"),
        ("echo hello", "does not answer"),
    ],
)
def test_a_pulumi_that_will_not_do(machine: Machine, body: str, reason: str) -> None:
    machine.script("pulumi", body)
    found = find.pulumi(find.search_path([]))
    assert found.path is None
    assert reason in found.reason


def test_the_lowest_version_that_will_do(machine: Machine) -> None:
    machine.script("pulumi", "echo v3.227.0")
    assert find.pulumi(find.search_path([])).path


def test_livekit_server(machine: Machine) -> None:
    machine.script("livekit-server", "echo livekit-server version 1.13.5")
    assert find.livekit(find.search_path([])).version == "1.13.5"
    machine.script("livekit-server", "exit 3")
    assert "does not answer" in find.livekit(find.search_path([])).reason


def test_our_own_links_are_no_find(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.script("pulumi", "echo v3.250.0", machine.bin)
    alias = machine.folder / "alias"
    alias.symlink_to(machine.bin)
    path = find.search_path([machine.bin], f"{machine.bin}:{alias}::{machine.tools}")
    assert path == str(machine.tools)


def test_a_changed_program_changes_the_identity(machine: Machine) -> None:
    path = find.search_path([])
    nothing = find.identity(path)
    file = machine.script("pulumi", "echo v3.250.0")
    there = find.identity(path)
    file.write_text("#!/bin/sh\necho v3.251.0 and more\n")
    assert len({tuple(nothing), tuple(there), tuple(find.identity(path))}) == 3


def test_a_dangling_link_on_path_is_passed_over(machine: Machine) -> None:
    (machine.tools / "pulumi").symlink_to(Path("/nowhere"))
    assert find.pulumi(find.search_path([])) == find.Found()
