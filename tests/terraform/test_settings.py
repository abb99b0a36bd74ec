"""The provider's settings: from its block, else from the environment, and never another place's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.served import KEY, Served
from tests.terraform.engine import Workspace

pytestmark = pytest.mark.e2e


def test_settings_that_are_not_known_yet_are_no_other_places(tf: Workspace, api: Served) -> None:
    """Neither the default place nor the environment's is asked, nor is anything there ended."""
    assert tf.provider
    seed = {"terraform_data": {"seed": {"input": api.url}}}
    tf.provider = {**tf.provider, "base_url": "${terraform_data.seed.output}"}
    tf.write({"a": {"name": "standup"}}, resource=seed)
    assert tf.apply().changes == {"create": 1}
    assert sorted(api.rooms()) == ["standup"]
    assert tf.is_settled()
    tf.write(
        {"a": {"name": "standup", "max_participants": 3}},
        resource={"terraform_data": {"seed": {"input": api.url + "/"}}},
    )
    ran = tf.plan(check=False)
    assert ran.code == 1
    assert "The provider's base_url will be known only when what it comes from has been applied" in ran.told()
    assert sorted(tf.state()) == ["standup"]
    ran = tf.plan("-refresh=false", check=False)
    assert ran.code == 1


def test_every_wrong_setting_is_named_at_its_place(tf: Workspace) -> None:
    tf.provider = {"backend": "reley", "request_timeout": 0, "max_retries": 1.5, "api_key": KEY}
    tf.write({"a": {"name": "standup"}})
    ran = tf.plan(check=False)
    told = ran.told()
    for part in (
        'backend must be relay or livekit, not "reley"',
        "request_timeout must be more",
        "max_retries must be a",
    ):
        assert part in told
    assert "requestTimeout" not in told
    assert all(one["range"]["filename"] == "main.tf.json" for one in ran.diagnostics())
    assert KEY not in told


def test_a_missing_key_is_told_in_this_doors_words(tf: Workspace, api: Served) -> None:
    tf.provider = {"base_url": api.url}
    tf.write({"a": {"name": "standup"}})
    told = tf.plan(check=False).told()
    assert "set RELAY_API_KEY, or write api_key into the provider's block" in told
    assert "pulumi" not in told


def test_the_environment_says_what_the_block_does_not(api: Served, tmp_path: Path) -> None:
    tf = Workspace(tmp_path / "project", api.env)
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    assert sorted(api.rooms()) == ["standup"]
