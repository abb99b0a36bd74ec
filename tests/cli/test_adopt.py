"""`up --adopt`: what is live as declared comes into the state, and nothing is done to any room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.shop import NEEDS_ENGINE, Shop, changes
from tests.proxy import Proxy, proxying
from tests.served import Served

pytestmark = NEEDS_ENGINE


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    with proxying(served.url) as proxy:
        yield proxy


@pytest.mark.parametrize("grouped", [pytest.param(False, marks=pytest.mark.soak), True], ids=["rooms", "set"])
def test_equal_rooms_are_taken_over_and_no_room_is_touched(shop: Shop, proxy: Proxy, grouped: bool) -> None:
    shop.api.create("equal", maxParticipants=5)
    shop.api.create("spelled", metadata='{"b": 1, "a": 2}')
    shop.api.create("other", maxParticipants=6)
    shop.api.join("other", "ana")
    before = shop.api.rooms()
    rooms = {
        "equal": {"maxParticipants": 5},
        "spelled": {"metadata": {"a": 2, "b": 1}},
        "other": {"maxParticipants": 7, "metadata": "x", "forceDestroy": True},
        "missing": {},
    }
    shop.declare(rooms, grouped=grouped, baseUrl=proxy.url)
    refused = shop.run("up", "--adopt")
    assert (refused.returncode, refused.stdout) == (1, "")

    done = shop.json("up", "--adopt", "--yes")
    assert done["result"] == "done"
    assert done["changes"] == changes() | {"takeOver": 2, "differs": 1}
    assert {one["room"]: (one["change"], one["fields"]) for one in done["rooms"]} == {
        "equal": ("takeOver", []),
        "spelled": ("takeOver", []),
        "other": (
            "differs",
            [
                {"field": "maxParticipants", "before": 6, "after": 7},
                {"field": "metadata", "before": "", "after": "x"},
            ],
        ),
    }
    assert {method for method, _ in proxy.requests} == {"GET"}
    assert shop.api.rooms() == before

    again = shop.run("up", "--adopt", "--yes")
    assert again.stdout.endswith(
        "Nothing to take over. 1 room is live with other settings, and left alone. "
        "1 room is not live: `up` makes what is missing.\n"
    )
    shop.declare({name: rooms[name] for name in ("equal", "spelled")}, grouped=grouped, baseUrl=proxy.url)
    assert shop.run("up", "-y").returncode == 0
    assert shop.json("up", "-y")["changes"] == changes(same=2)
    assert {name: room["sid"] for name, room in shop.api.rooms().items()} == {
        name: room["sid"] for name, room in before.items()
    }
    assert shop.json("destroy", "-y")["changes"] == changes(delete=2)
    assert list(shop.api.rooms()) == ["other"]
