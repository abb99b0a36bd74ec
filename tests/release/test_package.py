"""What is released: declared as it is imported, the same bytes each time, and nothing that it should not hold."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from relay_provider.version import __version__
from tests.conftest import ROOT
from tests.release.made import made

pytestmark = pytest.mark.unit

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = {one.name.lower(): one for one in map(Requirement, PROJECT["dependencies"])}
TERRAFORM = {Requirement(one).name.lower() for one in PROJECT["optional-dependencies"]["terraform"]}
"""What only the door for OpenTofu and Terraform needs."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("release") / "dist")


def foreign_to(files: Iterable[Path]) -> set[str]:
    """The modules of others that the files import."""
    imported: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
    own = {*sys.stdlib_module_names, "relay_provider"}
    return {name for name in imported if name.split(".")[0] not in own}


@pytest.fixture(scope="module")
def homes() -> Mapping[str, set[str]]:
    """Each module's distributions. Those of a namespace (`livekit`, `google`) share its name: the one that has the
    module counts."""
    found: dict[str, set[str]] = {}
    for distribution in {name for names in metadata.packages_distributions().values() for name in names}:
        for path in metadata.files(distribution) or []:
            if path.suffix in (".py", ".so"):
                parts = [part for part in (*path.parts[:-1], path.name.split(".")[0]) if part != "__init__"]
                found.setdefault(".".join(parts), set()).add(distribution.lower().replace("_", "-"))
    return found


def test_what_is_imported_is_declared(homes: Mapping[str, set[str]]) -> None:
    files = set((ROOT / "relay_provider").rglob("*.py"))
    of_terraform = set((ROOT / "relay_provider" / "terraform").rglob("*.py"))
    core, extra = foreign_to(files - of_terraform), foreign_to(of_terraform)
    assert {name: homes.get(name) for name in core if not homes.get(name, set()) & DECLARED.keys()} == {}
    declared = DECLARED.keys() | TERRAFORM
    assert {name: homes.get(name) for name in extra if not homes.get(name, set()) & declared} == {}
    needed = {one for name in core | extra for one in homes[name]}
    assert declared - needed == set(), "declared, and imported nowhere"


@pytest.mark.parametrize("name", ["pulumi", "uvicorn", "livekit-api", "livekit-protocol", "pydantic"])
def test_what_may_break_this_has_an_upper_bound(name: str) -> None:
    assert any(bound.operator == "<" for bound in DECLARED[name].specifier)


def test_twice_the_same_bytes(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    again = made(tmp_path / "dist")
    first, second = ({file.name: file.read_bytes() for file in one.iterdir()} for one in (dist, again))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_wheel_holds_the_package_alone(dist: Path) -> None:
    wheel = zipfile.ZipFile(next(dist.glob("relay_provider-*.whl")))
    others = [name for name in wheel.namelist() if not re.fullmatch(r"relay_provider/[a-z_/0-9]+\.py", name)]
    own = [name for name in others if ".dist-info/" not in name]
    usage = sorted(f"relay_provider/plugin/usage/{file.name}" for file in ROOT.glob("relay_provider/plugin/usage/*.md"))
    protocol = [f"relay_provider/terraform/protocol/tfplugin6{end}" for end in (".proto", "_pb2.pyi")]
    assert sorted(own) == sorted([*usage, *protocol, "relay_provider/keep/page.html", "relay_provider/py.typed"])
    info = f"relay_provider-{__version__}.dist-info"
    files = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert sorted(others) == sorted([*own, *(f"{info}/{file}" for file in files)])
    said = wheel.read(f"{info}/METADATA").decode()
    assert "License-Expression: Apache-2.0 AND MPL-2.0\n" in said
    assert "Description-Content-Type: text/markdown\n" in said


def test_the_checksums_and_the_bill_of_materials_are_of_what_lies_there(dist: Path) -> None:
    lines = (dist / "SHA256SUMS").read_text().splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in dist.iterdir()}
    assert said == {name: digest for name, digest in digests.items() if name != "SHA256SUMS"}

    bill = json.loads((dist / f"relay-provider-{__version__}.cdx.json").read_text())
    own = bill["metadata"]["component"]
    assert own["hashes"] == [{"alg": "SHA-256", "content": digests[f"relay_provider-{__version__}-py3-none-any.whl"]}]
    listed = {one["bom-ref"]: one for one in [own, *bill["components"]]}
    assert {one["name"] for one in listed.values()} >= {*DECLARED, "multidict"}
    assert {one["ref"] for one in bill["dependencies"]} == listed.keys()
    assert {ref for one in bill["dependencies"] for ref in one["dependsOn"]} <= listed.keys()


def test_the_plugin_is_there_for_each_system(dist: Path) -> None:
    archives = sorted(dist.glob("pulumi-resource-relay-*.tar.gz"))
    systems = [f"{system}-{processor}" for system in ("darwin", "linux") for processor in ("amd64", "arm64")]
    assert [file.name for file in archives] == [
        f"pulumi-resource-relay-v{__version__}-{system}.tar.gz" for system in systems
    ]
    with tarfile.open(archives[0]) as archive:
        launcher = archive.getmember("pulumi-resource-relay")
        assert (launcher.mode, launcher.uid, launcher.uname) == (0o755, 0, "")
        file = archive.extractfile(launcher)
        assert file and b"@KEY@" not in file.read()
