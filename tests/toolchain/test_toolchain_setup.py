"""The whole of setup on a machine of its own: a PATH of small scripts, a Go and a pip that make nothing real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay_provider.cli import installs
from tests.conftest import ROOT

pytestmark = pytest.mark.unit

SETUP = """import os, sys
sys._base_executable = os.environ["MACHINE"] + "/base/python"
sys.version_info = tuple(map(int, os.environ.get("VERSION", "3.11").split(".")))
if number := int(os.environ.get("STARTED_AND_SIGNALLED", 0)):
    import signal, subprocess
    class Popen(subprocess.Popen):
        def __init__(self, arguments, **options):
            super().__init__(arguments, **options)
            if arguments[1] == "build":
                signal.raise_signal(number)
    subprocess.Popen = Popen
from toolchain.setup import main
sys.exit(main(sys.argv[1:]))"""

PYTHON = """#!/bin/sh
echo "python $*" >> "$MACHINE/calls"
case "$*" in
  "-m venv"*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
  "-m pip"*) [ -z "$PIP_FAILS" ] || { echo "ERROR: no such package"; exit 1; } ;;
  *) [ -n "$RELEASE" ] || { echo "no route to host"; exit 1; }
     mkdir "$3/bin"; cp "$MACHINE"/release/* "$3/bin" ;;
esac
"""

GO = """#!/bin/sh
echo "go $*" >> "$MACHINE/calls"
if [ "$1" = mod ]; then echo "\\"Dir\\": \\"$MACHINE/sdk\\""; exit 0; fi
while [ "$1" != -o ]; do shift; done
case "$2" in */) set -- -o "$2pulumi-language-nodejs" "$2pulumi-language-go" ;; *) set -- -o "$2" ;; esac
shift
for file; do printf half > "$file"; done
# A compiler that was just being started hears nothing of a Ctrl-C.
(trap "" INT; exec sleep "${GO_SECONDS:-0}")
if [ -n "$GO_FAILS" ]; then echo "a.go:1: undefined: everything"; exit 1; fi
for file; do printf '#!/bin/sh\\necho built' > "$file"; chmod +x "$file"; done
"""

PYTHON_HOST = ("pulumi-language-python", "pulumi-resource-pulumi-python")
FOR_UP = {"pulumi", *PYTHON_HOST, "pulumi-language-python-exec", "pulumi-language-yaml"}
LINKS = FOR_UP | {"livekit-server", "tofu"}
SDK_LINKS = {"pulumi-language-nodejs", "pulumi-language-go", "gen-sdks"}


@dataclass
class Machine:
    folder: Path
    checkout: Path

    def script(self, file: str, text: str = "#!/bin/sh\n") -> Path:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        places = {"PATH": f"{self.folder}/tools:{self.folder}/system", "RELAY_TOOLCHAIN_CACHE": f"{self.folder}/cache"}
        return subprocess.Popen(
            [sys.executable, "-c", SETUP, *arguments],
            cwd=self.checkout,
            env={**places, "MACHINE": str(self.folder), "PULUMI_HOME": f"{self.folder}/pulumi", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def setup(self, *arguments: str, code: int = 0, **env: str) -> str:
        process = self.start(*arguments, **env)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == code, said
        assert "Traceback" not in said
        return said

    def links(self) -> set[str]:
        folder = self.checkout / ".toolchain" / "bin"
        return {file.name for file in folder.iterdir() if os.access(file, os.X_OK)}

    def target(self, name: str) -> Path:
        return (self.checkout / ".toolchain" / "bin" / name).readlink()

    def calls(self, start: str = "") -> list[str]:
        return [line for line in (self.folder / "calls").read_text().splitlines() if line.startswith(start)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path, tmp_path / "checkout")
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "toolchain", made.checkout / "toolchain", ignore=without)
    for name in ("pyproject.toml", "relay_provider/cli/installs.py"):
        (made.checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made.checkout / name)
    for name in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        made.script(f"sdk/python/{name}")
    made.script("base/python", PYTHON)
    made.script("tools/go", GO)
    (tmp_path / "system").mkdir()
    for name in ("sh", "sleep", "chmod", "mkdir", "cp", "rm"):  # no pulumi, no Go, no Python of the real machine
        (tmp_path / "system" / name).symlink_to(str(shutil.which(name, path=os.defpath)))
    return made


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_everything_is_made_once_and_the_second_run_says_and_starts_nothing(machine: Machine) -> None:
    said = machine.setup()
    assert machine.links() == LINKS
    assert "building pulumi 3." in said
    assert "installing the Python packages, about a minute, once …" in said
    calls = machine.calls()
    assert machine.setup() == ""
    assert machine.calls() == calls
    assert len({machine.target(name).parent for name in FOR_UP}) == 1  # pulumi and its hosts are neighbours


def test_a_second_checkout_takes_the_builds_of_the_first_without_go(machine: Machine) -> None:
    machine.setup()
    (machine.folder / "tools" / "go").unlink()
    machine.checkout = Path(shutil.copytree(machine.checkout, machine.folder / "other", symlinks=True))
    builds = machine.calls("go")
    # A copied or moved environment has the old place in its scripts.
    assert "making .venv" in machine.setup()
    shutil.rmtree(machine.checkout / ".toolchain")
    machine.setup()
    assert machine.links() == LINKS
    assert machine.calls("go") == builds


def test_sdks_adds_and_a_plain_setup_keeps(machine: Machine) -> None:
    machine.setup("--sdks")
    assert machine.links() == LINKS | SDK_LINKS
    assert machine.setup() == ""


def test_changed_pins_are_built_and_changed_requirements_installed(machine: Machine) -> None:
    machine.setup()
    for name, expected in (
        ("livekit-server/go.sum", "building livekit-server"),
        ("opentofu/go.sum", "building opentofu 1."),
        ("constraints.txt", "the Python"),
    ):
        with (machine.checkout / "toolchain" / name).open("a") as file:
            file.write("\n")
        said = machine.setup()
        assert expected in said
        assert said.count("from source") == ("building" in expected), "what has the same pins is not built again"
    assert len(machine.calls("python -m venv")) == 1
    assert len({machine.target(name).parent for name in FOR_UP}) == 1


def test_up_waits_for_nothing_that_only_tests_need(machine: Machine) -> None:
    machine.setup("--up")
    assert machine.links() == FOR_UP
    assert machine.setup("--up") == ""
    machine.setup()
    assert machine.links() == LINKS
    assert machine.setup("--up") == machine.setup() == ""


def test_builds_in_the_folder_that_all_programs_shared_are_taken(machine: Machine) -> None:
    machine.setup()
    for own in (machine.folder / "cache").glob("*-*"):
        shutil.rmtree(own)
    shutil.rmtree(machine.checkout / ".toolchain")
    said = machine.setup()
    assert said.count("from source") == 1, said
    assert "building opentofu" in said


def test_path_comes_first_and_only_what_is_missing_is_built(machine: Machine) -> None:
    pulumi = machine.script("tools/pulumi", "#!/bin/sh\necho v3.227.0\n")
    livekit = machine.script("tools/livekit-server", "#!/bin/sh\necho livekit-server version 1.13.5\n")
    tofu = machine.script("tools/tofu", "#!/bin/sh\necho OpenTofu v1.11.0\n")
    machine.script("tools/pulumi-language-yaml")
    said = machine.setup()
    assert (machine.target("pulumi"), machine.target("livekit-server")) == (pulumi, livekit)
    assert machine.target("tofu") == tofu
    assert "from source" in said.partition("building pulumi-language-python 3.")[2]
    assert len(machine.calls("go build")) == 1
    assert machine.setup() == ""
    pulumi.unlink()  # what vanished from PATH is built
    assert "building pulumi 3." in machine.setup()
    machine.script("tools/pulumi", "#!/bin/sh\necho v3.260.0\n")  # what came back is taken
    machine.setup()
    assert machine.target("pulumi") == pulumi


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo v3.226.9", "is 3.226.9, and 3.227.0 or newer is needed"),
        ("echo v3.250.0; exit 1", "does not answer to `pulumi version`"),
        ("echo hello", "does not answer to `pulumi version`"),
    ],
)
def test_a_pulumi_that_will_not_do_is_named_once_and_passed_over(machine: Machine, body: str, reason: str) -> None:
    program = machine.script("tools/pulumi", f"#!/bin/sh\n{body}\n")
    assert f"not taken: {program} {reason}" in machine.setup()
    assert machine.folder / "cache" in machine.target("pulumi").parents
    assert machine.setup() == ""


def test_the_newest_that_pulumis_installer_left_is_taken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(machine.folder / "pulumi"))
    for version in ("3.99.0", "3.250.0", "3.250.0-alpha.1", "v3.249.1", "other"):
        for name in ("pulumi", *PYTHON_HOST, "pulumi-language-yaml"):
            machine.script(f"pulumi/versions/{version}/bin/{name}", f"#!/bin/sh\necho {version}\n")
    order = [root.name for root in installs.install_roots()]
    assert order == ["pulumi", "3.250.0", "3.250.0-alpha.1", "v3.249.1", "3.99.0", "other"]
    machine.setup()
    assert machine.target("pulumi") == machine.folder / "pulumi/versions/3.250.0/bin/pulumi"


def test_without_go_pulumis_installer_is_asked_and_no_livekit_server_is_a_sentence(machine: Machine) -> None:
    (machine.folder / "tools" / "go").unlink()
    last = machine.setup(code=1).splitlines()[-1]
    assert last.startswith("setup: downloading pulumi failed (status 1), see ")
    assert last.endswith("downloading-pulumi.log: no route to host")
    for name in ("pulumi", "pulumi-language-python", "pulumi-resource-pulumi-python", "pulumi-language-yaml"):
        machine.script(f"release/{name}", "#!/bin/sh\necho v3.272.0\n")
    for _ in range(2):
        said = machine.setup(RELEASE="yes")
        for name in ("livekit-server", "opentofu"):
            assert f"{name} is neither on PATH nor in the cache, and Go is missing, so what needs" in said
    assert len(machine.calls("python -c")) == 2
    machine.script("tools/go", GO)
    machine.setup()
    assert {"livekit-server", "tofu"} <= machine.links()


def test_a_failed_build_and_a_failed_install_name_their_logs_and_leave_nothing(machine: Machine) -> None:
    for _ in range(2):
        said = machine.setup(code=1, PIP_FAILS="yes")
    log = machine.checkout / ".toolchain/logs/looking-at-pip.log"
    assert said.splitlines()[-1] == f"setup: looking at pip failed (status 1), see {log}: ERROR: no such package"
    assert len(machine.calls("python -m venv")) == 2  # what a failed run left is made anew
    assert f"see {log.parent}/building-pulumi-3." in (said := machine.setup(code=1, GO_FAILS="yes"))
    assert "undefined: everything" in said
    assert [file.name for file in (machine.folder / "cache").iterdir()] == ["lock"]
    machine.setup()
    assert machine.links() == LINKS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_run_harms_nothing(machine: Machine, number: signal.Signals) -> None:
    process = machine.start(GO_SECONDS="60" if number == signal.SIGTERM else "4")
    until(lambda: list(machine.folder.glob("cache/tmp-*/pulumi")))
    started = time.monotonic()
    process.send_signal(number)
    if number == signal.SIGTERM:
        assert "setup: interrupted" in process.communicate(timeout=30)[0]
        assert process.returncode == 130
        assert time.monotonic() - started < 10
        assert not list(machine.folder.glob("cache/tmp-*"))
    process.wait(timeout=30)
    # The Go that a killed run left behind goes on; nothing is made beside it.
    assert ("waiting for another run" in machine.setup()) == (number == signal.SIGKILL)
    assert machine.links() == LINKS
    assert "built" in machine.target("pulumi").read_text()
    assert not list(machine.folder.glob("cache/tmp-*"))
    assert len(machine.calls("python -m venv")) == 1


def test_a_signal_while_a_command_is_being_started_ends_that_too(machine: Machine) -> None:
    said = machine.setup(code=130, GO_SECONDS="60", STARTED_AND_SIGNALLED=str(int(signal.SIGTERM)))
    assert "setup: interrupted" in said
    assert "waiting for another run" not in machine.setup()


def test_two_runs_at_once_make_everything_once(machine: Machine) -> None:
    first = machine.start(GO_SECONDS="0.5")
    until(lambda: list(machine.folder.glob("cache/tmp-*/pulumi")))
    assert machine.setup() == "waiting for another run of setup …\n"
    first.communicate(timeout=30)
    assert len(machine.calls("go build")) == 5


def test_a_broken_or_another_link_and_a_python_that_is_gone_are_repaired(machine: Machine) -> None:
    machine.setup()
    for target in ("/nowhere", "/bin/sh"):
        (machine.checkout / ".toolchain/bin/pulumi").unlink()
        (machine.checkout / ".toolchain/bin/pulumi").symlink_to(target)
        machine.setup()
        assert machine.target("pulumi").parent == machine.target("livekit-server").parent
    (machine.checkout / ".venv/bin/python").unlink()
    assert "making .venv" in machine.setup()


def test_a_cache_that_cannot_be_made_is_one_sentence(machine: Machine) -> None:
    file = machine.script("a-file")
    said = machine.setup(code=1, RELAY_TOOLCHAIN_CACHE=str(file))
    assert said.startswith("setup: ")
    assert str(file) in said
    assert len(said.splitlines()) == 1


def test_an_old_python_hands_over_to_a_newer_one_or_is_told_so(machine: Machine) -> None:
    assert "Python 3.11 or newer is needed, and this is 3.9: install one" in machine.setup(code=1, VERSION="3.9.1")
    machine.script("tools/python3.12", "#!/bin/sh\necho newer $*\n")
    assert machine.setup("--sdks", VERSION="3.9.1") == "newer -m toolchain.setup --sdks\n"
