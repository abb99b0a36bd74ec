"""The checkout as a plugin (PulumiPlugin.yaml): by its path, and from a git server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty

from relay_provider.proto import provider_pb2, provider_pb2_grpc
from relay_provider.version import __version__
from tests.conftest import ROOT, TOOLS
from tests.e2e.engine import Project
from tests.release.git_server import serving_git
from tests.release.made import run
from tests.served import Served

pytestmark = pytest.mark.e2e

HOST = "pulumi-language-python"


def test_it_is_run_as_the_python_host_runs_it(tmp_path: Path) -> None:
    """`python FOLDER`, from anywhere, while the same file is the program of the project at the root."""
    declared = yaml.safe_load((ROOT / "PulumiPlugin.yaml").read_text())["runtime"]
    assert declared == {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}}
    process = subprocess.Popen([sys.executable, ROOT], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            provider = provider_pb2_grpc.ResourceProviderStub(channel)
            assert provider.GetPluginInfo(Empty()).version == __version__
            assert '"relay:index:Room"' in provider.GetSchema(provider_pb2.GetSchemaRequest()).schema
    finally:
        process.terminate()
        assert process.wait(20) == 0


def tracked(folder: Path) -> Path:
    """The working tree's tracked files, as a repository of their own."""
    for file in run(["git", "ls-files", "-z"], ROOT).split("\0"):
        if file and (ROOT / file).is_file() and not file.startswith(("tests/", "bench/")):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
    run(["git", "init", "-q"], folder)
    run(["git", "add", "-A"], folder)
    run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "rooms"], folder)
    run(["git", "tag", f"v{__version__}"], folder)  # the engine takes the newest tag, and asks for the schema's version
    return folder


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_program_adds_it_by_path_and_from_a_git_server(served: Served, tmp_path: Path) -> None:
    host = TOOLS / HOST
    if not host.exists() or b"pulumi.run.plugin" not in host.read_bytes():
        pytest.skip(f"{HOST} here cannot run a plugin from its source: a Pulumi of 2026 on PATH can")
    checkout = tracked(tmp_path / "checkout")
    served_root = tmp_path / "served"
    run(["git", "clone", "-q", "--bare", str(checkout), str(served_root / "acme" / "rooms.git")], tmp_path)
    # The plugin is to be found in no other way.
    elsewhere = [folder for folder in os.get_exec_path() if not Path(folder, "pulumi-resource-relay").exists()]
    path = os.pathsep.join([str(TOOLS), *elsewhere])
    try:
        with serving_git(served_root) as (address, certificate):
            for number, source in enumerate([str(checkout), f"{address}/acme/rooms.git"]):
                env = {**served.env, "PATH": path, "SSL_CERT_FILE": str(certificate)}
                project = Project(tmp_path / f"project-{number}", env)
                program = {"name": "rooms", "runtime": "yaml", "resources": {"standup": {"type": "relay:Room"}}}
                project.write("Pulumi.yaml", yaml.safe_dump(program))
                project.pulumi("package", "add", source)
                assert "relay" in yaml.safe_load((project.folder / "Pulumi.yaml").read_text())["packages"]
                project.init()
                assert project.up().changes == {"create": 1}
                assert list(served.rooms()) == ["standup"]
                project.destroy()
                assert served.rooms() == {}
    except PermissionError:
        pytest.skip("the port of https is not to be had here")
