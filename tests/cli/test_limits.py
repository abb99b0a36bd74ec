"""A run that would end more rooms than it may does nothing; healing is never stopped."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest

from tests.cli.pty import terminal
from tests.cli.shop import NEEDS_ENGINE, Shop, changes

pytestmark = NEEDS_ENGINE
TEN: dict[str, Any] = {f"r{number}": {} for number in range(10)}


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.limited = True
    return shop


def sids(shop: Shop) -> dict[str, str]:
    return {name: room["sid"] for name, room in shop.api.rooms().items()}


def refused(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The command that the refusal says to type."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "Nothing was done." in done.stderr
    (command,) = re.findall(r"`relay-rooms (.+)`$", done.stderr.strip())
    return shlex.split(command)


def test_over_the_limit_nothing_ends_and_the_command_that_is_told_does_it(shop: Shop) -> None:
    shop.declare(TEN)
    assert shop.run("up", "-y").returncode == 0
    before, state = sids(shop), shop.state()

    shop.declare({"r0": {}, **{name: {"metadata": "new"} for name in list(TEN)[1:3]}, "more": {}})
    assert len(shop.json("preview", code=2)["overLimit"]) == 1
    comment = shop.run("preview", "-o", "markdown").stdout
    assert "at most 3 may be" in comment and "`relay-rooms up --yes --max-ends 9`" in comment
    done = shop.run("up", "--yes")
    assert (
        "Project acme: 9 rooms would be ended, of 4 declared, and at most 3 may be (30 %, and always 3)" in done.stderr
    )
    told = refused(done)
    assert told == ["up", "--yes", "--max-ends", "9"]
    assert (sids(shop), shop.state()) == (before, state)

    assert refused(shop.run("destroy", "-y", "rooms.yaml")) == ["destroy", "rooms.yaml", "--yes", "--max-ends", "10"]
    assert sids(shop) == before

    done = shop.run(*told)
    assert done.returncode == 0, done.stderr
    assert sorted(shop.api.rooms()) == ["more", "r0", "r1", "r2"]
    assert shop.run("destroy", "-y", "--max-ends-percent", "100").returncode == 0
    assert shop.api.rooms() == {}


def test_rooms_that_are_gone_do_not_count(shop: Shop) -> None:
    shop.declare(TEN, maxEnds=0)
    assert shop.run("up", "-y").returncode == 0
    for name in TEN:
        shop.api.end(name)
    shop.declare({name: {"metadata": "new"} for name in TEN}, maxEnds=0)
    assert shop.json("up", "-y")["changes"] == changes(create=10)
    assert refused(shop.run("destroy", "-y"))
    for name in TEN:
        shop.api.end(name)
    assert shop.run("destroy", "-y").returncode == 0


@pytest.mark.parametrize("refresh", ["--refresh", pytest.param("--no-refresh", marks=pytest.mark.soak)])
def test_the_manifest_sets_a_projects_limit_for_a_set_too(shop: Shop, refresh: str) -> None:
    shop.declare(TEN, grouped=True, maxEnds=1)
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop)
    shop.declare({**TEN, "r0": {"metadata": "new"}, "r1": {"metadata": "new"}}, grouped=True, maxEnds=1)
    told = refused(shop.run("up", "-y", refresh, "--project", "acme"))
    assert told[1:3] == ["--project", "acme"]
    assert sids(shop) == before
    shop.api.end("r1")
    assert shop.run("up", "-y", refresh).returncode == 0
    assert {name for name, sid in sids(shop).items() if sid != before[name]} == {"r0", "r1"}


@pytest.mark.soak
def test_what_only_changes_hands_does_not_count(shop: Shop) -> None:
    shop.declare(TEN, maxEnds=0)
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop)
    text = (shop.folder / "rooms.yaml").read_text()
    (shop.folder / "rooms.yaml").write_text(text.replace('"acme"', '"renamed"', 1))
    assert shop.run("up", "-y").returncode == 0
    assert sids(shop) == before


def test_on_a_terminal_the_plan_is_shown_and_nothing_is_asked(shop: Shop) -> None:
    shop.declare(TEN)
    assert shop.run("up", "-y").returncode == 0
    with terminal("destroy", cwd=shop.folder, env=shop.env) as screen:
        assert screen.wait() == 1
        assert "delete" in screen.text and "Nothing was done." in screen.text
    assert len(shop.api.rooms()) == 10
