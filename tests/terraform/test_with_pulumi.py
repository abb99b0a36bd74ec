"""One manifest through Pulumi and OpenTofu: neither sees drift in what the other made, and moving ends no room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.shop import NEEDS_ENGINE, Shop
from tests.served import Served
from tests.terraform.engine import Workspace
from tests.terraform.examples import example

pytestmark = NEEDS_ENGINE

MANIFEST = """
version: 1
projects:
  webinars:
    defaults: {maxParticipants: 100, emptyTimeout: 86400}
    rooms:
      all-hands:
        maxParticipants: null
        metadata: {topic: "Über uns 😀", b: [1, 2.5, null, {z: true, a: "<>&"}], a: 1e3}
      lobby: {metadata: "just text"}
      plain: {emptyTimeout: null}
"""


class Tofu:
    """The example's configuration, which takes the manifest's rooms by `for_each`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def makes(self) -> None:
        self.workspace.apply()

    def sees_no_change(self) -> None:
        assert self.workspace.is_settled()
        ran = self.workspace.plan("-refresh-only")
        assert not [one for one in ran.said if one["type"] == "resource_drift"]

    def forgets(self) -> None:
        self.workspace.run("state", "rm", "relay_room.declared")
        assert self.workspace.state() == {}


class Pulumi:
    """`relay-rooms`, which has a Pulumi stack for the manifest."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def makes(self) -> None:
        done = self.shop.run("up", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr

    def sees_no_change(self) -> None:
        for command in ("preview", "drift"):
            done = self.shop.run(command)
            assert done.returncode == 0, done.stdout + done.stderr

    def forgets(self) -> None:
        done = self.shop.run("destroy", "--forget", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def doors(tmp_path: Path, attached: dict[str, str], api: Served) -> dict[str, Tofu | Pulumi]:
    """Both, in one folder with one manifest."""
    tf = example("rooms", tmp_path, attached, api_key=api.key, base_url=api.url)
    (tf.folder / "rooms.yaml").write_text(MANIFEST)
    (tmp_path / "home").mkdir()
    env = {**os.environ, **api.env, "PULUMI_HOME": str(tmp_path / "home")}
    return {"tofu": Tofu(tf), "pulumi": Pulumi(Shop(api, tf.folder, env))}


def sids(api: Served) -> dict[str, str]:
    return {name: room["sid"] for name, room in api.rooms().items()}


@pytest.mark.parametrize(("old", "new"), [("pulumi", "tofu"), ("tofu", "pulumi")])
def test_neither_sees_drift_in_what_the_other_made_and_moving_ends_no_room(
    old: str, new: str, doors: dict[str, Tofu | Pulumi], api: Served
) -> None:
    doors[old].makes()
    before = sids(api)
    assert sorted(before) == ["all-hands", "lobby", "plain"]
    api.join("lobby", "ana")

    doors[new].makes()
    assert sids(api) == before, "what is live as declared is taken over"
    doors[old].sees_no_change()
    doors[new].sees_no_change()

    doors[old].forgets()
    assert sids(api) == before
    doors[new].sees_no_change()
    assert api.people("lobby") == ["ana"]
