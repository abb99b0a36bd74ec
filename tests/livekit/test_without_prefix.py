"""A project without `projectId`: names are exactly as on the server, and the rooms of others there are left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from livekit import api

from relay_provider.model import RoomInputs
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People, real_people
from tests.livekit.server import LiveKit, serving_livekit
from tests.plugin.client import plugin, values

pytestmark = pytest.mark.e2e

STRANGERS = ["p_acme__daily", "p_acme__", "with spaces & ümlauts", "two\nlines \x1b[31m", "ü" * 128, "."]
"""Rooms that others made, some of which nobody could declare."""


@pytest.fixture
def server() -> Iterator[LiveKit]:
    """A server of the test's own, since everything on it is seen."""
    with serving_livekit() as livekit:
        yield livekit
        livekit.stop()  # at once


@pytest.fixture
def bare(server: LiveKit) -> Project:
    return Project(server, "")


@pytest.fixture
def acme(server: LiveKit) -> Project:
    return Project(server, "acme")


@pytest.fixture
def people(server: LiveKit) -> Iterator[People]:
    with real_people(server) as everybody:
        yield everybody


@pytest.fixture
def strangers(server: LiveKit) -> list[str]:
    async def make() -> None:
        async with api.LiveKitAPI(server.url, server.key, server.secret) as client:
            for name in STRANGERS:
                await client.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=900))

    anyio.run(make)
    return sorted(STRANGERS)


def names(project: Project) -> list[str]:
    return [room.name for room in project.rooms()]


def declare(command: Command, **projects: dict[str, Any]) -> None:
    """A manifest of one LiveKit server; each project with its own settings."""
    server = command.server
    keys = {"url": server.url, "apiKey": {"env": "KEY_OF_LIVEKIT"}, "apiSecret": {"env": "SECRET_OF_LIVEKIT"}}
    whole = {
        label: {"livekit": keys | said.pop("livekit", {}), "rooms": dict.fromkeys(said.pop("rooms")), **said}
        for label, said in projects.items()
    }
    command.engine.write("rooms.yaml", json.dumps({"version": 1, "name": "rooms", "projects": whole}))


def test_rooms_of_others_are_told_and_never_touched(
    bare: Project, strangers: list[str], people: People, tmp_path: Path
) -> None:
    ana = people.join("p_acme__daily", "ana")
    command = Command(tmp_path, bare)
    command.declare(daily={"maxParticipants": 5, "emptyTimeout": 900})
    assert command.up() == {"create": 1}
    assert names(bare) == sorted([*strangers, "daily"])
    drift = command.drift(0)
    assert (drift["inSync"], drift["unmanaged"]) == (1, strangers)
    told = command.run("drift", "--strict")
    assert (told.returncode, "\x1b" in told.stdout) == (2, False)
    assert command.json("drift", "--ignore", "p_*")["projects"][0]["unmanaged"] == [
        name for name in strangers if not name.startswith("p_")
    ]
    assert command.up() == {"same": 1}
    command.json("destroy", "--yes", "--stack", command.engine.stack)
    assert names(bare) == strangers
    assert ana.is_connected()


def test_by_hand_names_are_as_on_the_server(
    bare: Project, strangers: list[str], people: People, tmp_path: Path
) -> None:
    bare.create("daily", max_participants=5)
    people.join("with spaces & ümlauts", "ana")
    command = Command(tmp_path, bare)
    command.engine.env |= bare.env
    assert [one["room"] for one in command.json("list")["rooms"]] == sorted([*strangers, "daily"])
    assert command.run("list").returncode == 0
    (shown,) = command.json("get", "with spaces & ümlauts")["participants"]
    assert shown["identity"] == "ana"
    assert command.json("remove-participant", "with spaces & ümlauts", "ana") == {"removed": True}

    exported = command.run("export", "--out", "rooms.yaml")
    assert exported.stdout == "rooms.yaml: 2 rooms.\n", "p_acme__ alone is in no project"
    assert exported.stderr.count("is left out, as it cannot be declared") == len(strangers) - 1
    assert "projectId" not in (command.engine.folder / "rooms.yaml").read_text()
    assert command.json("drift", "--strict", code=2)["projects"][0]["inSync"] == 2


def test_what_another_project_of_the_manifest_has_is_told_there_alone(
    bare: Project, acme: Project, tmp_path: Path
) -> None:
    command = Command(tmp_path, bare)
    declare(command, bare={"rooms": ["daily"]}, prefixed={"livekit": {"projectId": "acme"}, "rooms": ["daily"]})
    assert command.up() == {"create": 2}
    assert names(bare) == ["daily", "p_acme__daily"]
    acme.create("zoo")
    bare.create("yard")
    found = command.json("drift")["projects"]
    assert {one["project"]: one["unmanaged"] for one in found} == {"bare": ["yard"], "prefixed": ["zoo"]}
    command.json("destroy", "--yes", "--stack", command.engine.stack, "--project", "bare")
    assert names(bare) == ["p_acme__daily", "p_acme__zoo", "yard"]


def test_a_project_that_gets_a_prefix_moves_and_nobody_is_disconnected(
    bare: Project, acme: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, bare)
    declare(command, p={"rooms": ["daily", "empty"]})
    assert command.up() == {"create": 2}
    ana = people.join("daily", "ana")
    declare(command, p={"livekit": {"projectId": "acme"}, "rooms": ["daily", "empty"]})
    refused = command.run("up", "--yes", "--stack", command.engine.stack)
    assert refused.returncode == 1
    assert 'Room "daily" was not ended, because 1 person is in it: ana.' in refused.stderr
    assert ana.is_connected()
    assert names(bare) == ["daily", "p_acme__daily", "p_acme__empty"]
    ana.leave()
    command.up()
    assert names(bare) == ["p_acme__daily", "p_acme__empty"]
    declare(command, p={"rooms": ["daily", "empty"]})  # and back
    command.up()
    assert names(bare) == ["daily", "empty"]


@pytest.mark.anyio
async def test_an_import_takes_a_room_by_its_name_on_the_server_unless_it_is_another_projects(
    bare: Project,
) -> None:
    async with bare.open() as backend, plugin() as client:
        server = bare.livekit
        for name in ("daily", "p_acme__daily"):
            await backend.create(RoomInputs(name=name))
        await client.configure(
            backend="livekit", livekitUrl=server.url, livekitApiKey=server.key, livekitApiSecret=server.secret
        )
        found = values((await client.read("daily")).inputs)
        assert found["name"] == "daily"
        assert not (await client.check(found)).failures
        foreign = values((await client.read("p_acme__daily")).inputs)
        [failure] = (await client.check(foreign)).failures
        assert failure.reason.startswith("is room daily of projectId acme")
