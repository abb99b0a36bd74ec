"""Targets: the memory engine, a real LiveKit server, and any deployment.

`RELAY_CONFORMANCE_URL` (…/v1) and `RELAY_CONFORMANCE_KEY` add a deployment; `RELAY_CONFORMANCE_OTHER_KEY`, a key of
another project there, adds the tests of isolation.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.conformance.target import Api, Join, Target, segment
from tests.gateway.process import running

KEY, OTHER_KEY = "sk_live_conformance", "sk_live_other"
KEYS = {"RELAY_GATEWAY_KEYS": f"{KEY}=conformance,{OTHER_KEY}=other"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        names = ["memory"]
        if os.environ.get("RELAY_CONFORMANCE_URL") and os.environ.get("RELAY_CONFORMANCE_KEY"):
            names.append("deployment")
        metafunc.parametrize("target", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    match request.param:
        case "memory":
            with running(env=KEYS) as gateway:
                yield Target(gateway.url, KEY, OTHER_KEY, _development_door(gateway.root))
        case "deployment":
            environ = os.environ
            other = environ.get("RELAY_CONFORMANCE_OTHER_KEY")
            yield Target(environ["RELAY_CONFORMANCE_URL"], environ["RELAY_CONFORMANCE_KEY"], other)


@dataclass(frozen=True)
class _MemoryPerson:
    door: Api
    path: str
    identity: str

    def leave(self) -> None:
        assert self.door.call("DELETE", f"{self.path}/{segment(self.identity)}").status == 200

    def is_connected(self) -> bool:
        # Whom the door cannot make leave was not there; who was is put back by no test, so ask the API instead.
        room = self.door.call("GET", self.path.replace("/dev/", "/v1/").removesuffix("/participants"))
        return room.status == 200 and self.identity in {person["identity"] for person in room.json["participants"]}


def _development_door(root: str) -> Join:
    import json

    door = Api(root, KEY)

    def join(room: str, identity: str, name: str = "", tracks: int = 0) -> _MemoryPerson:
        path = f"/dev/rooms/{segment(room)}/participants"
        body = {"identity": identity, "name": name, "tracks": tracks}
        assert door.call("POST", path, json.dumps(body).encode()).status == 201
        return _MemoryPerson(door, path, identity)

    return join


@pytest.fixture
def api(target: Target) -> Api:
    return Api(target.url, target.key)


@pytest.fixture
def other_api(target: Target) -> Api:
    if target.other_key is None:
        pytest.skip("no key of a second project (RELAY_CONFORMANCE_OTHER_KEY)")
    return Api(target.url, target.other_key)


@pytest.fixture
def join(target: Target) -> Join:
    if target.join is None:
        pytest.skip("nobody can be put into a room there")
    return target.join


@pytest.fixture
def new_name(target: Target) -> Iterator[Callable[[], str]]:
    """Names that nobody else uses; whatever was made under them is ended afterwards, in both projects."""
    names: list[str] = []

    def name() -> str:
        names.append(f"conformance-{uuid.uuid4().hex[:12]}")
        return names[-1]

    yield name
    for key in filter(None, (target.key, target.other_key)):
        for used in names:
            Api(target.url, key).end(used)


@pytest.fixture
def name(new_name: Callable[[], str]) -> str:
    return new_name()
