"""Nobody is thrown out by surprise, through the command line: the plan, the guard, and rooms that change hands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.shop import Shop, changes
from tests.conftest import TOOLS
from tests.served import KEY, OTHER_KEY, Served, serving

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (TOOLS / "pulumi").exists(), reason="`make setup` has not been run"),
]


def declare(shop: Shop, **projects: dict[str, Any]) -> None:
    """Several projects; each has the API's address and the first key unless it says otherwise."""
    common = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": shop.api.url}
    declared = {label: {**common, **project} for label, project in projects.items()}
    (shop.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": declared}))


def sids(api: Served) -> dict[str, str]:
    return {name: room["sid"] for name, room in api.rooms().items()}


def test_one_occupied_room_of_thirty_keeps_no_other_from_being_replaced(shop: Shop) -> None:
    rooms = {f"r{number:02}": {"metadata": "old"} for number in range(30)}
    shop.declare(rooms)
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop.api)
    shop.api.join("r12", "ana", "bob")
    shop.declare({name: {"metadata": "new"} for name in rooms})

    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert "Done: 29 rooms replaced. Not done:" in done.stdout
    assert sum(line.startswith("replaced ") for line in done.stdout.splitlines()) == 29
    (error,) = done.stderr.splitlines()
    assert error.startswith('Error: Room "r12" was not ended, because 2 people are in it: ana, bob.')
    assert "pulumi up" not in error
    after = sids(shop.api)
    assert {name for name in rooms if after[name] == before[name]} == {"r12"}
    assert shop.api.people("r12") == ["ana", "bob"]

    for identity in ("ana", "bob"):
        shop.api.leave("r12", identity)
    assert shop.json("up", "-y")["changes"] == changes(replace=1, same=29)
    assert {room["metadata"] for room in shop.api.rooms().values()} == {"new"}
    assert {name for name in rooms if sids(shop.api)[name] != after[name]} == {"r12"}
    assert shop.json("up", "-y")["changes"] == changes(same=30)


def test_the_plan_says_who_would_be_disconnected(shop: Shop) -> None:
    shop.declare({"forced": {}, "kept": {}, "gone": {}, "empty": {}})
    assert shop.run("up", "-y").returncode == 0
    shop.api.join("forced", "ana", "bob")
    shop.api.join("gone", "@cy|<b>")
    shop.declare({"forced": {"maxParticipants": 5, "forceDestroy": True}, "kept": {}, "empty": {"metadata": "x"}})
    planned = shop.run("preview")
    assert planned.returncode == 2
    assert (
        planned.stdout.splitlines()
        == [
            "Room         Change                   People                        Field            Before  After",
            "acme/empty   replace (ends the room)                                metadata         –       x",
            "acme/forced  replace (ends the room)  disconnects 2 people: ana, bob  forceDestroy     –       true",
        ]
        or "disconnects 2 people: ana, bob" in planned.stdout
    )
    assert "refused, 1 person: @cy|<b>" in planned.stdout
    assert "1 room is no longer declared." in planned.stdout
    assert planned.stdout.endswith("Plan: replace 2 rooms, delete 1 room.\n")
    found = {room["room"]: room for room in shop.json("preview", code=2)["rooms"]}
    assert {name: (room["people"], room["refused"]) for name, room in found.items()} == {
        "empty": (0, False),
        "forced": (2, False),
        "gone": (1, True),
    }
    markdown = shop.run("preview", "--output", "markdown").stdout
    assert "<b>" not in markdown
    assert "disconnects 2 people: ana, bob" in markdown
    assert sorted(shop.api.people("forced")) == ["ana", "bob"]


def test_a_renamed_label_keeps_its_rooms_whatever_else_changes(shop: Shop) -> None:
    declare(shop, old={"rooms": {"kept": {"forceDestroy": True}, "changed": {"metadata": "1"}}})
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop.api)
    shop.api.join("kept", "ana")
    # With a room that cannot be made, so that the run fails and the next one has to finish.
    shop.api.create("foreign", maxParticipants=3)
    rooms = {"kept": {"forceDestroy": True}, "changed": {"metadata": "2"}, "foreign": {}}
    declare(shop, new={"rooms": rooms})
    planned = shop.json("preview", code=2)
    assert {(room["project"], room["room"]): room["change"] for room in planned["rooms"]} == {
        ("new", "kept"): "takeOver",
        ("new", "changed"): "replace",
        ("new", "foreign"): "create",
        ("old", "kept"): "forget",
        ("old", "changed"): "forget",
    }
    (refused,) = (room for room in planned["rooms"] if room.get("refused"))
    assert (refused["room"], refused["fields"]) == (
        "foreign",
        [{"field": "maxParticipants", "before": 3, "after": 0}],
    )
    failed = shop.run("up", "-y")
    assert failed.returncode == 1
    assert 'Room "foreign" is live already with other settings: maxParticipants is 3 there and 0 here' in failed.stderr
    assert "taken over new/kept" in failed.stdout
    assert shop.api.people("kept") == ["ana"]
    assert sids(shop.api)["kept"] == before["kept"]
    assert shop.api.rooms()["changed"]["metadata"] == "2"
    shop.api.end("foreign")
    assert shop.run("up", "-y").returncode == 0
    assert sids(shop.api)["kept"] == before["kept"]
    assert shop.json("up", "-y")["changes"] == changes(same=3)


@pytest.mark.soak
def test_narrowing_to_the_old_label_ends_no_room_that_the_new_one_declares(shop: Shop) -> None:
    declare(shop, old={"rooms": {"a": None, "b": None}})
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop.api)
    declare(shop, old={"rooms": {"b": None}}, new={"rooms": {"a": None}})
    assert shop.json("preview", "-p", "old", code=2)["rooms"][0]["change"] == "forget"
    assert shop.run("up", "-y", "-p", "old").returncode == 0
    assert shop.run("up", "-y").returncode == 0
    assert sids(shop.api) == before


def test_spelling_a_default_out_or_moving_it_replaces_nothing(shop: Shop) -> None:
    port = shop.api.url.rpartition(":")[2]
    spellings: dict[str, dict[str, Any]] = {
        "written": {"backend": "relay", "baseUrl": f"http://localhost:{port}/"},
        "moved": {"baseUrl": None},
        "everything moved": {"apiKey": None, "baseUrl": None},
        "variable renamed": {"apiKey": {"env": "RENAMED_KEY"}},
    }
    declare(shop, **{label: {"rooms": {f"r{n}": {"metadata": "x"}}} for n, label in enumerate(spellings)})
    assert shop.run("up", "-y").returncode == 0
    before = sids(shop.api)
    projects = {}
    for number, (label, connection) in enumerate(spellings.items()):
        common = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": shop.api.url, **connection}
        given = {key: value for key, value in common.items() if value is not None}
        projects[label] = {**given, "rooms": {f"r{number}": {"metadata": "x"}}}
    (shop.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
    moved = {"RELAY_BASE_URL": shop.api.url, "RELAY_API_KEY": KEY, "RENAMED_KEY": KEY}
    for _ in range(2):
        done = shop.run("up", "-y", **moved)
        assert done.returncode == 0, done.stderr
        assert sids(shop.api) == before
        assert "replaced" not in done.stdout


def test_another_projects_key_is_another_place(shop: Shop) -> None:
    rooms = {"a": {"metadata": "x"}}
    other = Served(shop.api.url, shop.api.process, OTHER_KEY)
    declare(shop, acme={"rooms": rooms})
    assert shop.run("up", "-y", KEY_B=OTHER_KEY).returncode == 0
    declare(shop, acme={"rooms": rooms, "apiKey": {"env": "KEY_B"}})
    assert shop.json("up", "-y", KEY_B=OTHER_KEY)["changes"] == changes(replace=1)
    assert (sorted(shop.api.rooms()), sorted(other.rooms())) == ([], ["a"])

    # Back again, and the key that could end it there is gone: what is left where is said, and stays in the state.
    declare(shop, acme={"rooms": rooms})
    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert f'Room "a" is left at http://localhost:{shop.api.url.rpartition(":")[2]}' in done.stderr
    assert "{env: KEY_B} is not set" in done.stderr
    assert (sorted(shop.api.rooms()), sorted(other.rooms())) == (["a"], ["a"])
    assert shop.run("up", "-y", KEY_B=OTHER_KEY).returncode == 0
    assert (sorted(shop.api.rooms()), sorted(other.rooms())) == (["a"], [])
    assert shop.json("up", "-y")["changes"] == changes(same=1)


def test_a_place_that_is_no_longer_there_is_said_and_the_rooms_are_made_in_the_new_one(shop: Shop) -> None:
    manifest = {"version": 1, "projects": {"acme": {"apiKey": {"env": "ACME_KEY"}, "rooms": {"a": None}}}}
    (shop.folder / "rooms.yaml").write_text(json.dumps(manifest))
    with serving() as gone:
        assert shop.run("up", "-y", RELAY_BASE_URL=gone.url).returncode == 0
    done = shop.run("up", "-y", RELAY_BASE_URL=shop.api.url)
    assert done.returncode == 1
    assert f'Room "a" is left at http://localhost:{gone.url.rpartition(":")[2]}' in done.stderr
    assert list(shop.api.rooms()) == ["a"]


@pytest.mark.soak
def test_a_label_that_is_renamed_while_its_key_is_rotated_keeps_its_rooms(shop: Shop) -> None:
    second = "sk_live_thesecondkeyofthesameproject01234"
    with serving(env={"RELAY_GATEWAY_KEYS": f"{KEY}=acme,{second}=acme"}) as api:
        shop.api = api
        rooms = {"a": {"forceDestroy": True}, "b": {"metadata": "x"}}
        declare(shop, old={"rooms": rooms})
        assert shop.run("up", "-y").returncode == 0
        before = sids(api)
        api.join("a", "ana")
        declare(shop, new={"rooms": rooms, "apiKey": {"env": "KEY_B"}})
        planned = shop.json("preview", code=2, KEY_B=second)
        assert {room["change"] for room in planned["rooms"]} == {"takeOver", "forget"}
        assert shop.run("up", "-y", "--no-refresh", KEY_B=second).returncode == 0
        assert sids(api) == before
        assert api.people("a") == ["ana"]
        declare(shop, new={"rooms": rooms})  # rotated back, and a room that is gone meanwhile
        api.end("b")
        assert shop.run("up", "-y", "--no-refresh", KEY_B=second).returncode == 0
        assert sids(api).keys() == before.keys()
        assert shop.json("up", "-y", KEY_B=second)["changes"] == changes(same=2)


def test_without_its_state_a_room_is_taken_over_or_refused_before_anything_is_done(shop: Shop) -> None:
    shop.api.create("equal", metadata="x")
    shop.api.create("differs", maxParticipants=3)
    shop.declare({"equal": {"metadata": "x"}, "fresh": {}})
    assert shop.json("preview", code=2)["changes"] == {**changes(create=1), "takeOver": 1}
    shop.declare({"equal": {"metadata": "x"}, "differs": {"maxParticipants": 4}})
    planned = shop.run("preview")
    assert planned.returncode == 2
    assert "take over" in planned.stdout
    assert "refused: live with other settings" in planned.stdout
    before = sids(shop.api)
    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert "taken over acme/equal" in done.stdout
    assert "maxParticipants is 3 there and 4 here" in done.stderr
    assert sids(shop.api) == before
    for env in ({"ACME_KEY": "sk_live_wrongwrongwrongwrongwrong"}, {"RELAY_MAX_RETRIES": "0"}):
        if "ACME_KEY" not in env:
            shop.api.process.terminate()
            shop.api.process.wait()
        broken = shop.run("preview", "--stack", "new", **env)
        assert (broken.returncode, broken.stdout) == (1, "")
