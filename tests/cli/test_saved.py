"""`preview --save` and `up --plan`: what was planned is done, or nothing is, and it is said what changed since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay_provider.cli.saved import check
from relay_provider.errors import RelayError
from tests.cli.conftest import Api, Run
from tests.cli.shapes import conforms
from tests.cli.shop import Shop, changes, needs_engine

ROOMS: dict[str, Any] = {
    "kept": {},
    "forced": {"maxParticipants": 9, "forceDestroy": True},
    "grown": {"metadata": {"a": 1}},
    "old": {},
}
NEW = {
    "kept": {},
    "forced": {"maxParticipants": 10, "forceDestroy": True},
    "grown": {"metadata": {"a": 2}},
    "new": {},
}


def saved(shop: Shop, *options: str, file: str = "plan.json") -> dict[str, Any]:
    assert shop.run("preview", "--save", file, *options).returncode == 2
    found: dict[str, Any] = json.loads((shop.folder / file).read_text())
    conforms("plan", found)
    return found


def refusals(shop: Shop, *options: str) -> list[str]:
    """What is said of a plan that is not carried out."""
    before = shop.api.rooms()
    done = shop.run("up", "--plan", "plan.json", *options)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    assert shop.api.rooms() == before
    *reasons, last = [line.removeprefix("Error: ") for line in done.stderr.splitlines()]
    assert last == "Nothing was done. Make a new plan: `relay-rooms preview --save …`."
    told = "The plan plan.json does not hold any more: "
    assert all(one.startswith(told) for one in reasons), reasons
    return [one.removeprefix(told).removesuffix(".") for one in reasons]


@pytest.mark.parametrize("grouped", [pytest.param(False, marks=pytest.mark.soak), True], ids=["rooms", "set"])
@needs_engine
def test_a_saved_plan_is_done_once_and_says_all_that_it_rests_on(shop: Shop, grouped: bool) -> None:
    shop.declare(ROOMS, grouped=grouped)
    assert shop.run("up", "-y").returncode == 0
    shop.api.join("forced", *(f"p{number}" for number in range(7)))
    shop.declare(NEW, grouped=grouped)
    live = shop.api.rooms()
    plan = saved(shop)

    assert plan["stack"] == "dev"
    assert plan["manifest"]["name"] == "rooms"
    rooms = {one["room"]: one for one in plan["rooms"]}
    assert {name: (one["change"], one["sid"]) for name, one in rooms.items()} == {
        "forced": ("replace", live["forced"]["sid"]),
        "grown": ("replace", live["grown"]["sid"]),
        "kept": ("same", live["kept"]["sid"]),
        "new": ("create", None),
        "old": ("delete", live["old"]["sid"]),
    }
    assert rooms["forced"]["people"] == [f"p{number}" for number in range(7)]
    assert rooms["forced"]["settings"] == {"emptyTimeout": None, "maxParticipants": 9, "metadata": ""}
    assert shop.env["ACME_KEY"] not in json.dumps(plan)
    assert (shop.folder / "plan.json").stat().st_mode & 0o777 == 0o600

    done = shop.json("up", "--plan", "plan.json")
    assert done["changes"] == changes(create=1, replace=2, delete=1, same=1)
    assert refusals(shop) == ["another run changed the state"]
    assert shop.json("up", "-y")["changes"] == changes(same=4)


@needs_engine
def test_what_happened_to_rooms_since_is_told_and_nothing_is_done(shop: Shop) -> None:
    shop.declare(ROOMS)
    assert shop.run("up", "-y").returncode == 0
    shop.api.join("forced", "ana", "bob")
    shop.declare(NEW)
    saved(shop)
    shop.api.join("forced", "cy")
    shop.api.leave("forced", "ana")
    shop.api.end("kept")
    shop.api.create("kept")
    shop.api.create("new")
    assert refusals(shop) == [
        "acme/forced was joined by cy; was left by ana",
        "acme/kept ended and was recreated",
        "acme/new was created",
    ]
    assert shop.run("up", "--plan", "plan.json", "-o", "json").stdout == ""


@needs_engine
def test_an_edited_manifest_another_state_or_another_scope_is_told_before_anything(shop: Shop) -> None:
    shop.declare(ROOMS)
    assert shop.run("up", "-y").returncode == 0
    shop.declare(NEW)
    saved(shop, "--project", "acme")
    assert refusals(shop, "--stack", "prod") == ["it is of the stack dev, not prod"]
    assert not list(shop.folder.rglob("*prod*"))
    text = (shop.folder / "rooms.yaml").read_text()
    (shop.folder / "rooms.yaml").write_text(text + "\n")
    assert refusals(shop) == ["the manifest was edited"]
    (shop.folder / "rooms.yaml").rename(shop.folder / "other.yaml")
    assert refusals(shop, "other.yaml") == ["it is of the manifest rooms, not other"]
    (shop.folder / "other.yaml").unlink()
    (shop.folder / "rooms.yaml").write_text(text)

    edited = json.loads(text)
    edited["projects"]["acme"]["rooms"] = {"kept": {}, "forced": {}}
    (shop.folder / "rooms.yaml").write_text(json.dumps(edited))
    assert shop.run("up", "-y").returncode == 0
    (shop.folder / "rooms.yaml").write_text(text)
    assert refusals(shop) == ["another run changed the state"]


@needs_engine
@pytest.mark.soak
def test_a_plan_in_which_nothing_is_to_be_done_is_held_to_as_well(shop: Shop) -> None:
    shop.declare(ROOMS)
    assert shop.run("up", "-y").returncode == 0
    assert shop.run("preview", "--save", "plan.json").returncode == 0
    assert shop.run("up", "--plan", "plan.json").stdout == "Nothing to do: 4 rooms as declared.\n"
    shop.api.end("old")
    assert refusals(shop) == ["acme/old ended"]


@needs_engine
@pytest.mark.soak
def test_a_saved_plan_may_not_end_more_than_the_limit_either(shop: Shop) -> None:
    shop.limited = True
    shop.declare(ROOMS, maxEnds=0)
    assert shop.run("up", "-y").returncode == 0
    shop.declare(NEW, maxEnds=0)
    saved(shop)
    done = shop.run("up", "--plan", "plan.json")
    assert "`relay-rooms up --plan plan.json --max-ends 3`" in done.stderr
    assert shop.run("up", "--plan", "plan.json", "--max-ends", "3").returncode == 0


@needs_engine
def test_a_runner_without_a_state_plans_and_does_the_same(shop: Shop) -> None:
    """As in a pipeline: each job has a fresh checkout, and nothing of `.relay/`."""
    shop.api.create("kept")
    shop.declare({"kept": {}, "new": {}})
    plan = saved(shop)
    assert [(one["room"], one["change"]) for one in plan["rooms"]] == [("kept", "takeOver"), ("new", "create")]
    (shop.folder / ".relay").rename(shop.folder / "elsewhere")
    assert shop.json("up", "--plan", "plan.json")["changes"] == changes(create=1) | {"takeOver": 1}


def planned(**facts: Any) -> dict[str, Any]:
    """A plan of one room."""
    room = {
        "project": "acme",
        "room": "a",
        "change": "same",
        "fields": [],
        "sid": "RM_1",
        "settings": {"metadata": "x"},
    }
    return {"places": {"acme": "relay"}, "rooms": [{**room, **facts}]}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"settings": {"metadata": "y\u202e"}}, 'acme/a was changed: metadata was "x", is "y "'),
        ({"sid": None, "settings": None}, "acme/a ended"),
        ({"sid": "RM_2"}, "acme/a ended and was recreated"),
        ({"change": "replace"}, "acme/a would not be changed as planned (now: replace)"),
        ({"people": ["ana"]}, "acme/a was joined by ana"),
        ({"room": "b"}, "acme/a would be left as it is"),
    ],
)
def test_each_reason_is_told(facts: dict[str, Any], said: str) -> None:
    with pytest.raises(RelayError) as caught:
        check(Path("p"), planned(), planned(**facts))
    assert str(caught.value).splitlines()[0] == f"The plan p does not hold any more: {said}."


@pytest.mark.unit
def test_many_reasons_are_cut_short() -> None:
    now = planned()
    now["rooms"] = [{**now["rooms"][0], "room": f"r{number}"} for number in range(30)]
    with pytest.raises(RelayError) as caught:
        check(Path("p"), {**now, "rooms": [{**one, "sid": "RM_2"} for one in now["rooms"]]}, now)
    assert "and 10 rooms more." in str(caught.value)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no plan; `relay-rooms preview --save plan.json` writes one."),
        ("nonsense", "is no plan;"),
        ('{"relayRoomsPlan": 2}', "is of another version of relay-rooms, or damaged; make a new one."),
        ('{"relayRoomsPlan": 1, "manifest": {"name": "x"}}', "or damaged"),
        (None, "cannot be read: no such file or directory."),
    ],
)
def test_what_is_no_plan(run: Run, folder: Path, api: Api, text: str | None, said: str) -> None:
    if text is not None:
        (folder / "plan.json").write_text(text)
    done = run("up", "--plan", "plan.json", env=api.env)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
