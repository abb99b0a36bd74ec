"""Without a project ID, a check of every door refuses the rooms of others' projects."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from relay_provider.dynamic.room_calls import RoomCalls
from relay_provider.dynamic.scope import Scope
from relay_provider.dynamic.set_calls import SetCalls
from relay_provider.plugin.codec import encode
from relay_provider.proto import provider_pb2 as pb
from relay_provider.run import Run
from tests.plugin.client import plugin

pytestmark = pytest.mark.unit

SETTINGS = {"backend": "livekit", "livekitUrl": "ws://127.0.0.1:1", "livekitApiKey": "k", "livekitApiSecret": "s"}
ROOMS: dict[str, Any] = {"daily": {}, "p_acme__daily": {}}
PATH = 'rooms["p_acme__daily"]'


def scope(**more: str) -> Scope:
    settings = {f"relay:{name}": value for name, value in {**SETTINGS, **more}.items()}
    return Scope(settings.get, Run())


def test_a_room_of_a_python_program() -> None:
    [failure] = RoomCalls(scope()).check({}, {"name": "p_acme__daily"}).failures
    assert (failure.property, failure.reason[:30]) == ("name", "is room daily of projectId acm")
    assert RoomCalls(scope(projectId="b")).check({}, {"name": "p_acme__daily"}).failures == []


def test_a_set_of_a_python_program() -> None:
    [failure] = SetCalls(scope()).check({}, {"rooms": ROOMS, "resource": "set"}).failures
    assert (failure.property, failure.reason[:30]) == (PATH, "is room daily of projectId acm")


@pytest.mark.anyio
async def test_a_set_of_the_plugin() -> None:
    kind = "relay:index:RoomSet"
    news: Struct = encode({"rooms": ROOMS})
    async with plugin() as client:
        await client.configure(**SETTINGS)
        request = pb.CheckRequest(urn=f"urn:pulumi:dev::project::{kind}::set", type=kind, news=news)
        [failure] = (await client.stub.Check(request)).failures
    assert (failure.property, failure.reason[:30]) == (PATH, "is room daily of projectId acm")
