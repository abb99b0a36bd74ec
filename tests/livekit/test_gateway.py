"""The gateway in front of a real LiveKit server: the second document, several gateways, and an upstream that fails."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import jwt
import pytest
from livekit import api

from tests.gateway.process import Running, running
from tests.livekit.people import People
from tests.livekit.server import LiveKit, serving_livekit

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

SECRET = "a secret of more than thirty-two bytes"
HEADERS = {"Authorization": "Bearer sk_live_x"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def gateway(livekit: LiveKit, project: str, **env: str) -> Iterator[Running]:
    with running(
        "--engine", "livekit", env={"RELAY_GATEWAY_KEYS": f"sk_live_x={project}", **livekit.env, **env}
    ) as served:
        yield served


@pytest.fixture
def project() -> str:
    return uuid.uuid4().hex[:12]


def test_the_second_document_shows_a_real_room(livekit: LiveKit, people: People, project: str) -> None:
    with gateway(livekit, project) as served:
        made = httpx.post(f"{served.url}/rooms", headers=HEADERS, json={"name": "room", "maxParticipants": 3}).json()
        people.join(f"p_{project}__room", "ana", "Ana", tracks=1)
        room = httpx.get(f"{served.root}/livekit/rooms/p_{project}__room").json()
    (ana,) = room.pop("participants")
    assert room.pop("num_participants") in (0, 1)  # the server's count lags
    assert room == {
        "active_recording": False,
        "creation_time": made["creationTime"],
        "max_participants": 3,
        "metadata": "",
        "name": f"p_{project}__room",
        "sid": made["sid"],
    }
    assert ana.pop("sid").startswith("PA_")
    assert ana.pop("joined_at") >= made["creationTime"]
    assert ana == {
        "attributes": {},
        "identity": "ana",
        "is_publisher": True,
        "kind": "STANDARD",
        "metadata": "",
        "name": "Ana",
        "state": "ACTIVE",
    }


async def test_the_second_document_takes_names_exactly_as_on_the_server(livekit: LiveKit, project: str) -> None:
    name = f"no prefix/{project} ü"
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as client:
        await client.room.create_room(api.CreateRoomRequest(name=name, metadata='{"auth_id": "tenant"}'))
    with gateway(livekit, project, RELAY_GATEWAY_JWT_SECRET=SECRET) as served:

        def get(path: str, subject: str) -> httpx.Response:
            token = jwt.encode({"sub": subject}, SECRET, algorithm="HS256")
            return httpx.get(f"{served.root}/livekit/rooms/{path}", headers={"Authorization": f"Bearer {token}"})

        path = f"no%20prefix%2F{project}%20%C3%BC"
        assert get(path, "tenant").json()["name"] == name
        denied, missing = get(path, "stranger"), get("nothing", "stranger")
        assert (denied.status_code, denied.content) == (404, missing.content)


def test_several_gateways_serve_one_project(livekit: LiveKit, project: str) -> None:
    with gateway(livekit, project) as one, gateway(livekit, project) as other:
        made = httpx.post(f"{one.url}/rooms", headers=HEADERS, json={"name": "room", "metadata": "m"}).json()
        assert httpx.get(f"{other.url}/rooms", headers=HEADERS).json() == {"rooms": [made]}
        assert httpx.delete(f"{other.url}/rooms/room", headers=HEADERS).json() == {"ended": True}
        assert httpx.get(f"{one.url}/rooms", headers=HEADERS).json() == {"rooms": []}


def test_rooms_outlive_the_gateway(livekit: LiveKit, project: str) -> None:
    with gateway(livekit, project) as served:
        made = httpx.post(f"{served.url}/rooms", headers=HEADERS, json={"name": "room", "emptyTimeout": 600}).json()
    with gateway(livekit, project) as served:
        assert httpx.get(f"{served.url}/rooms", headers=HEADERS).json() == {"rooms": [made]}


OPERATIONS = [
    ("POST", "/v1/rooms"),
    ("GET", "/v1/rooms"),
    ("GET", "/v1/rooms/room"),
    ("DELETE", "/v1/rooms/room"),
    ("DELETE", "/v1/rooms/room/participants/ana"),
    ("GET", "/livekit/rooms/room"),
]


def answers(served: Running) -> list[tuple[int, str]]:
    found = []
    for method, path in OPERATIONS:
        body = {"name": "room"} if method == "POST" else None
        answer = httpx.request(method, served.root + path, headers=HEADERS, json=body)
        error = answer.json()["error"]
        assert isinstance(error, str) or set(error) == {"type", "code", "message"}
        found.append((answer.status_code, error if isinstance(error, str) else error["type"]))
    return found


UPSTREAM_FAILED = [*[(502, "livekit_error")] * 5, (500, "The realtime service returned an error")]


def test_a_livekit_server_that_is_gone_is_an_upstream_error(project: str) -> None:
    with serving_livekit() as livekit, gateway(livekit, project) as served:
        assert httpx.get(f"{served.url}/rooms", headers=HEADERS).status_code == 200
        livekit.stop()
        assert answers(served) == UPSTREAM_FAILED


def test_a_secret_that_livekit_refuses_is_an_upstream_error(livekit: LiveKit, project: str) -> None:
    with gateway(livekit, project, LIVEKIT_API_SECRET="wrong-" * 10) as served:
        assert answers(served) == UPSTREAM_FAILED


def test_the_development_door_is_shut(livekit: LiveKit, project: str) -> None:
    with gateway(livekit, project) as served:
        answer = httpx.post(f"{served.root}/dev/rooms/room/participants", headers=HEADERS, json={"identity": "ana"})
    assert answer.status_code == 404
