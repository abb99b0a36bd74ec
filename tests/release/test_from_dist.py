"""From dist/ alone, in empty folders, as somebody who has no checkout: what `make dist` makes is installed and run."""

from __future__ import annotations

import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from relay_provider.version import __version__
from tests.conftest import ROOT, TOOLS
from tests.e2e.engine import Project
from tests.plugin.test_examples import needs
from tests.release.made import made, run
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(900)]

ELSEWHERE = [folder for folder in os.get_exec_path() if not Path(folder, "pulumi-resource-relay").exists()]
"""PATH without what this checkout has."""
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (TOOLS / "gen-sdks").exists():
        pytest.skip("gen-sdks is not built (make sdks)")
    needs("npm")
    return made(tmp_path_factory.mktemp("release") / "dist", with_sdks=True)


@pytest.fixture(scope="module")
def home(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pulumi's own folder, with the plugin installed from its archive."""
    folder = tmp_path_factory.mktemp("plugins")
    project = Project(folder / "none", {"PULUMI_HOME": str(folder)})
    # Any of the archives: what they hold is the same.
    archive = dist / f"pulumi-resource-relay-v{__version__}-linux-amd64.tar.gz"
    project.pulumi("plugin", "install", "resource", "relay", __version__, "--file", str(archive))
    return folder


def project(folder: Path, api: Served, *path: Path, home: Path | None = None) -> Project:
    """An empty folder and an engine that knows nothing of the checkout but its Pulumi."""
    where = os.pathsep.join(map(str, (*path, TOOLS, *ELSEWHERE)))
    kept = {"PULUMI_HOME": str(home)} if home else {}
    return Project(folder / "project", {**api.env, "PATH": where, "PYTHONPATH": "", **kept})


def environment(folder: Path, *packages: str) -> Path:
    """The programs of a fresh virtual environment with these packages."""
    run([sys.executable, "-m", "venv", str(folder)], folder.parent)
    pip = [str(folder / "bin" / "python"), "-m", "pip"]
    run([*pip, "install", "-q", *packages], folder.parent)
    assert "No broken requirements" in run([*pip, "check"], folder.parent)
    return folder / "bin"


def example(name: str, target: Project) -> None:
    """The example's files, with the plugin from where it was installed."""
    shutil.copytree(EXAMPLES / name, target.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    text = (target.folder / "Pulumi.yaml").read_text()
    target.write("Pulumi.yaml", text[: text.index("plugins:")] + text.partition("path: ../../.venv/bin\n")[2])


def lives(target: Project, api: Served) -> None:
    """Two rooms made, kept as they are, and ended."""
    target.init()
    assert target.up().changes == {"create": 2}
    assert api.rooms().keys() == {"standup", "lobby"}
    assert target.up().changes == {"same": 2}
    target.destroy()
    assert api.rooms() == {}


def test_twice_the_same_bytes_with_sdks(dist: Path, tmp_path: Path) -> None:
    again = made(tmp_path / "dist", with_sdks=True)
    first, second = ({file.name: file.read_bytes() for file in one.iterdir()} for one in (dist, again))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert len(first) == 12


def test_the_readme_s_program_by_the_wheel(dist: Path, served: Served, tmp_path: Path) -> None:
    [wheel] = dist.glob("relay_provider-*.whl")
    programs = environment(tmp_path / "venv", str(wheel), "twine")
    packages = [str(file) for file in dist.glob("*.whl")] + [str(file) for file in dist.glob("relay_provider-*.tar.gz")]
    assert "FAILED" not in run([str(programs / "twine"), "check", "--strict", *packages], tmp_path)
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    [program] = [text for kind, text in blocks if kind == "python" and "remove_participant" in text]
    [manifest] = [text for kind, text in blocks if kind == "yaml" and "  webinars:" in text]
    target = project(tmp_path, served, programs)
    target.write("Pulumi.yaml", "name: my-rooms\nruntime: {name: python}\noptions: {refresh: always}\n")
    target.write("rooms.yaml", manifest)
    target.write("__main__.py", program)
    target.init()
    target.up()
    live = served.rooms()
    assert {"standup", "standup-notes", "all-hands", "lobby", "math", "physics"} == live.keys()
    target.write("__main__.py", program.replace("max_participants=12", "max_participants=20"))
    target.up()
    assert (served.rooms()["standup"]["maxParticipants"], served.rooms()["math"]) == (20, live["math"])
    target.destroy()
    assert served.rooms() == {}
    assert __version__ in run([str(programs / "relay-rooms"), "--version"], tmp_path)


def test_a_yaml_program_by_the_plugin_s_archive(home: Path, served: Served, tmp_path: Path) -> None:
    target = project(tmp_path, served, home=home)
    example("yaml", target)
    lives(target, served)


def test_a_typescript_program_by_the_packages(dist: Path, home: Path, served: Served, tmp_path: Path) -> None:
    needs("node", "npm", "pulumi-language-nodejs")
    target = project(tmp_path, served, home=home)
    example("typescript", target)
    text = (target.folder / "package.json").read_text()
    assert "file:../../sdks/nodejs" in text
    target.write("package.json", text.replace("../../sdks/nodejs", str(next(dist.glob("pulumi-relay-*.tgz")))))
    (target.folder / ".npmrc").write_text("ignore-scripts=true\n")  # it is compiled already
    run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], target.folder)
    lives(target, served)


def test_a_go_program_by_the_packages(dist: Path, home: Path, served: Served, tmp_path: Path) -> None:
    needs("go", "pulumi-language-go")
    proxy = tmp_path / "proxy"
    zipfile.ZipFile(next(dist.glob("*-goproxy.zip"))).extractall(proxy)
    target = project(tmp_path, served, home=home)
    example("go", target)
    module = (target.folder / "go.mod").read_text()
    required = module.replace("sdk/go v0.0.0", f"sdk/go v{__version__}")
    target.write("go.mod", re.sub(r"\nreplace example.com.*\n", "\n", required))
    usual = run(["go", "env", "GOPROXY"], target.folder).strip()
    env = {"GOPROXY": f"file://{proxy},{usual}", "GONOSUMDB": "example.com/*", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    run(["go", "build", "-o", "program", "."], target.folder, env)
    text = (target.folder / "Pulumi.yaml").read_text()
    target.write("Pulumi.yaml", text.replace("runtime: go", "runtime: {name: go, options: {binary: ./program}}"))
    lives(target, served)


def test_a_python_program_by_the_plugin_s_packages(dist: Path, home: Path, served: Served, tmp_path: Path) -> None:
    target = project(
        tmp_path, served, environment(tmp_path / "venv", str(next(dist.glob("pulumi_relay-*.whl")))), home=home
    )
    example("python-sdk", target)
    lives(target, served)
