"""The plugin's `getSaynaRoom`, on a served second document."""

from __future__ import annotations

import json

import grpc
import httpx
import jwt
import pytest

from relay_provider.plugin.package_schema import package_schema
from tests.plugin.client import plugin, values
from tests.served import serving

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SECRET = "a secret of more than thirty-two bytes"
FUNCTION = "getSaynaRoom"


async def test_it_shows_the_room_with_its_people_and_404s_say_what_they_may_mean() -> None:
    with serving(env={"RELAY_GATEWAY_JWT_SECRET": SECRET}) as api:
        api.create("standup", maxParticipants=3, metadata='{"auth_id": "tenant"}')
        root = api.url.removesuffix("/v1")
        ana = {"identity": "ana", "metadata": json.dumps({"role": "host"}), "attributes": {"a": "b"}}
        headers = {"Authorization": f"Bearer {api.key}"}
        joined = httpx.post(f"{root}/dev/rooms/standup/participants", json=ana, headers=headers, trust_env=False)
        assert joined.status_code == 201
        token = jwt.encode({"sub": "tenant"}, SECRET, algorithm="HS256")
        async with plugin() as client:
            await client.configure(saynaUrl=root, saynaToken=token)  # no key of the Rooms API
            room = values(getattr(await client.invoke(FUNCTION, name="p_acme__standup"), "return"))
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await client.invoke(FUNCTION, name="p_acme__nothing")
    schema = package_schema()
    assert room.keys() == schema["functions"][f"relay:index:{FUNCTION}"]["outputs"]["properties"].keys()
    (person,) = room["participants"]
    assert person.keys() == schema["types"]["relay:index:SaynaParticipant"]["properties"].keys()
    assert (room["name"], room["maxParticipants"], room["activeRecording"]) == ("p_acme__standup", 3, False)
    assert (person["identity"], person["metadata"], person["attributes"]) == ("ana", '{"role": "host"}', {"a": "b"})
    assert (person["kind"], person["state"], person["isPublisher"]) == ("STANDARD", "ACTIVE", False)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert "not there, or not yours" in (caught.value.details() or "")
    assert token not in (caught.value.details() or "")


async def test_without_an_address_it_says_how_to_set_one() -> None:
    async with plugin() as client:
        await client.configure()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.invoke(FUNCTION, name="standup")
    assert "saynaUrl is not set; set SAYNA_URL" in (caught.value.details() or "")
