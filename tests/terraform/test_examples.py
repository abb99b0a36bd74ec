"""The examples: their own tests (`tofu test`, `terraform test`), and what those cannot see."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.livekit.conftest import Project, livekit, project
from tests.served import Served
from tests.terraform.engine import ENGINES, PATH
from tests.terraform.examples import EXAMPLES, example, override

__all__ = ["livekit", "project"]

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", ["rooms", "remove-participant"])
@pytest.mark.parametrize("engine", ENGINES)
def test_its_own_tests_pass(name: str, engine: str, tmp_path: Path, attached: dict[str, str], api: Served) -> None:
    settings = {"api_key": api.key, "base_url": api.url}
    ran = example(name, tmp_path, {**attached, **api.env}, engine, **settings).run("test")
    assert ", 0 failed" in ran.out
    assert api.rooms() == {}


def test_its_own_tests_pass_on_livekit(tmp_path: Path, project: Project) -> None:
    ran = example("livekit", tmp_path, project.env).run("test")
    assert ", 0 failed" in ran.out
    assert project.rooms() == []


def test_who_is_removed_by_name_is_removed_once_and_nobody_else(
    tmp_path: Path, attached: dict[str, str], api: Served
) -> None:
    settings = {"api_key": api.key, "base_url": api.url}
    tf = example("remove-participant", tmp_path, {**attached, **api.env}, **settings)
    tf.apply()
    odd = "o'brien $(touch it) --help"
    api.join("standup", "ana", odd)
    removed = {"ticket-17": {"room": "standup", "identity": odd}}
    asked = f"-var=removed={json.dumps(removed)}"
    tf.plan(asked)
    assert api.people("standup") == ["ana", odd]
    tf.apply(asked)
    assert api.people("standup") == ["ana"]
    assert not (tf.folder / "it").exists()
    api.join("standup", odd)
    assert tf.plan(asked, "-detailed-exitcode").code == 0
    assert api.people("standup") == ["ana", odd]


@pytest.mark.parametrize("engine", ENGINES)
def test_drift_is_told_by_the_exit_code(engine: str, tmp_path: Path, attached: dict[str, str], api: Served) -> None:
    tf = example("rooms", tmp_path, attached, engine, api_key=api.key, base_url=api.url)
    tf.apply()

    def drift() -> int:
        script = [EXAMPLES / "ci" / "drift.sh", engine]
        return subprocess.run(script, cwd=tf.folder, env=tf.env, capture_output=True, check=False).returncode

    assert drift() == 0
    api.end("lobby")
    assert drift() == 2
    assert sorted(api.rooms()) == ["all-hands"]
    override(tf.folder, api_key="sk_live_wrong", base_url=api.url)
    assert drift() == 1


@pytest.mark.skipif("tofu" not in ENGINES, reason="OpenTofu is not here")
def test_they_are_formatted() -> None:
    done = subprocess.run(
        ["tofu", "fmt", "-check", "-recursive", "-list=true", EXAMPLES],
        env={**os.environ, "PATH": PATH, "TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
