"""A run that is killed, whoever is struck and when: the next one ends right, and no room is left that no state has."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relay_provider.cli.state import rooms_in
from relay_provider.cli.tags import NOTES, local_tags
from relay_provider.cli.workspace import Workspace
from tests.cli.shop import NEEDS_ENGINE, Shop, changes
from tests.proxy import Fault, Proxy, Silence, proxying

pytestmark = NEEDS_ENGINE

TEN: dict[str, Any] = {f"r{number}": {"maxParticipants": 5} for number in range(10)}
EVERYBODY = "everybody"


def slow(*values: object) -> Any:
    return pytest.param(*values, marks=pytest.mark.soak)


def below(pid: int) -> list[int]:
    """Every process below this one, the nearest first."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [*map(int, found), *(one for child in found for one in below(int(child)))]


def runs(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return False


def victims(pid: int, who: str) -> list[int]:
    others = {one: command for one in below(pid) if (command := command_line(one))}
    providers = [one for one, command in others.items() if "pulumi.dynamic" in command]
    engines = [one for one, command in others.items() if command.split()[0].endswith("/pulumi")]
    return {"relay-rooms": [pid], "engine": engines, "provider": providers, EVERYBODY: [pid, *others]}[who]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


class Strike:
    """Runs a command, and kills somebody of it when the API is asked for the n-th time. That request is carried out,
    and none that comes later."""

    def __init__(self, shop: Shop, proxy: Proxy) -> None:
        self.shop, self.proxy = shop, proxy

    def __call__(
        self, *command: str, who: str = EVERYBODY, at: int = 5, method: str = "POST", wait: bool = True
    ) -> None:
        asked: list[str] = []
        ended: list[int] = []
        struck: list[int] = []

        def rule(verb: str, _: str) -> Fault | None:
            asked.append(verb)
            if struck:
                return Silence(0)
            if asked.count(method) == at and not struck:
                struck.append(process.pid)
                ended.extend([process.pid, *below(process.pid)])
                for pid in victims(process.pid, who):
                    os.kill(pid, signal.SIGKILL)
            return None

        self.proxy.rule = rule
        process = self.shop.start(*command)
        if wait:
            out, err = process.communicate(timeout=120)
            assert struck, out + err
            self.wait(ended)
        else:
            process.wait(timeout=120)
        self.proxy.rule = None

    def after(self, seconds: float, *command: str, who: str = EVERYBODY) -> None:
        """At some moment."""
        process = self.shop.start(*command)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = [process.pid, *below(process.pid)]
            for pid in victims(process.pid, who):
                os.kill(pid, signal.SIGKILL)
            process.communicate(timeout=120)
            self.wait(ended)
        process.communicate()

    def wait(self, pids: list[int]) -> None:
        """Until all have ended, which they do by themselves."""
        end = time.monotonic() + 60
        while any(map(runs, pids)):
            assert time.monotonic() < end, subprocess.run(["ps", "-f", "-p", ",".join(map(str, pids))])
            time.sleep(0.1)


@pytest.fixture
def strike(shop: Shop) -> Iterator[Strike]:
    with proxying(shop.api.url) as proxy:
        shop.env |= {"PULUMI_SKIP_CHECKPOINTS": "true", "PROXY_URL": proxy.url}
        yield Strike(shop, proxy)


def declare(shop: Shop, rooms: dict[str, Any], label: str = "acme", grouped: bool = False) -> None:
    project = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": shop.env["PROXY_URL"], "grouped": grouped, "rooms": rooms}
    manifest = {"version": 1, "name": "rooms", "projects": {label: project}}
    (shop.folder / "rooms.yaml").write_text(json.dumps(manifest))


def in_state(shop: Shop) -> set[tuple[str, str]]:
    return set(rooms_in(json.loads(shop.state())["checkpoint"]["latest"] or {}))


def notes(shop: Shop) -> list[str]:
    tags = local_tags(Workspace(shop.folder / ".relay", "rooms", local=True), "dev")
    return [name for name in tags if name.startswith(NOTES)]


def whole(shop: Shop, declared: dict[str, Any], label: str = "acme") -> None:
    """The rooms are as declared, the state has them, nothing is to be done, and nothing is left of a killed run."""
    assert {name: room["maxParticipants"] for name, room in shop.api.rooms().items()} == {
        name: room.get("maxParticipants", 0) for name, room in declared.items()
    }
    assert in_state(shop) == {(label, name) for name in declared}
    assert shop.json("up", "-y", "--no-refresh")["changes"] == changes(same=len(declared))
    assert notes(shop) == []


@pytest.mark.parametrize(
    ("who", "grouped"),
    [
        (EVERYBODY, True),
        slow("provider", False),
        *(slow(who, grouped) for who in ("relay-rooms", "engine") for grouped in (False, True)),
        slow("provider", True),
        slow(EVERYBODY, False),
    ],
)
def test_destroy_after_it_leaves_nothing(shop: Shop, strike: Strike, who: str, grouped: bool) -> None:
    declare(shop, TEN, grouped=grouped)
    strike("up", "-y", who=who)
    made = sorted(shop.api.rooms())
    assert made
    if who == EVERYBODY:  # a look at what another manifest would do loses nothing
        declare(shop, {name: room for name, room in TEN.items() if name != made[0]}, grouped=grouped)
        assert shop.run("preview").returncode == 2
    done = shop.run("destroy", "-y")
    assert done.returncode == 0, done.stderr
    assert shop.api.rooms() == {}
    assert in_state(shop) == set()
    assert notes(shop) == []


@pytest.mark.parametrize("who", ["engine", slow(EVERYBODY)])
def test_the_next_up_completes_whatever_is_declared_by_then(shop: Shop, strike: Strike, who: str) -> None:
    declare(shop, TEN)
    strike("up", "-y", who=who, at=9)
    made = sorted(shop.api.rooms())
    assert 5 < len(made) < 10
    undeclared, changed, *_ = made
    rooms = {name: room for name, room in TEN.items() if name != undeclared}
    rooms[changed] = {"maxParticipants": 6}
    declare(shop, rooms, "renamed")
    planned = {(one["project"], one["room"]): one["change"] for one in shop.json("preview", code=2)["rooms"]}
    assert planned["acme", undeclared] == "delete"
    assert planned["renamed", changed] == "replace"
    assert {change for (label, name), change in planned.items() if label == "acme" and name != undeclared} == {"forget"}
    done = shop.run("up", "-y")
    assert done.returncode == 0, done.stderr
    whole(shop, rooms, "renamed")


def test_the_next_run_waits_for_what_a_killed_one_left_behind(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    strike("up", "-y", who="relay-rooms", wait=False)
    done = shop.run("destroy", "-y")
    assert done.returncode == 0, done.stderr
    assert shop.api.rooms() == {}
    assert notes(shop) == []


@pytest.mark.soak
def test_an_up_of_the_same_takes_over_what_was_made(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    strike("up", "-y")
    made = {name: room["sid"] for name, room in shop.api.rooms().items()}
    done = shop.json("up", "-y")
    assert done["changes"] == {**changes(create=10 - len(made)), "takeOver": len(made)}
    assert made.items() <= {name: room["sid"] for name, room in shop.api.rooms().items()}.items()
    whole(shop, TEN)


@pytest.mark.soak
def test_who_is_in_a_room_that_a_killed_run_has_made_stays(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    strike("up", "-y")
    room = min(shop.api.rooms())
    shop.api.join(room, "ana")
    done = shop.run("destroy", "-y")
    assert done.returncode == 1
    assert "1 person is in it: ana" in done.stderr
    assert shop.api.people(room) == ["ana"]
    assert in_state(shop) == {("acme", room)}
    shop.api.leave(room, "ana")
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}


@pytest.mark.soak
def test_a_room_with_other_settings_than_were_meant_is_not_the_killed_runs(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    strike("up", "-y")
    room = min(TEN.keys() - shop.api.rooms().keys())
    shop.api.create(room, maxParticipants=7)
    assert shop.run("destroy", "-y").returncode == 0
    assert list(shop.api.rooms()) == [room]


def test_a_run_that_failed_has_said_what_it_made(shop: Shop, strike: Strike) -> None:
    """What is made by others later is theirs."""
    shop.api.create("r3", maxParticipants=7)
    declare(shop, TEN)
    assert shop.run("up", "-y").returncode == 1
    assert len(in_state(shop)) == 9
    assert notes(shop) == []
    shop.api.end("r3")
    shop.api.create("r3", maxParticipants=5)
    assert shop.run("destroy", "-y").returncode == 0
    assert list(shop.api.rooms()) == ["r3"]


@pytest.mark.soak
def test_a_kill_while_it_is_made_good(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    strike("up", "-y", at=8)
    strike("destroy", "-y", method="GET", at=2)  # the first is this command's own look, the second its engine's
    assert shop.api.rooms()
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}


@pytest.mark.soak
def test_a_killed_destroy_is_completed(shop: Shop, strike: Strike) -> None:
    declare(shop, TEN)
    assert shop.run("up", "-y").returncode == 0
    strike("destroy", "-y", method="DELETE", at=4)
    assert 0 < len(shop.api.rooms()) < 10
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}


@pytest.mark.soak
def test_a_run_that_finds_the_stack_held_notes_nothing(shop: Shop, strike: Strike) -> None:
    declare(shop, {})
    assert shop.run("up", "-y").returncode == 0
    locks = shop.folder / ".relay/.pulumi/locks/organization/rooms/dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "1.json").write_text(
        '{"pid": 1, "hostname": "elsewhere", "username": "ana", "timestamp": "2026-01-01T00:00:00Z"}'
    )
    declare(shop, TEN)
    assert "Another run holds the stack" in shop.run("up", "-y").stderr
    assert notes(shop) == []


def test_on_a_shared_backend_the_note_is_there_too(shop: Shop, strike: Strike, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    shop.env |= {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "PULUMI_CONFIG_PASSPHRASE": "x"}
    declare(shop, TEN)
    strike("up", "-y")
    assert shop.api.rooms()
    for lock in (tmp_path / "state/.pulumi/locks").rglob("*.json"):
        lock.unlink()
    for path in (shop.folder / ".relay").rglob("*"):  # the machine is another one
        if path.is_file():
            path.unlink()
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}
    assert list((tmp_path / "state").rglob("*.pulumi-tags")) == []


@pytest.mark.soak
def test_large_runs_are_spared_checkpoints_by_themselves(shop: Shop, strike: Strike) -> None:
    del shop.env["PULUMI_SKIP_CHECKPOINTS"]
    rooms = {f"r{number:03}": {"maxParticipants": 5} for number in range(100)}
    declare(shop, rooms)
    strike("up", "-y", at=60)
    assert in_state(shop) == set()
    assert len(shop.api.rooms()) > 50
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}
    declare(shop, TEN)
    strike("up", "-y", at=9)
    assert in_state(shop)  # a small one writes each step
    assert shop.run("destroy", "-y").returncode == 0
    assert shop.api.rooms() == {}


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands over orphans")
@pytest.mark.parametrize("who", ["engine", "relay-rooms"])
def test_a_provider_that_was_just_starting_ends_too(shop: Shop, strike: Strike, who: str) -> None:
    declare(shop, TEN)
    process = shop.start("up", "-y")
    while not (started := victims(process.pid, "provider")):
        assert process.poll() is None
    ended = below(process.pid)
    for pid in victims(process.pid, who):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=120)
    strike.wait([process.pid, *ended, *started])
    assert shop.run("up", "-y").returncode == 0
    whole(shop, TEN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("then", ["up", "destroy"])
@pytest.mark.parametrize("grouped", [False, True], ids=["rooms", "set"])
def test_at_any_moment(shop: Shop, strike: Strike, seed: int, then: str, grouped: bool) -> None:
    chance = random.Random(seed)
    rooms = {f"r{number:03}": {"maxParticipants": 5} for number in range(200)}
    declare(shop, rooms)
    strike.after(chance.uniform(0.5, 9), "up", "-y", who=chance.choice(["relay-rooms", "engine", EVERYBODY]))
    rooms = {name: room for name, room in rooms.items() if chance.random() < 0.9}
    label = chance.choice(["acme", "other"])
    declare(shop, rooms, label)
    if then == "destroy":
        assert shop.run("destroy", "-y").returncode == 0
        assert shop.api.rooms() == {}
    else:
        assert shop.run("up", "-y").returncode == 0
        whole(shop, rooms, label)
