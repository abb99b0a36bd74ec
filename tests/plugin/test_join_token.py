"""`getJoinToken` of the plugin: whose settings a token has, and that it is a secret."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import jwt
import pytest

from relay_provider.plugin.codec import encode
from relay_provider.plugin.messages import ROOM_SET
from relay_provider.proto import provider_pb2 as pb
from relay_provider.values import UNKNOWN
from tests.livekit.server import serving_livekit
from tests.plugin.client import Client, plugin, properties, values
from tests.unit.test_room_config import AGENTS, WHOLE

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SECRET = "a secret of more than thirty-two bytes"
LIVEKIT = {
    "backend": "livekit",
    "livekitUrl": "ws://127.0.0.1:9",  # where nobody answers
    "livekitApiKey": "devkey",
    "livekitApiSecret": SECRET,
    "maxRetries": 0,
}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with plugin() as one:
        await one.configure(**LIVEKIT)
        yield one


async def claims(client: Client, secret: str = SECRET, **args: Any) -> dict[str, Any]:
    """What the token says that the function answers, which is marked as a secret."""
    answer = properties(getattr(await client.invoke("getJoinToken", room="standup", identity="ana", **args), "return"))
    assert (answer.values.keys(), answer.secrets) == ({"token"}, {"token"})
    return dict(jwt.decode(answer.values["token"], secret, algorithms=["HS256"]))


async def test_a_room_config_that_is_passed_counts_and_the_preset_of_the_declared_room(client: Client) -> None:
    said = await claims(client, roomConfig='{"maxParticipants":7}')
    assert (said["sub"], said["roomConfig"], said.get("roomPreset")) == ("ana", {"maxParticipants": 7}, None)
    await client.check(WHOLE)
    said = await claims(client, roomConfig='{"maxParticipants":7}')
    assert (said["roomConfig"], said["roomPreset"]) == ({"maxParticipants": 7}, "recorded")


async def test_without_it_those_count_that_the_run_declares_as_far_as_they_are_known(client: Client) -> None:
    await client.check(
        {"maxParticipants": 5, "metadata": UNKNOWN, "livekit": {"agents": AGENTS, "syncStreams": UNKNOWN}}
    )
    assert (await claims(client))["roomConfig"] == {"maxParticipants": 5, "agents": AGENTS}
    await client.stub.Check(
        pb.CheckRequest(
            urn=f"urn:pulumi:dev::project::{ROOM_SET}::all",
            type=ROOM_SET,
            news=encode({"rooms": {"math": {"maxParticipants": 9}, "art": UNKNOWN}}),
        )
    )
    answer = await client.invoke("getJoinToken", room="math", identity="ana")
    token = jwt.decode(values(getattr(answer, "return"))["token"], SECRET, algorithms=["HS256"])
    assert token["roomConfig"] == {"maxParticipants": 9}


@pytest.mark.e2e
async def test_those_of_the_live_room_count_where_nothing_is_declared(client: Client) -> None:
    with serving_livekit() as livekit:
        settings = {"livekitUrl": livekit.url, "livekitApiKey": livekit.key, "livekitApiSecret": livekit.secret}
        await client.configure(backend="livekit", **settings)
        config = {"maxParticipants": 5, "emptyTimeout": 900, "departureTimeout": 60, "agents": AGENTS}
        agents_first = sorted(AGENTS, key=lambda one: one["agentName"])
        inputs = {"maxParticipants": 5, "emptyTimeout": 900, "livekit": {"departureTimeout": 60, "agents": AGENTS}}
        await client.create(inputs)
        assert (await claims(client, livekit.secret))["roomConfig"] == {**config, "agents": agents_first}
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.invoke("getJoinToken", room="other", identity="ana")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == (
        'Room "other" is neither declared in this run, as far as it has come, nor live; pass the roomConfig of the '
        "resource that declares it."
    )


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"ttl": "soon"}, "ttl: must be a time such as 90s"),
        ({"grants": {"canPublis": False}}, 'grants: must not hold "canPublis"; did you mean canPublish?'),
        ({"roomConfig": "nonsense"}, "roomConfig: must be the roomConfig of a room"),
        ({"roomConfig": 5}, "roomConfig: must be the roomConfig of a room"),
    ],
)
async def test_what_is_wrong_is_said(args: dict[str, Any], why: str, client: Client) -> None:
    await client.check({})
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.invoke("getJoinToken", room="standup", identity="ana", **args)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert why in (caught.value.details() or "")


async def test_arguments_are_checked_like_those_of_every_function(client: Client) -> None:
    answer = await client.invoke("getJoinToken", room="standup", nme="Ana", name=UNKNOWN)
    assert {one.property: one.reason for one in answer.failures} == {
        "nme": "is not a known key; did you mean name?",
        "name": "must be known",
        "identity": "is required",
    }


async def test_a_room_on_relay_has_none() -> None:
    async with plugin() as client:
        await client.configure(apiKey="sk_live_x")
        with pytest.raises(grpc.aio.AioRpcError, match="Join tokens are made for rooms on LiveKit"):
            await client.invoke("getJoinToken", room="standup", identity="ana")


async def test_room_config_is_secret_where_a_setting_is(client: Client) -> None:
    inputs = {"metadata": "hush", "maxParticipants": 5}
    for secrets in ((), ("metadata",)):
        planned = properties((await client.create(inputs, preview=True, secrets=secrets)).properties)
        assert json.loads(planned.values["roomConfig"]) == inputs
        assert ("roomConfig" in planned.secrets) == bool(secrets)
