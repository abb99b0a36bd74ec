"""`relay-rooms terraform install`: a mirror from which the engines' `init` takes the provider, with a lock file."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relay_provider.cli.app import app
from relay_provider.terraform import mirror
from relay_provider.terraform.mirror import PROGRAM, Installed
from relay_provider.terraform.server import SOURCE
from relay_provider.version import __version__
from tests.served import Served
from tests.terraform.engine import ENGINES, PROVIDER, Workspace

Install = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newcomer's home."""
    for name in ("TF_CLI_CONFIG_FILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def install(home: Path) -> Install:
    def install(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["terraform", "install", *map(str, arguments)])

    return install


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def package(folder: Path, registry: str = "registry.opentofu.org") -> Path:
    return folder / registry / SOURCE / mirror.version() / mirror.machine()


@pytest.fixture
def tf(tmp_path: Path, home: Path) -> Callable[[str], Workspace]:
    """A workspace that takes providers from where the engine takes them, and no others."""

    def workspace(engine: str) -> Workspace:
        rc = tmp_path / "rc"
        rc.touch()
        found = Workspace(tmp_path / "project", {"TF_CLI_CONFIG_FILE": str(rc), "HOME": str(home)}, engine, {})
        found.write(None, output={"it": {"value": '${provider::relay::manifest("version: 1\\nprojects: {}")}'}})
        return found

    return workspace


@pytest.mark.e2e
@pytest.mark.parametrize("engine", ENGINES)
def test_init_finds_it_by_itself_and_locks_it(
    engine: str, install: Install, tf: Callable[[str], Workspace], api: Served
) -> None:
    done = install()
    assert done.exit_code == 0, done.output
    found = tf(engine)
    found.provider = {"api_key": api.key, "base_url": api.url}
    found.write({"a": {"name": "standup"}})
    found.run("init", "-input=false")
    lock = (found.folder / ".terraform.lock.hcl").read_text()
    assert f'version = "{mirror.version()}"' in re.sub(" +", " ", lock)
    assert "h1:" in lock
    found.apply()
    assert sorted(api.rooms()) == ["standup"]


@pytest.mark.e2e
@pytest.mark.parametrize("engine", ENGINES)
def test_a_folder_of_ones_own_works_with_the_lines_that_are_told(
    engine: str, tmp_path: Path, home: Path, install: Install, tf: Callable[[str], Workspace]
) -> None:
    told = install("--dir", tmp_path / "my mirror").output
    found = tf(engine)
    (tmp_path / "rc").write_text(re.findall(r"^provider_installation \{.*?^\}$", told, re.MULTILINE | re.DOTALL)[0])
    (found.folder / "main.tf").write_text(
        re.findall(r"^terraform \{.*?^\}$", told, re.MULTILINE | re.DOTALL)[0] + '\nprovider "relay" {}\n'
    )
    (found.folder / "main.tf.json").unlink()
    found.run("init", "-input=false")
    found.run("validate")
    assert not (home / ".terraform.d" / "plugins").exists()


@pytest.mark.e2e
@pytest.mark.parametrize("gone", ["the program", "this version of it"])
def test_what_has_moved_or_is_another_version_is_told_and_the_lock_stays(
    gone: str, tmp_path: Path, install: Install, tf: Callable[[str], Workspace]
) -> None:
    there = mirror.installed()
    before = Installed(tmp_path / "x", there.version) if gone == "the program" else Installed(there.program, tmp_path)
    mirror.lay(mirror.implied(), before)
    found = tf(ENGINES[0])
    found.run("init", "-input=false")
    lock = (found.folder / ".terraform.lock.hcl").read_bytes()
    said = found.run("validate", check=False)
    assert said.code == 1
    text = re.sub(r"\W+", " ", said.out)
    assert f"relay provider {re.sub('[.]', ' ', mirror.version())} is no longer where it was installed" in text
    assert "run relay rooms terraform install" in text
    assert "is now in" in install().output
    found.run("init", "-input=false")
    found.run("validate")
    assert (found.folder / ".terraform.lock.hcl").read_bytes() == lock


@pytest.mark.unit
def test_it_may_be_repeated(home: Path, install: Install) -> None:
    assert f"relay {mirror.version()} ({mirror.machine()}) is now in" in install().output
    before = files(home)
    assert len(before) == 4
    assert f"is already in {home / '.terraform.d' / 'plugins'}, and starts {PROVIDER}." in install().output
    assert files(home) == before


@pytest.mark.unit
def test_what_an_engine_hashes_is_the_same_on_every_machine(tmp_path: Path) -> None:
    for place in ("a", "b"):
        mirror.lay(tmp_path / place, Installed(tmp_path / place / "program", tmp_path / place / "version"))
    (name,) = files(package(tmp_path / "a"))
    assert name == f"{PROGRAM}_v{mirror.version()}"
    assert files(package(tmp_path / "a")) == files(package(tmp_path / "b"))
    assert files(package(tmp_path / "a", "registry.terraform.io")) == files(package(tmp_path / "a"))


@pytest.mark.unit
def test_the_program_is_found_wherever_its_path_has_spaces(tmp_path: Path) -> None:
    """And by way of a link, as engines come to it."""
    program = tmp_path / "it's a $HOME" / "program"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "started $1"\n')
    program.chmod(0o755)
    mirror.lay(tmp_path / "my mirror", Installed(program, program))
    (tmp_path / "link").symlink_to(package(tmp_path / "my mirror"))
    launcher = tmp_path / "link" / f"{PROGRAM}_v{mirror.version()}"
    ran = subprocess.run([launcher, "it"], capture_output=True, text=True, check=True, cwd="/")
    assert (ran.stdout, ran.stderr) == ("started it\n", "")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("system", "before", "env", "expected"),
    [
        ("Linux", "", {}, ".terraform.d/plugins"),
        ("Darwin", "", {}, ".terraform.d/plugins"),
        ("Linux", ".terraform.d", {"XDG_CONFIG_HOME": "/c"}, ".terraform.d/plugins"),
        ("Linux", "", {"XDG_CONFIG_HOME": "/c"}, ".local/share/terraform/plugins"),
        ("Linux", "", {"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/d/terraform/plugins"),
        ("Darwin", "", {"XDG_CONFIG_HOME": "/c"}, "Library/Application Support/io.terraform/plugins"),
    ],
)
def test_where_engines_look_by_themselves(
    system: str, before: str, env: dict[str, str], expected: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / before).mkdir(exist_ok=True)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platform.system", lambda: system)
    assert mirror.implied() == home / expected


@pytest.mark.unit
def test_a_configuration_that_says_where_providers_come_from_is_told_of(home: Path, install: Install) -> None:
    assert "look nowhere else" not in install().output
    (home / ".terraformrc").write_text('provider_installation {\n  direct {}\n}\n# "')
    told = install().output
    assert f"{home / '.terraformrc'} says where providers come from" in told
    assert f'path    = "{home / ".terraform.d" / "plugins"}"' in told


@pytest.mark.unit
def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path, install: Install) -> None:
    (tmp_path / "file").touch()
    done = install("--dir", tmp_path / "file" / "in")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The mirror cannot be written (Not a directory: ")
    assert "--dir FOLDER" in done.stderr


@pytest.mark.unit
@pytest.mark.parametrize("missing", ["msgpack", "cryptography"])
def test_without_the_extra_it_says_how_to_install_it(missing: str, tmp_path: Path) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from relay_provider.cli import main; main()"
    command = [sys.executable, "-c", program, "terraform", "install", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert missing in done.stderr
    assert "pip install 'relay-provider[terraform]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.unit
@pytest.mark.parametrize(
    ("ours", "theirs"), [("1.2.3", "1.2.3"), ("0.2.0rc1", "0.2.0-rc1"), ("0.2.0.dev3", "0.2.0-dev3")]
)
def test_a_version_as_engines_write_it(ours: str, theirs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mirror.version() == __version__
    monkeypatch.setattr(mirror, "__version__", ours)
    assert mirror.version() == theirs
