from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Api, Run, manifest, room
from tests.served import KEY

pytestmark = pytest.mark.unit


def test_list_as_json(run: Run, api: Api) -> None:
    api.rooms(room("b", metadata="ü"), room("a", numParticipants=3, maxParticipants=50))
    result = run("list", "--output", "json", env=api.env)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "rooms": [room("a", numParticipants=3, maxParticipants=50), room("b", metadata="ü")]
    }
    assert list(json.loads(result.stdout)["rooms"][0]) == [
        "room",
        "sid",
        "numParticipants",
        "maxParticipants",
        "creationTime",
        "metadata",
    ]


def test_list_as_a_table(run: Run, api: Api) -> None:
    api.rooms(room("b", metadata="\x1b[31mred\n"), room("a", numParticipants=3, maxParticipants=50))
    assert run("list", env=api.env).stdout == (
        "Room  People  Limit  Created               Metadata\n"
        "a          3  50     2024-06-19 12:26:40Z\n"
        "b          0  none   2024-06-19 12:26:40Z  \\u001b[31mred\\n\n"
        "\n"
        "2 live rooms.\n"
    )


def test_no_rooms(run: Run, api: Api) -> None:
    api.rooms()
    assert run("list", env=api.env).stdout == "0 live rooms.\n"
    assert json.loads(run("list", "-o", "json", env=api.env).stdout) == {"rooms": []}


def test_a_room_and_its_people(run: Run, api: Api) -> None:
    ada = {"identity": "user-1", "name": "Ada", "state": 2, "joinedAt": 1718800050, "tracks": 2}
    found = {**room("standup", numParticipants=1), "participants": [ada]}
    api.answer("GET /v1/rooms/standup", found)
    assert json.loads(run("get", "standup", "-o", "json", env=api.env).stdout) == found
    table = run("get", "standup", env=api.env).stdout
    assert "user-1    Ada   active  2024-06-19 12:27:30Z       2" in table
    assert table.endswith("1 participant in standup.\n")
    assert "| `user-1` | `Ada` | active |" in run("get", "standup", "-o", "markdown", env=api.env).stdout


def test_a_room_that_is_not_live(run: Run, api: Api) -> None:
    result = run("get", "standup", env=api.env)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith('Error: Room "standup" is not live at ')


@pytest.mark.parametrize("there", [True, False])
def test_removing_somebody_says_whether_they_were_there(run: Run, api: Api, there: bool) -> None:
    if there:
        api.answer("DELETE /v1/rooms/standup/participants/a%2Fb", {"removed": True})
    result = run("remove-participant", "standup", "a/b", env=api.env)
    assert result.exit_code == 0
    assert result.stdout == (
        "a/b was disconnected from standup.\n" if there else "a/b was not in standup; nothing was done.\n"
    )
    as_json = run("remove-participant", "standup", "a/b", "-o", "json", env=api.env)
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (0, {"removed": there})


@pytest.mark.parametrize("args", [["list"], ["get", "a"], ["remove-participant", "a", "b"]])
def test_without_a_key(run: Run, args: list[str]) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "RELAY_API_KEY" in result.stderr


def test_a_wrong_key(run: Run, api: Api) -> None:
    api.answer("GET /v1/rooms", {"error": {"type": "unauthorized", "code": "x", "message": f"no {KEY}"}}, 401)
    result = run("list", env=api.env)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "check apiKey (RELAY_API_KEY)" in result.stderr
    assert KEY not in result.stderr


def test_a_project_of_a_manifest(run: Run, api: Api, folder: Path) -> None:
    api.rooms(room("a"))
    (folder / "rooms.yaml").write_text(manifest(api.url))
    (folder / "other.yaml").write_text("version: 1\nprojects: {x: {rooms: {a: }}, y: {rooms: {b: }}}")
    env = {"ACME_KEY": KEY}
    for args in (["--project", "acme"], ["--file", "rooms.yaml"], ["-f", "rooms.yaml", "-p", "acme"]):
        assert run("list", *args, env=env).stdout.endswith("1 live room.\n")
    for args in ([], ["-f", "other.yaml"], ["-p", "nope"], ["-f", "missing.yaml"]):
        result = run("list", *args, env=env)
        assert (result.exit_code, result.stdout) == (1, "")
    assert "--project LABEL must say which: x, y" in run("list", "-f", "other.yaml", env=env).stderr
