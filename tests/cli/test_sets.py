"""Rooms that go from one set to another, on the real engine: none is ended, and a second run changes nothing."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.shop import NEEDS_ENGINE, Shop

pytestmark = NEEDS_ENGINE


def declare(shop: Shop, grouped: bool = True, **projects: dict[str, Any]) -> None:
    common = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": shop.api.url, "grouped": grouped}
    declared = {label: {**common, "rooms": rooms} for label, rooms in projects.items()}
    (shop.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": declared}))


def sids(shop: Shop) -> dict[str, str]:
    return {name: room["sid"] for name, room in shop.api.rooms().items()}


def test_rooms_change_places_between_sets(shop: Shop) -> None:
    declare(shop, acme={"a": {}, "b": {}}, beta={"c": {}, "d": {}})
    shop.json("up", "-y")
    before = sids(shop)
    shop.api.join("a", "ana")

    declare(shop, acme={"b": {}, "c": {}}, beta={"a": {}, "d": {"maxParticipants": 5}})
    shop.json("up", "-y")
    assert {name for name, sid in sids(shop).items() if sid != before[name]} == {"d"}
    assert shop.run("preview").returncode == 0, "a second run would change something"

    declare(shop, grouped=False, acme={"b": {}}, beta={"a": {}, "c": {}})
    shop.json("up", "-y")
    assert sids(shop) == {name: before[name] for name in ("a", "b", "c")}
    assert shop.run("preview").returncode == 0, "a second run would change something"


def test_a_room_stays_in_its_set_until_another_set_can_have_it(shop: Shop) -> None:
    declare(shop, acme={"a": {}, "b": {}}, beta={"c": {}})
    shop.json("up", "-y")
    before = sids(shop)
    shop.api.join("a", "ana")

    declare(shop, acme={"b": {}}, beta={"a": {"maxParticipants": 5}, "c": {}})
    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert "1 person is in it: ana" in done.stderr
    assert sids(shop) == before

    shop.api.leave("a", "ana")
    shop.json("up", "-y")
    assert shop.api.rooms()["a"]["maxParticipants"] == 5
    assert sids(shop).keys() == before.keys()
    assert shop.run("preview").returncode == 0, "a second run would change something"
