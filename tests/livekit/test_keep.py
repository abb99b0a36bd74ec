"""`keep` on a real LiveKit server that sends it webhooks; its own next look is an hour away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.keep.keeping import Keeping, keeping
from tests.livekit.conftest import Project
from tests.livekit.people import real_people
from tests.livekit.server import LiveKit, serving_livekit

pytestmark = pytest.mark.e2e

ROOMS = {f"room-{number}": {"maxParticipants": 5, "emptyTimeout": 600} for number in range(10)}


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


Rooms = dict[str, dict[str, object]]


def kept(own: Project, folder: Path, port: int, rooms: Rooms, without_prefix: Rooms | None = None) -> Iterator[Keeping]:
    keys = {"apiKey": {"env": "LIVEKIT_API_KEY"}, "apiSecret": {"env": "LIVEKIT_API_SECRET"}}
    project = {"livekit": {"url": own.livekit.url, "projectId": own.id, **keys}, "rooms": rooms}
    bare = {"livekit": {"url": own.livekit.url, **keys}, "rooms": without_prefix}
    projects = {"acme": project, **({"bare": bare} if without_prefix else {})}
    (folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
    options = ("--listen", f"127.0.0.1:{port}", "--log", "json")
    with keeping(folder, *options, interval="3600", **own.livekit.env) as keep:
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
