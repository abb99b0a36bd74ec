"""What docs/pulumi-or-terraform.md says of OpenTofu and Terraform, as far as no other test shows it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.served import KEY, Served
from tests.terraform.engine import ENGINES, Workspace

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("engine", ENGINES)
def test_a_removed_block_lets_a_room_be(engine: str, tmp_path: Path, attached: dict[str, str], api: Served) -> None:
    provider = {"api_key": api.key, "base_url": api.url}
    tf = Workspace(tmp_path / "project", attached, engine, provider)
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    api.join("standup", "ana")
    tf.write(removed={"from": "relay_room.a", "lifecycle": {"destroy": False}})
    tf.apply()
    assert tf.state() == {}
    assert api.people("standup") == ["ana"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("ephemeral", "is_there"), [(True, False), (False, True)])
def test_the_key_is_in_a_saved_plan_unless_its_variable_is_ephemeral(
    ephemeral: bool, is_there: bool, engine: str, tmp_path: Path, attached: dict[str, str], api: Served
) -> None:
    """That the other one is there is the engine's doing, and what the page warns of."""
    provider = {"api_key": "${var.relay_key}", "base_url": api.url}
    tf = Workspace(tmp_path / "project", attached, engine, provider)
    tf.write({"a": {"name": "standup"}}, variable={"relay_key": {"sensitive": True, "ephemeral": ephemeral}})
    tf.plan("-out=plan", f"-var=relay_key={KEY}")
    with zipfile.ZipFile(tf.folder / "plan") as plan:
        assert any(KEY.encode() in plan.read(name) for name in plan.namelist()) == is_there
