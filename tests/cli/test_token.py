"""`relay-rooms token` and `export --room-configurations`: what is declared, for LiveKit, without asking any server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from tests.cli.conftest import Run
from tests.cli.test_shapes import conforms

pytestmark = pytest.mark.unit

SECRET = "a secret of more than thirty-two bytes"
KEYS = {"THE_KEY": "devkey", "THE_SECRET": SECRET}
DAILY = {"maxParticipants": 12, "emptyTimeout": 900, "metadata": {"team": "core"}}
OWN = {
    "livekit": {
        "url": "wss://lk.example",
        "apiKey": {"env": "THE_KEY"},
        "apiSecret": {"env": "THE_SECRET"},
        "projectId": "acme",
    }
}
TOKEN = ("token", "daily", "--identity", "ana")
PRESETS = ("export", "--room-configurations")


def declare(folder: Path, **projects: dict[str, Any]) -> None:
    (folder / "rooms.yaml").write_text(yaml.safe_dump({"version": 1, "projects": projects}))


@pytest.fixture(autouse=True)
def declared(folder: Path) -> None:
    declare(folder, own={**OWN, "rooms": {"daily": DAILY, "weekly": {}}}, shop={"rooms": {"lobby": {}}})


def claims(text: str) -> dict[str, Any]:
    return dict(jwt.decode(text.strip(), SECRET, algorithms=["HS256"]))


def test_the_token_is_all_that_is_printed(run: Run) -> None:
    done = run(*TOKEN, "--ttl", "90s", "--grant", "hidden", "--grant", "canPublish=false", env=KEYS)
    said = claims(done.stdout)
    assert (done.exit_code, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert (said["sub"], said["exp"] - said["nbf"], said["video"]["room"]) == ("ana", 90, "p_acme__daily")
    assert (said["video"]["hidden"], said["video"]["canPublish"]) == (True, False)
    assert said["roomConfig"]["maxParticipants"] == 12


def test_as_json_it_comes_with_where_to_join(run: Run) -> None:
    told = json.loads(run(*TOKEN, "-o", "json", env=KEYS).stdout)
    conforms("token", told)
    assert claims(told.pop("token"))["sub"] == "ana"
    assert told == {"url": "wss://lk.example", "room": "p_acme__daily", "identity": "ana"}


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("token", "dayly", "--identity", "ana"), 'The manifest declares no room "dayly"; did you mean daily?'),
        (("token", "zoo", "--identity", "ana"), 'The manifest declares no room "zoo"; declare it first.'),
        (
            ("token", "lobby", "--identity", "ana"),
            "Join tokens are made for rooms on LiveKit, and those of project shop live on Relay.",
        ),
        (
            TOKEN,
            "Project own has no livekit.apiKey: {env: THE_KEY} is not set; set the environment variable THE_KEY.\n"
            "Error: Project own has no livekit.apiSecret: {env: THE_SECRET} is not set; set the environment variable "
            "THE_SECRET.",
        ),
        ((*PRESETS, "-p", "shop"), "The rooms of project shop live on Relay, and presets are for LiveKit."),
        (PRESETS, "The manifest must have one project, or --project LABEL must say which: own, shop."),
        ((*PRESETS, "--imports"), "--imports and --room-configurations are two formats; say one of them."),
    ],
)
def test_what_cannot_be_is_a_sentence(args: tuple[str, ...], why: str, run: Run) -> None:
    done = run(*args)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {why}\n")


def test_a_room_of_two_projects_needs_its_projects_label(run: Run, folder: Path) -> None:
    other = {"livekit": {**OWN["livekit"], "projectId": "other"}, "rooms": {"daily": {}}}
    declare(folder, own={**OWN, "rooms": {"daily": DAILY}}, other=other)
    done = run(*TOKEN, env=KEYS)
    assert (
        done.stderr == 'Error: Room "daily" is declared in other, own; say with --project LABEL which one is meant.\n'
    )
    assert claims(run(*TOKEN, "-p", "other", env=KEYS).stdout)["video"]["room"] == "p_other__daily"


def test_no_token_and_no_secret_is_in_an_error(run: Run) -> None:
    done = run(*TOKEN, "--ttl", "1w", env={**KEYS, "RELAY_DEBUG": "1"})
    assert done.exit_code == 1
    assert "Traceback" in done.stderr
    assert "eyJ" not in done.stderr
    assert SECRET not in done.stderr


def test_presets_are_the_declared_rooms_and_need_no_key(run: Run) -> None:
    done = run(*PRESETS, "-p", "own")
    assert yaml.safe_load(done.stdout)["room"]["room_configurations"] == {
        "daily": {
            "max_participants": 12,
            "empty_timeout": 900,
            "departure_timeout": 900,
            "metadata": '{"team":"core"}',
        },
        "weekly": {},
    }


def test_a_preset_of_the_rooms_own_is_said_to_be_left_out(run: Run, folder: Path) -> None:
    declare(folder, own={**OWN, "rooms": {"daily": {"livekit": {"roomPreset": "recorded"}}}})
    done = run(*PRESETS)
    assert yaml.safe_load(done.stdout)["room"]["room_configurations"] == {"daily": {}}
    assert done.stderr == 'Room "daily": what its own preset recorded says is not in this one.\n'


def test_presets_never_replace_a_file_with_more_in_it(run: Run, folder: Path) -> None:
    (folder / "livekit.yaml").write_text("keys: {devkey: hush}\n")
    done = run(*PRESETS, "-p", "own", "--out", "livekit.yaml")
    assert (done.exit_code, (folder / "livekit.yaml").read_text()) == (1, "keys: {devkey: hush}\n")
    for _ in range(2):
        assert run(*PRESETS, "-p", "own", "--out", "presets.yaml").stdout == "presets.yaml: 2 rooms.\n"
