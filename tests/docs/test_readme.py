"""Every command of the README runs, and what it shows is what appears."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from relay_provider.gateway.__main__ import serve_command
from relay_provider.manifest import load
from relay_provider.model import SETTINGS
from tests.conftest import ROOT, TOOLS
from tests.served import Served

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text for kind, text in BLOCKS if kind == "sh"]


def block(kind: str, containing: str) -> str:
    found = [text for language, text in BLOCKS if language == kind and containing in text]
    assert len(found) == 1, (kind, containing)
    return found[0]


def shell(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )


@pytest.fixture
def env(served: Served, tmp_path: Path) -> dict[str, str]:
    """A newcomer's shell: nobody logged in anywhere."""
    return {
        **os.environ,
        **served.env,
        "PATH": f"{Path(sys.executable).parent}:{TOOLS}:{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my-rooms"
    folder.mkdir()
    (folder / "rooms.yaml").write_text(block("yaml", "  webinars:"))
    (folder / "Pulumi.yaml").write_text(block("yaml", "runtime:"))
    (folder / "__main__.py").write_text(block("python", "import relay_provider"))
    return folder


@pytest.mark.unit
def test_every_shell_block_is_run_by_a_test_here() -> None:
    known = ("make up", "export PATH", "relay-rooms up --yes", "pulumi stack init", "tofu apply")
    assert [sum(text in one for text in known) for one in SHELL] == [1] * len(known)


@pytest.mark.unit
@pytest.mark.parametrize("target", re.findall(r"^make ([\w-]+)", "\n".join(SHELL), re.MULTILINE))
def test_make_has_the_target(target: str) -> None:
    subprocess.run(["make", "-n", "-C", ROOT, target], check=True, capture_output=True)


@pytest.mark.unit
def test_the_livekit_manifest_is_one(tmp_path: Path) -> None:
    (tmp_path / "rooms.yaml").write_text(block("yaml", "livekit:"))
    [one] = load([tmp_path / "rooms.yaml"]).projects
    assert (one.ref.backend, one.ref.livekit_url, one.ref.project_id) == ("livekit", "wss://livekit.acme.com", None)


@pytest.mark.e2e
def test_the_manifest_and_its_commands(folder: Path, env: dict[str, str], served: Served) -> None:
    (folder / "Pulumi.yaml").unlink()
    (folder / "__main__.py").unlink()
    script = block("sh", "relay-rooms up --yes")
    before, after = script.split("relay-rooms list\n")
    done = shell(block("sh", "export PATH") + before, folder, env)
    assert done.returncode == 0, done.stdout
    assert sorted(served.rooms()) == ["all-hands", "lobby"]
    assert (folder / ".relay").is_dir()
    done = shell(f"relay-rooms list\n{after}", folder, env)
    assert done.returncode == 0, done.stdout
    assert served.rooms() == {}


@pytest.mark.e2e
def test_the_python_program_and_its_commands(folder: Path, env: dict[str, str], served: Served) -> None:
    state = folder.parent / "state"
    state.mkdir()
    chosen = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": ""}
    script = block("sh", "pulumi stack init")
    before, after = script.split("pulumi destroy")
    done = shell(before, folder, env | chosen)
    assert done.returncode == 0, done.stdout
    assert sorted(served.rooms()) == ["all-hands", "lobby", "math", "physics", "standup", "standup-notes"]
    exported = shell("pulumi stack output live", folder, env | chosen)
    assert {"math", "physics", "standup"} <= set(json.loads(exported.stdout))
    done = shell(f"pulumi destroy{after}", folder, env | chosen)
    assert done.returncode == 0, done.stdout
    assert served.rooms() == {}


@pytest.mark.e2e
@pytest.mark.skipif(not (TOOLS / "tofu").exists(), reason="OpenTofu is not here")
def test_the_hcl_configuration_and_its_commands(tmp_path: Path, env: dict[str, str], served: Served) -> None:
    (tmp_path / "main.tf").write_text(block("hcl", "required_providers"))
    home = {"HOME": str(tmp_path / "home"), "TF_CLI_CONFIG_FILE": os.devnull}
    before, after = block("sh", "tofu apply").split("tofu plan")
    done = shell(before, tmp_path, env | home)
    assert done.returncode == 0, done.stdout
    assert sorted(served.rooms()) == ["standup"]
    done = shell(f"tofu plan{after}", tmp_path, env | home)
    assert done.returncode == 0, done.stdout
    assert served.rooms() == {}


@pytest.mark.unit
def test_the_table_of_a_room_s_settings_is_the_model_s() -> None:
    page = (ROOT / "docs" / "changes.md").read_text()
    for name, setting in SETTINGS.items():
        assert f"| `{name}` | {setting.limits} | {setting.when_absent} |" in page


@pytest.mark.e2e
def test_the_start_page_s_commands(tmp_path: Path, env: dict[str, str], served: Served) -> None:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "start.md").read_text(), re.MULTILINE | re.DOTALL)
    [manifest] = [text for kind, text in blocks if kind == "yaml"]
    (tmp_path / "rooms.yaml").write_text(manifest)
    commands = [
        text for kind, text in blocks if kind == "sh" and not re.search("pip install|rooms serve|export ", text)
    ]
    assert len(commands) == 3
    [port] = [one.default for one in serve_command.params if one.name == "port"]
    assert any(f"RELAY_BASE_URL=http://127.0.0.1:{port}/v1\n" in text for _, text in blocks)
    first, drifting, last = (text.replace("relay-rooms up  ", "relay-rooms up --yes  ") for text in commands)
    assert shell(first, tmp_path, env).returncode == 0
    assert sorted(served.rooms()) == ["all-hands", "lobby"]
    drifting = drifting.replace("relay-rooms drift", "relay-rooms drift || test $? -eq 2")
    done = shell(drifting, tmp_path, env)
    assert done.returncode == 0, done.stdout
    assert "1 missing" in done.stdout
    assert sorted(served.rooms()) == ["all-hands", "lobby"]
    assert shell(last, tmp_path, env).returncode == 0
    assert served.rooms() == {}
