"""The examples, each in its own language: type-checked, and run on its real language host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from tests.conftest import ROOT, TOOLS
from tests.e2e.engine import Project
from tests.livekit.agents import real_agents
from tests.livekit.server import LiveKit, serving_livekit
from tests.plugin.doors import PLUGIN_FOLDER, YamlDoor
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

EXAMPLES = ROOT / "examples"
USAGE = ROOT / "relay_provider" / "plugin" / "usage"


def needs(*programs: str) -> None:
    """Skip where a program is not to be had."""
    for program in programs:
        if not (shutil.which(program) or (TOOLS / program).exists()):
            pytest.skip(f"{program} is not on this machine" + (" (make sdks)" if "pulumi" in program else ""))


def run(folder: Path, *command: str | Path, **env: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "npm_config_update_notifier": "false", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode and (
        "ENOTFOUND" in done.stdout or "dial tcp" in done.stdout or "Name or service" in done.stdout
    ):
        pytest.skip(f"{command[0]} cannot reach its registry")
    assert done.returncode == 0, done.stdout


def copied(name: str, clone: Path, api: Served | LiveKit) -> Project:
    """The example in a folder as deep as its own, its stack made."""
    folder = clone / "examples" / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("node_modules", "Pulumi.*.yaml"))
    text = (folder / "Pulumi.yaml").read_text()
    assert "path: ../../.venv/bin" in text
    project = Project(folder, dict(api.env))
    project.write("Pulumi.yaml", text.replace("../../.venv/bin", PLUGIN_FOLDER))
    return project.init()


def runs(project: Project, api: Served, *, removes: bool = True) -> None:
    """Up, an up that changes nothing, a participant removed (by an up, not by its preview), destroy."""
    assert project.up().changes == {"create": 2}
    live = api.rooms()
    assert live.keys() == {"standup", "lobby"}
    assert json.loads(live["standup"]["metadata"]) == {"team": "core", "agenda": ["news", "blockers"]}
    assert live["standup"]["maxParticipants"] == 12
    assert project.up().changes == {"same": 2}
    if removes:
        api.join("standup", "user-123", "ana")
        project.pulumi("config", "set", "evict", "user-123")
        project.pulumi("preview")
        assert api.people("standup") == ["ana", "user-123"]
        assert project.up().changes == {"same": 2}
        assert api.people("standup") == ["ana"]
        assert json.loads(project.pulumi("stack", "output", "--json").out)["removed"] is True
        api.leave("standup", "ana")
        project.pulumi("config", "rm", "evict")
    project.destroy()
    assert api.rooms() == {}


def runs_on_livekit(project: Project, livekit: LiveKit) -> None:
    """Up on a LiveKit server: the agent comes into the room, and an up changes nothing."""
    project.env |= {**livekit.env, "RELAY_BACKEND": "livekit"}
    with real_agents(livekit, "notes") as agents:
        assert project.up().changes == {"create": 2}
        came = agents.next("joined")
        assert (came["room"], json.loads(came["metadata"])["topic"]) == ("standup", "standup")
        assert project.up().changes == {"same": 2}
        project.destroy()


def snippets(language: str) -> dict[str, str]:
    """The examples of the schema in one language, by name."""
    fence = re.compile(rf"```{language}\n(.*?)```", re.DOTALL)
    return {path.stem: match[1] for path in USAGE.glob("*.md") for match in fence.finditer(path.read_text())}


def test_yaml(served: Served, tmp_path: Path) -> None:
    project = copied("yaml", tmp_path, served)
    runs(project, served, removes=False)


def test_yaml_on_livekit(served: Served, tmp_path: Path) -> None:
    with serving_livekit() as livekit:
        runs_on_livekit(copied("yaml-livekit", tmp_path, served), livekit)


def test_yaml_snippets(served: Served, tmp_path: Path) -> None:
    """One program of all of them; a preview asks for what it reads and changes nothing."""
    served.create("standup")
    door = YamlDoor(tmp_path / "project", served.env)
    whole: dict[str, dict[str, Any]] = {"resources": {}, "variables": {}, "outputs": {}, "config": {}}
    for name, text in snippets("yaml").items():
        if name not in ("get-sayna-room", "get-join-token"):  # which need a Sayna, and a LiveKit server
            for part, content in yaml.safe_load(text).items():
                whole[part] |= {f"{name}-{key}" if part == "outputs" else key: one for key, one in content.items()}
    whole["variables"]["live"] = whole["variables"].pop("standup")
    whole["outputs"]["get-room-people"] = "${live.participants}"
    door.write(**whole)
    door.project.pulumi("config", "set", "--secret", "webinarsKey", served.key)
    assert door.project.pulumi("preview").changes == {"create": 3}
    assert list(served.rooms()) == ["standup"]


def test_a_join_token_is_a_secret_in_yaml(tmp_path: Path) -> None:
    with serving_livekit() as livekit:
        door = YamlDoor(tmp_path / "project", livekit.env | {"RELAY_BACKEND": "livekit"})
        door.write(**yaml.safe_load(snippets("yaml")["get-join-token"]))
        is_secret_token(door.project, livekit)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("language", "example", "host"),
    [("typescript", "typescript", "nodejs"), ("go", "go", "go"), ("python", "python-sdk", "python")],
)
def test_a_join_token_is_a_secret_in_every_language(language: str, example: str, host: str, sdks: Path) -> None:
    needs(f"pulumi-language-{host}")
    with serving_livekit() as livekit:
        project = copied(example, sdks, livekit)
        project.env |= {"RELAY_BACKEND": "livekit"}
        text = snippets(language)["get-join-token"]
        if language == "typescript":
            project.write("index.ts", text)
            run(project.folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
        elif language == "go":
            project.write("main.go", text)
            built_in_go(project)
        else:
            project.write("__main__.py", text)
            project.env |= python_sdk(project)
        is_secret_token(project, livekit)


def is_secret_token(project: Project, livekit: LiveKit) -> None:
    """A preview and an up with the snippet: the output `token` is a secret, and in the state encrypted."""
    said = [project.pulumi("preview").out, project.up().out, project.state_text()]
    assert project.pulumi("stack", "output", "token").out.strip() == "[secret]"
    token = project.pulumi("stack", "output", "token", "--show-secrets").out.strip()
    claims = jwt.decode(token, livekit.secret, algorithms=["HS256"])
    assert claims["roomConfig"] == {"maxParticipants": 12, "emptyTimeout": 900, "departureTimeout": 900}
    assert (claims["video"]["room"], claims["video"]["canPublish"]) == ("daily", False)
    assert not any(token in text for text in said)
    project.destroy()


@pytest.mark.soak
def test_typescript(served: Served, sdks: Path) -> None:
    needs("node", "npm", "pulumi-language-nodejs")
    project = copied("typescript", sdks, served)
    run(project.folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
    tsc = (project.folder / "node_modules" / ".bin" / "tsc", "--noEmit")
    run(project.folder, *tsc)
    for name, text in snippets("typescript").items():
        project.write(f"snippets/{name}.ts", text)
    options = ("--strict", "--skipLibCheck", "--target", "es2020", "--module", "commonjs")
    run(project.folder, *tsc, *options, *sorted((project.folder / "snippets").glob("*.ts")))
    runs(project, served)
    project.pulumi("config", "set", "agent", "notes")
    with serving_livekit() as livekit:
        runs_on_livekit(project, livekit)


@pytest.mark.soak
def test_go(served: Served, sdks: Path) -> None:
    needs("go", "pulumi-language-go")
    project = copied("go", sdks, served)
    for name, text in snippets("go").items():
        project.write(f"{name}/main.go", text)
    run(project.folder, "go", "vet", "./...")
    built_in_go(project)
    runs(project, served)
    project.pulumi("config", "set", "agent", "notes")
    with serving_livekit() as livekit:
        runs_on_livekit(project, livekit)


def built_in_go(project: Project) -> None:
    """Build the program once, and not at each run of the engine."""
    run(project.folder, "go", "build", "-o", "program", ".")
    text = (project.folder / "Pulumi.yaml").read_text()
    assert "\nruntime: go\n" in text
    project.write("Pulumi.yaml", text.replace("runtime: go", "runtime: {name: go, options: {binary: ./program}}"))


@pytest.mark.soak
def test_python(served: Served, sdks: Path) -> None:
    needs("pulumi-language-python")
    project = copied("python-sdk", sdks, served)
    path = python_sdk(project)
    for name, text in snippets("python").items():
        project.write(f"snippets/{name.replace('-', '_')}.py", text)
    run(project.folder, sys.executable, "-m", "mypy", "--strict", "__main__.py", "snippets", **path)
    project.env |= path
    runs(project, served)


def python_sdk(project: Project) -> dict[str, str]:
    """Where the program finds the SDK. Its own dependencies are here already, but for these; so no environment of its
    own is needed."""
    site = project.folder / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site)
    run(project.folder, *pip, "--no-deps", "../../sdks/python", "parver", "arpeggio")
    return {"PYTHONPATH": str(site), "MYPYPATH": str(site)}
