"""A project that left the manifest together with its key: it is said what stays, and how to end or to forget it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

import pytest

from tests.cli.shop import NEEDS_ENGINE, Shop, changes
from tests.served import OTHER_KEY

pytestmark = NEEDS_ENGINE


def declare(shop: Shop, **projects: dict[str, Any]) -> None:
    common = {"baseUrl": shop.api.url}
    declared = {label: {**common, **project} for label, project in projects.items()}
    (shop.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": declared}))


@pytest.mark.parametrize("grouped", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["rooms", "set"])
def test_a_project_that_left_with_its_key(shop: Shop, grouped: bool) -> None:
    acme: dict[str, Any] = {"apiKey": {"env": "ACME_KEY"}, "rooms": {"a": {}}}
    other = {"apiKey": {"env": "OTHER_KEY"}, "rooms": {"b": {}, "c": {}}, "grouped": grouped}
    declare(shop, acme=acme, other=other)
    assert shop.run("up", "-y", OTHER_KEY=OTHER_KEY).returncode == 0
    declare(shop, acme={**acme, "rooms": {"a": {}, "new": {}}})

    done = shop.run("up", "-y")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "Error: 2 rooms of project other stay as they are, and in the state, as its key is not to be had: b, c. "
        "To end them, give the key and run the same command again; to forget them and end none, run `"
    )
    assert sorted(shop.api.rooms()) == ["a", "new"]  # all else was done
    assert '"other"' in shop.state()
    (way,) = re.findall(r"run `relay-rooms (.+)`\.$", last)

    if grouped:  # with the key
        assert shop.json("up", "-y", OTHER_KEY=OTHER_KEY)["changes"] == changes(delete=2, same=2)
        return
    refused = shop.run(*shlex.split(way))
    assert "needs --yes" in refused.stderr
    asked = shop.json(*shlex.split(way), "--yes")
    assert (asked["result"], asked["changes"]) == ("done", changes() | {"forget": 2})
    assert '"other"' not in shop.state()
    assert shop.json("up", "-y")["changes"] == changes(same=2)
    live = shop.api.__class__(shop.api.url, shop.api.process, OTHER_KEY)
    assert sorted(live.rooms()) == ["b", "c"]
    assert shop.run(*shlex.split(way), "--yes").stdout == "Nothing to forget.\n"


def test_what_a_checkout_commits_of_the_folder_is_the_configuration_alone(shop: Shop) -> None:
    shop.declare({"a": {}})
    assert shop.run("up", "-y").returncode == 0
    (shop.folder / ".relay/rooms/Pulumi.yaml.123").write_text("of a run that was killed")
    subprocess.run(["git", "init", "-q"], cwd=shop.folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=shop.folder, check=True)
    added = subprocess.run(["git", "ls-files"], cwd=shop.folder, check=True, capture_output=True, text=True).stdout
    assert added.split() == [".relay/.gitignore", ".relay/rooms/Pulumi.dev.yaml", "rooms.yaml"]
    for file in added.split():
        assert str(shop.folder.parent) not in (shop.folder / file).read_text()
