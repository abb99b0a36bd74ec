"""`grouped: true`: a manifest's rooms as one resource, planned, done and reported room by room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.shop import NEEDS_ENGINE, Shop, changes
from tests.cli.test_at_rest import recorder

pytestmark = [*NEEDS_ENGINE, pytest.mark.timeout(900)]

ROOMS: dict[str, dict[str, Any]] = {
    "math": {"maxParticipants": 30},
    "physics": {"metadata": {"by": "ana"}},
    "lobby": {},
}


def declare(shop: Shop, rooms: dict[str, Any], grouped: bool = True) -> None:
    shop.declare(rooms, **({"grouped": True} if grouped else {}))


def sids(shop: Shop) -> dict[str, str]:
    return {name: room["sid"] for name, room in shop.api.rooms().items()}


def kinds(report: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in report["rooms"]:
        found.setdefault(one["room"], set()).add(one["change"])
    return found


def test_a_plan_and_a_run_tell_of_each_room_of_a_set(shop: Shop) -> None:
    declare(shop, ROOMS)
    assert shop.json("up", "--yes")["changes"] == changes(create=3)
    assert shop.state().count("dynamic/relay:RoomSet::acme") and "dynamic/relay:Room::" not in shop.state()
    shop.api.join("math", "ana")
    shop.api.join("lobby", "bob")
    declare(shop, {"math": {"maxParticipants": 31}, "physics": {**ROOMS["physics"], "forceDestroy": True}, "new": {}})
    plan = shop.json("preview", code=2)
    assert kinds(plan) == {"math": {"replace"}, "physics": {"update"}, "new": {"create"}, "lobby": {"delete"}}
    refused = {one["room"]: (one["identities"], one["refused"]) for one in plan["rooms"] if "refused" in one}
    assert refused == {"math": (["ana"], True), "lobby": (["bob"], True)}
    assert plan["changes"] == changes(create=1, update=1, replace=1, delete=1)

    before = sids(shop)
    failed = shop.json("up", "--yes", code=1)
    assert kinds(failed) == {"physics": {"update"}, "new": {"create"}}
    assert [error for error in failed["errors"] if "was not ended, because 1 person is in it" in error]
    assert {name: sids(shop)[name] for name in before} == before

    shop.api.leave("math", "ana")
    shop.api.leave("lobby", "bob")
    assert shop.json("up", "--yes")["changes"] == changes(replace=1, delete=1, same=2)
    assert shop.json("up", "--yes")["changes"] == changes(same=3)
    assert shop.json("drift")["projects"][0]["inSync"] == 3
    assert shop.json("destroy", "--yes")["changes"] == changes(delete=3)
    assert shop.api.rooms() == {}


def test_grouping_rooms_and_taking_that_back_ends_none(shop: Shop) -> None:
    declare(shop, ROOMS, grouped=False)
    shop.run("up", "--yes")
    made = sids(shop)
    for name in made:
        shop.api.join(name, "ana")
    for grouped, more in ((True, ()), (False, ("--project", "acme")), (True, ("--no-refresh",))):
        declare(shop, ROOMS, grouped)
        assert kinds(shop.json("preview", *more, code=2)) == {name: {"takeOver", "forget"} for name in ROOMS}
        assert kinds(shop.json("up", "--yes", *more)) == {name: {"takeOver", "forget"} for name in ROOMS}
        assert sids(shop) == made
        assert [shop.api.people(name) for name in made] == [["ana"]] * 3
    assert shop.json("up", "--yes")["changes"] == changes(same=3)


@pytest.mark.soak
def test_settings_may_change_while_rooms_are_grouped(shop: Shop) -> None:
    declare(shop, ROOMS, grouped=False)
    shop.run("up", "--yes")
    made = sids(shop)
    declare(shop, {**ROOMS, "math": {"maxParticipants": 31}})
    assert kinds(shop.json("preview", code=2))["math"] == {"replace", "forget"}
    shop.json("up", "--yes")
    now = sids(shop)
    assert (now.keys(), now["physics"], now["lobby"]) == (made.keys(), made["physics"], made["lobby"])
    assert shop.api.rooms()["math"]["maxParticipants"] == 31
    assert shop.json("up", "--yes")["changes"] == changes(same=3)


def test_an_unchanged_set_needs_no_engine(shop: Shop, tmp_path: Path) -> None:
    declare(shop, ROOMS)
    shop.run("up", "--yes")
    path = recorder(tmp_path / "recorder")
    for command in (("up", "--yes"), ("preview",)):
        assert shop.json(*command, PATH=f"{path}:{shop.env['PATH']}")["changes"] == changes(same=3)
    assert not (path / "runs").exists()
    shop.api.end("math")
    assert kinds(shop.json("preview", code=2)) == {"math": {"create"}}
