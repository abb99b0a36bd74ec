"""The plugin and the engine: three ways of starting, import, names, `pulumi do`, and an interrupted run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plugin.doors import YamlDoor, program, room
from tests.plugin.test_process import SCRIPT, started
from tests.proxy import Silence, proxying
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def door(served: Served, tmp_path: Path) -> YamlDoor:
    return YamlDoor(tmp_path / "project", served.env)


def without_path(text: str) -> str:
    """The program as it is where no plugin folder is named."""
    return yaml.safe_dump({key: value for key, value in yaml.safe_load(text).items() if key != "plugins"})


def test_started_from_path(door: YamlDoor, served: Served) -> None:
    door.project.write("Pulumi.yaml", without_path(program({"standup": room()})))
    ran = door.up()
    assert f"using pulumi-resource-relay from $PATH at {SCRIPT}" in ran.out
    assert list(served.rooms()) == ["standup"]


@pytest.mark.parametrize("arguments", [(), ("127.0.0.1:1",)], ids=["alone", "with the engine argument"])
def test_attached(door: YamlDoor, served: Served, arguments: tuple[str, ...]) -> None:
    with started(*arguments, env={**os.environ, **served.env}) as (process, port):
        door.project.env["PULUMI_DEBUG_PROVIDERS"] = f"relay:{port}"
        door.declare({"standup": {"maxParticipants": 3}})
        ran = door.project.pulumi("up", "--yes")  # a preview and an update: the plugin outlives the first engine
        assert ran.changes in ({"create": 1}, {"create": 2})
        assert served.rooms()["standup"]["maxParticipants"] == 3
        assert door.up().changes == {"same": 1}
        door.destroy()
        assert served.rooms() == {}
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_import(door: YamlDoor, served: Served) -> None:
    served.create("standup", maxParticipants=4, metadata='{"team": "core"}')
    served.create("lobby")
    served.create("support")
    sids = {name: live["sid"] for name, live in served.rooms().items()}
    door.project.pulumi("import", "--yes", "relay:index:Room", "standup", "standup", "--out", "code.yaml")
    door.project.write(
        "rooms.json",
        json.dumps({"resources": [{"type": "relay:index:Room", "name": n, "id": n} for n in ("lobby", "support")]}),
    )
    door.project.pulumi("import", "--yes", "--file", "rooms.json", "--generate-code=false")
    declared = yaml.safe_load((door.project.folder / "code.yaml").read_text())["resources"]
    declared |= {"lobby": room(protect=True), "support": room(protect=True)}
    door.write(declared)
    assert door.up().changes == {"same": 3}
    assert {name: outputs["sid"] for name, outputs in door.state().items()} == sids

    served.create("other", maxParticipants=2)
    door.write(
        {**declared, "renamed": room({"name": "other", "maxParticipants": 2}) | {"options": {"import": "other"}}}
    )
    assert door.up().changes == {"same": 3, "import": 1}
    ran = door.project.pulumi("import", "--yes", "relay:index:Room", "none", "none", check=False)
    assert "resource 'none' does not exist" in ran.errors or "does not exist" in ran.out


def test_names_that_pulumi_makes(door: YamlDoor, served: Served) -> None:
    door.write({"standup": room(), "lobby": room({"name": "lobby"})}, config={}, options={})
    door.project.pulumi("config", "set", "--path", "pulumi:autonaming.pattern", "acme-${name}-${hex(4)}")
    assert door.up().changes == {"create": 2}
    made = sorted(served.rooms())
    assert made[0].startswith("acme-standup-")
    assert made[1:] == ["lobby"]
    assert door.up().changes == {"same": 2}
    assert sorted(served.rooms()) == made


def test_pulumi_do(door: YamlDoor, served: Served) -> None:
    def do(*arguments: str) -> Any:
        out = door.project.pulumi("do", "--package", str(SCRIPT), *arguments).out
        return json.loads(out[min(out.find(start) for start in "[{" if start in out) :])

    shown = door.project.pulumi("do", "--package", str(SCRIPT), "relay:index:Room", "--help", check=False)
    if "unknown command" in shown.out or shown.code:
        pytest.skip("this Pulumi CLI has no `pulumi do`")
    served.create("lobby")
    door.project.pulumi(
        "do", "--package", str(SCRIPT), "relay:index:Room", "create", "--stateless", "--yes", "--name", "standup"
    )
    assert [one["id"] for one in do("relay:index:Room", "list")] == ["lobby", "standup"]
    assert do("relay:index:Room", "read", "standup")["sid"] == served.rooms()["standup"]["sid"]
    assert do("relay:index:getRoom", "--name", "standup")["participants"] == []
    door.project.pulumi("do", "--package", str(SCRIPT), "relay:index:Room", "delete", "lobby", "--stateless", "--yes")
    assert list(served.rooms()) == ["standup"]


def test_an_interrupted_run_leaves_a_known_state(door: YamlDoor, served: Served) -> None:
    with proxying(served.url) as proxy:
        proxy.rule = lambda method, path: Silence(20) if len(proxy.requests) > 2 else None
        door.project.env["RELAY_BASE_URL"] = proxy.url
        door.declare({f"room-{number}": {} for number in range(5)})
        with running(door, "up", "--yes", "--skip-preview", "--parallel", "1") as process:
            for _ in range(600):
                if len(proxy.requests) > 2:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        assert process.returncode != 0, out
        assert "Traceback" not in out
        assert "exited prematurely" not in out
        kept = door.state()
        assert kept.keys() == served.rooms().keys(), "what was made and what the state knows are not the same"
        assert len(kept) == 2
        proxy.rule = None
        assert door.up().changes == {"create": 3, "same": 2}


@contextmanager
def running(door: YamlDoor, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The CLI, for a test that signals it."""
    process = subprocess.Popen(
        ["pulumi", *arguments, "--non-interactive", "--color", "never"],
        cwd=door.project.folder,
        env=door.project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
