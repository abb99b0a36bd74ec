from __future__ import annotations

import platform
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from relay_provider.cli import app as app_module
from relay_provider.cli import versions
from relay_provider.cli.app import COMMANDS, app
from relay_provider.version import __version__
from tests.cli.conftest import Run
from tests.served import KEY

pytestmark = pytest.mark.unit


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found
    return found


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    assert command(name).name == name
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: relay-rooms {name}")


def test_help_and_version_import_nothing_heavy() -> None:
    heavy = ("pydantic", "httpx", "aiohttp", "pulumi", "rich", "starlette", "yaml", "grpc")
    program = (
        "import sys; from relay_provider.cli.app import app\n"
        "for args in (['--help'], ['--version']):\n"
        "    try: app(args)\n"
        f"    except SystemExit: print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines().count("[]") == 2


@pytest.mark.parametrize("name", ["validate", "drift", "list"])
def test_the_api_needs_no_pulumi(name: str) -> None:
    module = f"relay_provider.cli.{COMMANDS[name][0]}"
    program = f"import sys, {module}; print([m for m in ('pulumi', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_version(run: Run) -> None:
    lines = run("--version").stdout.splitlines()
    assert lines[0] == f"relay-rooms {__version__}"
    known = ["Python", "Pulumi SDK", "Pulumi", "livekit-api", platform.system()]
    assert [re.match(r"\D+(?= )", line)[0] for line in lines[1:]] == known  # type: ignore[index]


def test_version_where_there_is_no_pulumi(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "pulumi"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(versions, "roots", lambda: iter([tmp_path]))
    result = run("--version")
    assert result.exit_code == 0
    assert "\nPulumi is not found\n" in result.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["nope"],
        ["get"],
        ["list", "--nope"],
        ["drift", "--drift-exit-code", "x"],
        ["drift", "--output", "yaml"],
        ["schema", "x"],
        [],
    ],
)
def test_wrong_usage_is_an_error_and_not_drift(run: Run, args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Usage: relay-rooms" in result.stderr


def test_the_unexpected_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"odd\nthing with {KEY}")

    monkeypatch.setattr(import_module("relay_provider.cli.common"), "load_settings", fail)
    result = run("list")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: something unexpected happened (ValueError: odd thing with sk_live_***). "
        "Set RELAY_DEBUG=1 to see where.\n"
    )
    debugged = run("list", env={"RELAY_DEBUG": "1"})
    assert "Traceback" in debugged.stderr
    assert KEY not in debugged.stderr


def test_an_interruption_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("relay_provider.cli.common"), "load_settings", interrupt)
    result = run("list")
    assert result.exit_code == app_module.INTERRUPTED
    assert result.stderr.strip() == "Interrupted."


def test_a_closed_pipe_is_silent() -> None:
    read = "import subprocess, sys\np = subprocess.Popen({command}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
    close = "p.stdout.read(10); p.stdout.close(); sys.stderr.write(p.stderr.read().decode()); print(p.wait())"
    entry = [sys.executable, "-c", "from relay_provider.cli import main; main()"]
    code = read.format(command=[*entry, "schema", "manifest"]) + close
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert int(done.stdout) in (0, 1)


def test_a_misspelt_command_is_told_the_right_one(run: Run) -> None:
    result = run("dirft")
    assert result.exit_code == 1
    assert "No such command 'dirft'; did you mean drift?" in result.output
