"""The ephemeral join token: what it says, and what is wrong with its arguments. No server is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import msgpack
import pytest

from relay_provider.terraform import codec, schema
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.service import Service

pytestmark = pytest.mark.unit

SECRET = "a secret of more than thirty-two bytes"
LIVEKIT = {
    "backend": "livekit",
    "livekit_url": "ws://127.0.0.1:9",  # where nobody answers
    "livekit_api_key": "devkey",
    "livekit_api_secret": SECRET,
    "project_id": "acme",
    "max_retries": 0,
}


def values(of: dict[str, Any]) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(of))


def opened(settings: dict[str, Any] = LIVEKIT, **arguments: Any) -> Any:
    """The answer to an Open of a configured provider."""

    async def ask() -> Any:
        service = Service()
        configured = await service.answer("ConfigureProvider", pb.ConfigureProvider.Request(config=values(settings)))
        assert not configured.diagnostics
        request = {
            "type_name": "relay_join_token",
            "config": values({"room": "standup", "identity": "ana", **arguments}),
        }
        return await service.answer("OpenEphemeralResource", pb.OpenEphemeralResource.Request(**request))

    return asyncio.run(ask())


def test_it_says_who_may_do_what_where_and_how_the_room_is_made() -> None:
    answer = opened(
        name="Ana", ttl="15m", grants={"canPublish": False}, room_config='{"maxParticipants":7}', room_preset="recorded"
    )
    assert not answer.diagnostics
    result = codec.read(codec.unpacked(answer.result.msgpack), schema.object_type(schema.join_token()))
    claims = jwt.decode(result["token"], SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["name"], claims["video"]["room"]) == ("ana", "Ana", "p_acme__standup")
    assert claims["video"]["canPublish"] is False
    assert (claims["roomConfig"], claims["roomPreset"]) == ({"maxParticipants": 7}, "recorded")


@pytest.mark.parametrize(
    ("arguments", "attribute", "said"),
    [
        ({"identity": ""}, "identity", "must not be empty"),
        ({"ttl": "soon"}, "ttl", "ttl"),
        ({"grants": {"fly": True}}, "grants", "fly"),
        ({"room": msgpack.ExtType(0, b"\0")}, "room", "must be known"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(arguments: dict[str, Any], attribute: str, said: str) -> None:
    (found,) = opened(**{"room_config": "{}", **arguments}).diagnostics
    assert [one.attribute_name for one in found.attribute.steps][:1] == [attribute]
    assert said in found.detail


def test_on_relay_there_are_none_and_without_a_room_it_says_what_to_pass() -> None:
    (found,) = opened({"backend": "relay", "api_key": "key"}, room_config="{}").diagnostics
    assert "these rooms live on Relay" in found.detail
    (found,) = opened().diagnostics
    assert SECRET not in found.detail
