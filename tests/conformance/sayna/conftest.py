"""Targets for the second document: the memory engine, a real LiveKit server, and any deployment.

`SAYNA_CONFORMANCE_URL` adds a deployment. `SAYNA_CONFORMANCE_TOKEN`, a JWT for it, and `SAYNA_CONFORMANCE_ROOM`, a
room that its owner may see, add the tests that need them. Rooms are not made there: the document has no way to.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from tests.conformance.target import Answer, Api, segment
from tests.gateway.process import running
from tests.livekit.people import real_people
from tests.livekit.server import serving_livekit

KEY = "sk_live_conformance"
KEYS = {"RELAY_GATEWAY_KEYS": f"{KEY}=sayna"}
SECRET = "a secret that is long enough for every algorithm that these tests sign with"

Join = Callable[..., object]
"""`join(room, identity, name="", tracks=0, metadata="", attributes=None)` with the room's own name."""


@dataclass(frozen=True)
class Sayna:
    """A served second document."""

    url: str
    token: str | None
    """Of `auth.id` tenant-123, where the target is ours."""
    room: str | None = None
    """A room that is there already, and may be seen with the token."""
    rooms: Api | None = None
    join: Join | None = None
    all_leave: Callable[[], None] = lambda: None

    def get(self, path: str, token: str | None = "") -> Answer:
        """Ask for a path segment as it is given; with the target's token unless another, or None, is given."""
        token = self.token if token == "" else token
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return Api(self.url, None).call("GET", f"/livekit/rooms/{path}", headers=headers)

    def shown(self, name: str, token: str | None = "") -> Any:
        """The room of this name, which must be shown."""
        answer = self.get(segment(name), token)
        assert answer.status == 200, answer
        return answer.json


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A JWT with these claims."""
    return jwt.encode(claims, secret, algorithm=algorithm)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture in {"sayna", "unguarded"} & set(metafunc.fixturenames):
        names = ["memory", "livekit"]
        if fixture == "sayna" and os.environ.get("SAYNA_CONFORMANCE_URL"):
            names.append("deployment")
        metafunc.parametrize(fixture, names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def sayna(request: pytest.FixtureRequest) -> Iterator[Sayna]:
    """The document with authentication required."""
    if request.param == "deployment":
        environ = os.environ
        url, token = environ["SAYNA_CONFORMANCE_URL"], environ.get("SAYNA_CONFORMANCE_TOKEN")
        yield Sayna(url, token, environ.get("SAYNA_CONFORMANCE_ROOM"))
        return
    with _served(request.param, {"RELAY_GATEWAY_JWT_SECRET": SECRET}) as served:
        yield served


@pytest.fixture(scope="session")
def unguarded(request: pytest.FixtureRequest) -> Iterator[Sayna]:
    """The document without authentication: its backward-compatible mode."""
    with _served(request.param, {}) as served:
        yield served


@contextmanager
def _served(engine: str, env: dict[str, str]) -> Iterator[Sayna]:
    token = signed(sub="tenant-123") if env else None
    with ExitStack() as stack:
        if engine == "memory":
            gateway = stack.enter_context(running(env=KEYS | env))
            door = Api(gateway.root, KEY)

            def join(room: str, identity: str, **about: Any) -> None:
                body = json.dumps({"identity": identity, **about}).encode()
                assert door.call("POST", f"/dev/rooms/{segment(room)}/participants", body).status == 201

            yield Sayna(gateway.root, token, rooms=Api(gateway.url, KEY), join=join)
            return
        livekit = stack.enter_context(serving_livekit())
        gateway = stack.enter_context(running("--engine", "livekit", env=KEYS | env | livekit.env))
        people = stack.enter_context(real_people(livekit))
        yield Sayna(
            gateway.root,
            token,
            rooms=Api(gateway.url, KEY),
            join=lambda room, identity, **about: people.join(f"p_sayna__{room}", identity, **about),
            all_leave=people.all_leave,
        )


Make = Callable[..., str]
"""`make(**fields)`: make a room with these fields of the Rooms API, and return its name on the server."""


@pytest.fixture
def make(sayna: Sayna) -> Iterator[Make]:
    yield from _making(sayna)


@pytest.fixture
def make_unguarded(unguarded: Sayna) -> Iterator[Make]:
    yield from _making(unguarded)


def _making(target: Sayna) -> Iterator[Make]:
    if target.rooms is None:
        pytest.skip("no rooms can be made there")
    rooms, names = target.rooms, []

    def made(**fields: Any) -> str:
        name = f"room-{uuid.uuid4().hex[:12]}"
        names.append(name)
        assert rooms.create({"name": name, **fields}).status == 201
        return f"p_sayna__{name}"

    yield made
    target.all_leave()
    for name in names:
        rooms.end(name)


@pytest.fixture
def visible(sayna: Sayna, request: pytest.FixtureRequest) -> str:
    """The name of a room that the token's owner may see."""
    if sayna.rooms is None:
        return sayna.room or pytest.skip("no room to look at (SAYNA_CONFORMANCE_ROOM)")
    made: Make = request.getfixturevalue("make")
    return made(metadata='{"auth_id": "tenant-123"}')


@pytest.fixture
def join(sayna: Sayna) -> Join:
    """Put somebody into a room, by its name on the server."""
    if sayna.join is None:
        pytest.skip("nobody can be put into a room there")
    put = sayna.join
    return lambda room, identity, **about: put(room.removeprefix("p_sayna__"), identity, **about)
