"""What runs all the time, as the examples say: `keep` under systemd and in Kubernetes, and the operator's program."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.cli.shop import needs_engine
from tests.conftest import ROOT
from tests.e2e.engine import Project
from tests.gitops.conftest import SECRETS
from tests.keep.keeping import Keeping, started
from tests.served import KEY, Served

EXAMPLES = ROOT / "examples" / "gitops"
BIN = Path(sys.executable).parent
DECLARED = ["all-hands", "lobby"]
HERE = "127.0.0.1"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What is /etc/relay elsewhere."""
    folder = tmp_path / "etc"
    folder.mkdir()
    shutil.copy(EXAMPLES / "rooms.yaml", folder)
    return folder


@pytest.fixture
def unit() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(EXAMPLES / "systemd" / "relay-keep.service")
    return found


@contextmanager
def running(command: Sequence[str], place: Path, env: Mapping[str, str]) -> Iterator[Keeping]:
    """The command, on a free port, with nothing but this environment."""
    there = {
        "/etc/relay/rooms.yaml": str(place / "rooms.yaml"),
        f"{HERE}:9090": f"{HERE}:0",
        "0.0.0.0:9090": "0.0.0.0:0",
    }
    words = [there.get(word, word) for word in command]
    with started(words, {"PATH": f"{BIN}{os.pathsep}{os.defpath}", **env}) as keeping:
        yield keeping


@pytest.mark.unit
def test_the_unit_starts_keep_and_systemd_is_told_when_it_is_ready(
    unit: configparser.ConfigParser, place: Path, served: Served, tmp_path: Path
) -> None:
    service = unit["Service"]
    assert (service["Type"], service["EnvironmentFile"]) == ("notify", "/etc/relay/keys.env")
    program, *rest = shlex.split(service["ExecStart"])
    assert program == "/opt/relay/bin/relay-rooms"
    env = {**SECRETS, "RELAY_ALLOWED_HOSTS": HERE, "RELAY_BASE_URL": served.url}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        told = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": f"{int(service['WatchdogSec']) * 1_000_000}"}
        with running([str(BIN / "relay-rooms"), *rest], place, {**env, **told}) as keep:
            assert manager.recv(1000).decode().startswith("READY=1\nSTATUS=Keeping 4 rooms of 2 projects")
            assert manager.recv(1000) == b"WATCHDOG=1"
            assert {keep.event("created")["room"] for _ in range(4)} == {*DECLARED, "math", "physics"}
            keep.end(signal.SIGTERM)
            assert keep.process.returncode == 0
    assert sorted(served.rooms()) == DECLARED


@pytest.mark.unit
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = (EXAMPLES / "systemd" / "relay-keep.service").read_text()
    file = tmp_path / "relay-keep.service"
    file.write_text(text.replace("/opt/relay/bin/", f"{BIN}/"))  # it looks whether the program is there
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "relay-keep" in line]) == (0, [])


@pytest.mark.unit
def test_the_deployment_runs_keep_and_its_probes_are_answered(place: Path, served: Served) -> None:
    deployment, service = yaml.safe_load_all((EXAMPLES / "kubernetes" / "relay-keep.yaml").read_text())
    pod = deployment["spec"]["template"]
    [container] = pod["spec"]["containers"]
    [mount], [volume] = container["volumeMounts"], pod["spec"]["volumes"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], "/etc/relay")
    [port] = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    assert f"0.0.0.0:{port['containerPort']}" in container["command"]

    token = "0123456789abcdef"
    known = {**SECRETS, "RELAY_KEEP_TOKEN": token, "RELAY_ALLOWED_HOSTS": HERE}
    env = {one["name"]: known[one["name"]] for one in container["env"]}
    with running(container["command"], place, {**env, "RELAY_BASE_URL": served.url}) as keep:
        url = keep.event("listening")["url"].replace("0.0.0.0", HERE)
        assert {keep.event("created")["room"] for _ in range(4)} == {*DECLARED, "math", "physics"}
        for probe in ("livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] == port["name"]
            assert httpx.get(url.rstrip("/") + asked["path"], trust_env=False).status_code == 200
        assert httpx.get(url, trust_env=False).status_code == 401


@needs_engine
def test_the_operators_program_makes_rooms_and_makes_them_again(served: Served, tmp_path: Path) -> None:
    """What a workspace does: the stack of the `Stack`, in its folder, with the plugin from PATH; again each resync."""
    *_, stack = yaml.safe_load_all((EXAMPLES / "operator" / "stack.yaml").read_text())
    spec: dict[str, Any] = stack["spec"]
    assert (spec["refresh"], spec["continueResyncOnCommitMatch"], "destroyOnFinalize" in spec) == (True, True, False)
    folder = tmp_path / "repository" / spec["repoDir"]
    shutil.copytree(EXAMPLES / "operator" / spec["repoDir"], folder)
    known = {"RELAY_API_KEY": KEY, "PULUMI_CONFIG_PASSPHRASE": "secret", "RELAY_ALLOWED_HOSTS": HERE}
    env = {name: known[name] for name in spec["envRefs"]} | {"RELAY_BASE_URL": served.url}
    project = Project(folder, env, stack=spec["stack"]).init()
    assert project.up("--refresh").changes == {"create": 2}
    before = served.rooms()
    assert sorted(before) == DECLARED
    served.end("lobby")
    assert project.up("--refresh").changes == {"create": 1, "same": 1}
    assert served.rooms()["all-hands"] == before["all-hands"]
    assert sorted(served.rooms()) == DECLARED
