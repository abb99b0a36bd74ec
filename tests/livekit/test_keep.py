"""`keep` on a real LiveKit server that sends it webhooks; its own next look is an hour away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import api

from relay_provider.model import RoomInputs
from tests.conformance.target import eventually
from tests.keep.keeping import Keeping, keeping
from tests.livekit.conftest import Project
from tests.livekit.people import real_people
from tests.livekit.server import LiveKit, serving_livekit

pytestmark = pytest.mark.e2e

ROOMS = {f"room-{number}": {"maxParticipants": 5, "emptyTimeout": 600} for number in range(10)}

AGENTS = [{"agentName": "notes", "metadata": "of keep"}]
WITH_NOTES = {"livekit": {"agents": AGENTS}}


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def server(port: int) -> Iterator[LiveKit]:
    """A server whose webhooks go to that port."""
    webhook = {"api_key": "devkey", "urls": [f"http://127.0.0.1:{port}/webhook"]}
    with serving_livekit({"webhook": webhook}) as livekit:
        yield livekit


@pytest.fixture
def own(server: LiveKit) -> Project:
    return Project(server, "acme")


Rooms = dict[str, dict[str, Any]]


def kept(
    own: Project,
    folder: Path,
    port: int,
    rooms: Rooms,
    without_prefix: Rooms | None = None,
    *,
    interval: str = "3600",
    on_change: str = "report",
) -> Iterator[Keeping]:
    keys = {"apiKey": {"env": "LIVEKIT_API_KEY"}, "apiSecret": {"env": "LIVEKIT_API_SECRET"}}
    project = {"livekit": {"url": own.livekit.url, "projectId": own.id, **keys}, "rooms": rooms}
    bare = {"livekit": {"url": own.livekit.url, **keys}, "rooms": without_prefix}
    projects = {"acme": project, **({"bare": bare} if without_prefix else {})}
    (folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
    options = ("--listen", f"127.0.0.1:{port}", "--log", "json", "--on-change", on_change)
    with keeping(folder, *options, interval=interval, **own.livekit.env) as keep:
        keep.event("listening")
        yield keep


@pytest.fixture
def keep(own: Project, tmp_path: Path, port: int) -> Iterator[Keeping]:
    for running in kept(own, tmp_path, port, dict(ROOMS)):
        made = {running.event("created")["room"] for _ in ROOMS}
        assert made == set(ROOMS)
        yield running


def test_rooms_that_end_are_back_at_once_with_their_settings(own: Project, keep: Keeping) -> None:
    before = {room.name: room.sid for room in own.rooms()}
    for name in before:
        own._run(lambda backend, name=name: backend.delete(name))  # type: ignore[misc]
    back = {event["room"]: event["sid"] for event in (keep.event("created") for _ in before)}
    live = {room.name: room for room in own.rooms()}
    assert {name: room.sid for name, room in live.items()} == back
    assert not set(back.values()) & set(before.values()), "none of the rooms that ended is taken for the new one"
    assert {(room.max_participants, room.empty_timeout) for room in live.values()} == {(5, 600)}


def test_a_room_that_expired_is_back_before_the_next_look(own: Project, tmp_path: Path, port: int) -> None:
    for keep in kept(own, tmp_path, port, {"short": {"emptyTimeout": 1}}):
        sids = [keep.event("created")["sid"] for _ in range(3)]
        assert len(set(sids)) == 3


def test_rooms_that_end_are_back_with_their_agents(own: Project, tmp_path: Path, port: int) -> None:
    rooms: Rooms = {f"room-{number}": {**WITH_NOTES, "emptyTimeout": 600} for number in range(5)}
    for keep in kept(own, tmp_path, port, rooms):
        before = {event["room"]: event["sid"] for event in (keep.event("created") for _ in rooms)}
        for name in rooms:
            own._run(lambda backend, name=name: backend.delete(name))  # type: ignore[misc]
        back = {event["room"]: event["sid"] for event in (keep.event("created", "failed") for _ in rooms)}
        assert back.keys() == rooms.keys()
        assert not set(back.values()) & set(before.values())
        for name in rooms:
            assert own._run(lambda backend, name=name: backend.agents(name)) == AGENTS  # type: ignore[misc]


def test_metadata_and_agents_are_repaired_while_people_are_in_the_room_which_agents_are_not(
    own: Project, tmp_path: Path, port: int
) -> None:
    talk = RoomInputs(name="talk", max_participants=5, metadata="of a join", empty_timeout=600)
    own._run(lambda backend: backend.create(talk))
    robots = own.create("robots", max_participants=3, empty_timeout=600)
    rooms: Rooms = {
        "talk": {**WITH_NOTES, "maxParticipants": 5, "emptyTimeout": 900, "metadata": "new"},
        "robots": {"maxParticipants": 12, "emptyTimeout": 600},
    }
    with real_people(own.livekit) as people:
        ana = people.join(f"{own.prefix}talk", "ana")
        grants = api.VideoGrants(room_join=True, room=f"{own.prefix}robots")
        token = api.AccessToken(own.livekit.key, own.livekit.secret).with_identity("robot").with_kind("agent")
        robot = people.join_with(token.with_grants(grants).to_jwt())
        # The list's count lags: until then it may say that nobody is in it.
        assert eventually(lambda: own.room("talk").num_participants, lambda count: count == 1) == 1
        sid = own.room("talk").sid
        for keep in kept(own, tmp_path, port, rooms, interval="0.3", on_change="repair"):
            assert {keep.event("repaired", "refused")["room"] for _ in rooms} == {"talk", "robots"}
            assert own._run(lambda backend: backend.agents("talk")) == AGENTS
        live = own.room("talk")
        assert (live.sid, live.metadata, live.empty_timeout) == (sid, "new", 600), "the timeout waits for an empty room"
        assert ana.is_connected()
        assert own.room("robots").sid != robots.sid
        assert eventually(robot.is_connected, lambda connected: not connected) is False


def test_a_room_without_a_prefix_is_back_too_and_those_of_the_other_project_are_not_its_own(
    own: Project, tmp_path: Path, port: int
) -> None:
    bare = Project(own.livekit, "")
    for keep in kept(own, tmp_path, port, {"daily": {}}, {"daily": {}}):
        assert {keep.event("created")["project"] for _ in range(2)} == {"acme", "bare"}
        bare._run(lambda backend: backend.delete("daily"))
        assert keep.event("created")["project"] == "bare"
        status = httpx.get(f"http://127.0.0.1:{port}/state.json", trust_env=False).json()
        assert {(room["project"], room["room"], room["state"]) for room in status["rooms"]} == {
            ("acme", "daily", "as declared"),
            ("bare", "daily", "as declared"),
        }


def test_nobody_is_disconnected_by_any_of_it(own: Project, keep: Keeping) -> None:
    with real_people(own.livekit) as people:
        ana = people.join(f"{own.prefix}room-0", "ana")
        sid = own.room("room-0").sid
        own._run(lambda backend: backend.delete("room-1"))
        assert keep.event("created")["room"] == "room-1"
        assert ana.is_connected()
        assert own.room("room-0").sid == sid


def test_a_forged_webhook_makes_it_ask_nothing(own: Project, keep: Keeping, port: int) -> None:
    forged = {"event": "room_finished", "id": "EV_x", "room": {"name": f"{own.prefix}room-0", "sid": "RM_x"}}
    url = f"http://127.0.0.1:{port}/webhook"
    for token in ("", "forged", "Bearer forged"):
        answer = httpx.post(url, json=forged, headers={"Authorization": token}, trust_env=False)
        assert answer.status_code == 401
    own._run(lambda backend: backend.delete("room-1"))
    assert keep.event("created")["room"] == "room-1"
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert 'relay_rooms_api_requests_total{operation="list",outcome="ok"} 2.0' in metrics, "at the start, and now"
