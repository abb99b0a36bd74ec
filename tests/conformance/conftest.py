"""Targets: the memory engine, a real LiveKit server, and any deployment.

`RELAY_CONFORMANCE_URL` (…/v1) and `RELAY_CONFORMANCE_KEY` add a deployment; `RELAY_CONFORMANCE_OTHER_KEY`, a key of
another project there, adds the tests of isolation.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.conformance.target import Api, Join, Target, segment
from tests.gateway.process import running
from tests.livekit.people import Person, real_people
from tests.livekit.server import serving_livekit

KEY, OTHER_KEY = "sk_live_conformance", "sk_live_other"
KEYS = {"RELAY_GATEWAY_KEYS": f"{KEY}=conformance,{OTHER_KEY}=other"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        names = ["memory", "livekit"]
        if os.environ.get("RELAY_CONFORMANCE_URL") and os.environ.get("RELAY_CONFORMANCE_KEY"):
            names.append("deployment")
        metafunc.parametrize("target", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    match request.param:
        case "memory":
            with running(env=KEYS) as gateway:
                yield Target(gateway.url, KEY, OTHER_KEY, _development_door(gateway.root))
        case "livekit":
            with (
                serving_livekit() as livekit,
                running("--engine", "livekit", env=KEYS | livekit.env) as gateway,
                real_people(livekit) as people,
            ):

                def join(room: str, identity: str, name: str = "", tracks: int = 0) -> Person:
                    return people.join(f"p_conformance__{room}", identity, name, tracks)

                yield Target(gateway.url, KEY, OTHER_KEY, join, people.all_leave)
        case "deployment":
            environ = os.environ
            other = environ.get("RELAY_CONFORMANCE_OTHER_KEY")
            yield Target(environ["RELAY_CONFORMANCE_URL"], environ["RELAY_CONFORMANCE_KEY"], other, ours=False)


@dataclass(frozen=True)
class _MemoryPerson:
    """Somebody in a room of the memory engine, who has no connection of their own: the engine knows."""

    root: Api
    room: str
    identity: str

    def leave(self) -> None:
        path = f"/dev/rooms/{segment(self.room)}/participants/{segment(self.identity)}"
        assert self.root.call("DELETE", path).status == 200

    def is_connected(self) -> bool:
        room = self.root.call("GET", f"/v1/rooms/{segment(self.room)}")
        return room.status == 200 and self.identity in {person["identity"] for person in room.json["participants"]}


def _development_door(root: str) -> Join:
    api = Api(root, KEY)

    def join(room: str, identity: str, name: str = "", tracks: int = 0) -> _MemoryPerson:
        body = {"identity": identity, "name": name, "tracks": tracks}
        answer = api.call("POST", f"/dev/rooms/{segment(room)}/participants", json.dumps(body).encode())
        assert answer.status == 201, answer
        return _MemoryPerson(api, room, identity)

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
def join(target: Target) -> Iterator[Join]:
    if target.join is None:
        pytest.skip("nobody can be put into a room there")
    yield target.join
    target.all_leave()


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
