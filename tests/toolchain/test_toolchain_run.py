"""The whole of setup with a Go that builds nothing: order, links, and the sentences when something is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toolchain_machine import Machine

from toolchain import environment, programs, run, setup

pytestmark = pytest.mark.unit

BASE_LINKS = {
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-language-yaml",
    "pulumi-resource-pulumi-python",
    "livekit-server",
}
SDK_LINKS = {"pulumi-language-nodejs", "pulumi-language-go", "gen-sdks"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ensure", lambda root: None)
    # The signal handlers are for a process of its own.
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def links(machine: Machine) -> set[str]:
    return {entry.name for entry in machine.bin.iterdir() if os.access(entry, os.X_OK)}


def test_everything_is_built_once(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.go()
    assert run.run([], machine.checkout) == 0
    assert links(machine) == BASE_LINKS
    said = capsys.readouterr().out
    assert f"building pulumi {programs.version(programs.PULUMI)} from source, about 4 minutes, once …" in said
    assert f"built livekit-server {programs.version(programs.LIVEKIT)} in " in said
    built = machine.builds()
    assert built[0] == programs.PULUMI.binaries["pulumi"]
    assert len(built) == 4

    assert run.run([], machine.checkout) == 0
    assert capsys.readouterr().out == ""
    assert machine.builds() == built


def test_a_second_checkout_takes_the_builds_of_the_first(machine: Machine) -> None:
    machine.go()
    assert run.run([], machine.checkout) == 0
    built = machine.builds()
    (machine.tools / "go").unlink()
    other = machine.folder / "other"
    assert run.run([], other) == 0
    assert {entry.name for entry in (other / ".toolchain" / "bin").iterdir()} == BASE_LINKS
    assert machine.builds() == built


def test_pulumi_and_its_hosts_are_neighbours(machine: Machine) -> None:
    machine.go()
    run.run([], machine.checkout)
    places = {(machine.bin / name).resolve() for name in BASE_LINKS if name.startswith("pulumi")}
    assert len({place.parent for place in places}) == 1
    assert {place.name for place in places} == BASE_LINKS - {"livekit-server"}


def test_sdks_adds_and_a_plain_setup_keeps(machine: Machine) -> None:
    machine.go()
    assert run.run(["--sdks"], machine.checkout) == 0
    assert links(machine) == BASE_LINKS | SDK_LINKS
    assert run.run([], machine.checkout) == 0
    assert links(machine) == BASE_LINKS | SDK_LINKS


def test_path_comes_first(machine: Machine) -> None:
    machine.go()
    machine.script("pulumi", "echo v3.240.0")
    machine.script("pulumi-language-yaml", "")
    machine.script("livekit-server", "echo livekit-server version 1.13.5")
    assert run.run([], machine.checkout) == 0
    assert (machine.bin / "pulumi").readlink() == machine.tools / "pulumi"
    assert (machine.bin / "livekit-server").readlink() == machine.tools / "livekit-server"
    # The host that is missing is built, and nothing else.
    assert machine.builds() == list(programs.PYTHON_HOST.binaries.values())
    assert links(machine) == BASE_LINKS


def test_an_old_pulumi_is_named_and_passed_over(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.go()
    machine.script("pulumi", "echo v3.100.0")
    assert run.run([], machine.checkout) == 0
    assert "not taken: " in capsys.readouterr().out
    assert machine.cache in (machine.bin / "pulumi").resolve().parents


def test_a_program_that_appears_on_path_is_taken(machine: Machine) -> None:
    machine.go()
    assert run.run([], machine.checkout) == 0
    machine.script("livekit-server", "echo livekit-server version 1.14.0")
    assert run.run([], machine.checkout) == 0
    assert (machine.bin / "livekit-server").readlink() == machine.tools / "livekit-server"


def test_a_stale_link_is_repaired(machine: Machine) -> None:
    machine.go()
    assert run.run([], machine.checkout) == 0
    link = machine.bin / "livekit-server"
    link.unlink()
    link.symlink_to("/nowhere")
    assert run.run([], machine.checkout) == 0
    assert links(machine) == BASE_LINKS


def test_nothing_works(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run([], machine.checkout) == 1
    said = capsys.readouterr()
    last = said.err.strip().splitlines()[-1]
    assert last.startswith("setup: pulumi is missing: ")
    assert "install Go" in last
    assert "Traceback" not in said.out + said.err


def test_no_livekit_server_is_a_sentence_only(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.script("pulumi", "echo v3.240.0")
    for host in ("pulumi-language-python", "pulumi-resource-pulumi-python", "pulumi-language-yaml"):
        machine.script(host, "")
    for _ in range(2):
        assert run.run([], machine.checkout) == 0
        assert "livekit-server is missing" in capsys.readouterr().out
    # No stamp is left behind: Go may be there the next time.
    machine.go()
    assert run.run([], machine.checkout) == 0
    assert "livekit-server" in links(machine)


def test_a_failed_build_shows_its_end_and_its_log(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.go()
    monkeypatch.setenv("GO_FAILS", "yes")
    assert run.run([], machine.checkout) == 1
    said = capsys.readouterr()
    assert "undefined: everything" in said.out
    assert str(machine.cache / "logs" / "pulumi.log") in said.out
    assert "Traceback" not in said.out + said.err
    assert not list(machine.cache.glob("*/tmp-*"))
    assert not (machine.bin / "pulumi").exists()


def test_an_ended_run_takes_its_build_with_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.go()
    monkeypatch.setenv("GO_SECONDS", "60")
    code = (
        "import sys; from pathlib import Path; from toolchain import environment, run;"
        "environment.ensure = lambda root: None; sys.exit(run.run([], Path(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(machine.checkout)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 20
    while not list(machine.cache.glob("pulumi/tmp-*/pulumi")):
        assert time.monotonic() < end
        time.sleep(0.02)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 5
    assert process.returncode == 130
    assert err.startswith("setup: interrupted")
    assert not list(machine.cache.glob("pulumi/tmp-*"))


def test_a_cache_that_cannot_be_written(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.go()
    (machine.folder / "a-file").write_text("")
    monkeypatch.setenv("RELAY_TOOLCHAIN_CACHE", str(machine.folder / "a-file"))
    assert run.run([], machine.checkout) == 1
    said = capsys.readouterr().err
    assert str(machine.folder / "a-file") in said
    assert len(said.strip().splitlines()) == 1


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(setup, "newer_python", lambda: None)
    assert setup.main() == 1
    assert "Python 3.11 or newer is needed, and this is 3.9" in capsys.readouterr().err


def test_an_old_python_hands_over_to_a_newer_one(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = machine.script("python3.12", "")
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    handed: list[str] = []

    def execv(path: str, arguments: list[str]) -> None:
        handed.append(path)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(SystemExit):
        setup.main()
    assert handed == [str(newer)]


def test_the_environment_is_ready_only_for_the_files_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "toolchain").mkdir()
    for name in ("pyproject.toml", "toolchain/constraints.txt"):
        (tmp_path / name).write_text("one")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert not environment.ready(tmp_path)
    (tmp_path / ".venv" / ".relay-setup").write_text(environment.wanted(tmp_path))
    assert environment.ready(tmp_path)
    (tmp_path / "toolchain" / "constraints.txt").write_text("two")
    assert not environment.ready(tmp_path)
