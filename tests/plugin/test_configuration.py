"""The provider's configuration: checked, compared, and kept per connection."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from relay_provider.plugin.codec import encode
from relay_provider.proto import plugin_pb2
from relay_provider.proto import provider_pb2 as pb
from relay_provider.values import UNKNOWN
from tests.plugin.client import plugin, properties, values
from tests.served import KEY, OTHER_KEY, Served, serving

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

Kind = pb.PropertyDiff
PROVIDER = "urn:pulumi:dev::project::pulumi:providers:relay::default"


BARE = {"backend": "livekit", "livekitUrl": "wss://a.example"}


async def check(**news: Any) -> pb.CheckResponse:
    async with plugin() as client:
        return await client.stub.CheckConfig(pb.CheckRequest(urn=PROVIDER, news=encode(news)))


async def diff(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    async with plugin() as client:
        found = await client.stub.DiffConfig(
            pb.DiffRequest(urn=PROVIDER, old_inputs=encode(olds), olds=encode(olds), news=encode(news))
        )
    assert (found.changes == pb.DiffResponse.DIFF_SOME) == bool(found.detailedDiff)
    return {path: one.kind for path, one in found.detailedDiff.items()}


async def test_secrets_are_marked_whoever_forgot_to(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = await check(
        apiKey="sk_live_abc", livekitApiSecret="s3cret", baseUrl="https://example.com/v1", version="1"
    )
    assert not checked.failures
    assert properties(checked.inputs).secrets == {"apiKey", "livekitApiSecret"}
    assert values(checked.inputs)["baseUrl"] == "https://example.com/v1"  # as it was written
    assert values(checked.inputs)["version"] == "1"


async def test_config_arrives_as_strings() -> None:
    assert not (await check(maxRetries="3", requestTimeout="2.5", allowHttp="true")).failures


@pytest.mark.parametrize(
    ("news", "path", "said"),
    [
        ({"maxRetries": "many"}, "", "relay:maxRetries must be a number"),
        ({"backend": "zoom"}, "", "backend must be relay or livekit"),
        ({"baseURL": "https://example.com"}, "baseURL", "is not a known setting; did you mean baseUrl?"),
        ({"api_key": "sk_live_abc"}, "api_key", "is not a known setting; did you mean apiKey?"),
    ],
)
async def test_what_is_wrong_is_said(news: dict[str, Any], path: str, said: str) -> None:
    (failure,) = (await check(**news)).failures
    assert failure.property == path
    assert said in failure.reason


async def test_what_is_unknown_passes() -> None:
    checked = await check(apiKey=UNKNOWN, maxRetries=UNKNOWN)
    assert not checked.failures
    assert values(checked.inputs) == {"apiKey": UNKNOWN, "maxRetries": UNKNOWN}


@pytest.mark.parametrize(
    ("olds", "news", "expected"),
    [
        ({"apiKey": "a"}, {"apiKey": "b"}, {"apiKey": Kind.UPDATE}),
        ({}, {"maxRetries": "1"}, {"maxRetries": Kind.ADD}),
        ({"maxRetries": "1"}, {}, {"maxRetries": Kind.DELETE}),
        ({"maxRetries": "1"}, {"maxRetries": 1.0}, {}),
        ({}, {"baseUrl": "https://other.example/v1"}, {"baseUrl": Kind.ADD_REPLACE}),
        ({"baseUrl": "https://a.example"}, {"baseUrl": "https://b.example"}, {"baseUrl": Kind.UPDATE_REPLACE}),
        ({"baseUrl": "https://a.example"}, {"baseUrl": "https://a.example/"}, {}),
        ({"baseUrl": "https://a.example"}, {"baseUrl": UNKNOWN}, {"baseUrl": Kind.UPDATE}),
        ({}, {"baseUrl": "https://api.relay.welbuiltai.tech/v1", "backend": "relay"}, {}),
        ({"backend": "livekit"}, {"backend": "relay"}, {"backend": Kind.UPDATE_REPLACE}),
        ({}, {"livekitUrl": "wss://a.example"}, {"livekitUrl": Kind.ADD}),  # rooms do not live there
        (
            {"backend": "livekit", "livekitUrl": "wss://a.example", "projectId": "a", "baseUrl": "https://a.example"},
            {"backend": "livekit", "livekitUrl": "wss://b.example", "projectId": "b", "baseUrl": "https://b.example"},
            {"livekitUrl": Kind.UPDATE_REPLACE, "projectId": Kind.UPDATE_REPLACE, "baseUrl": Kind.UPDATE},
        ),
        ({**BARE, "projectId": "a"}, BARE, {"projectId": Kind.DELETE_REPLACE}),
        (BARE, {**BARE, "projectId": "a"}, {"projectId": Kind.ADD_REPLACE}),
    ],
)
async def test_what_a_change_means(olds: dict[str, Any], news: dict[str, Any], expected: dict[str, Any]) -> None:
    assert await diff(olds, news) == expected


async def test_moving_a_setting_out_of_the_environment_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_BASE_URL", "https://a.example/v1")
    assert await diff({}, {"baseUrl": "https://a.example/v1"}) == {}


async def test_a_provider_without_a_project_id_moves_when_the_environment_brings_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELAY_PROJECT_ID", "acme")
    checked = values((await check(**BARE)).inputs)
    assert await diff(BARE, checked) == {"projectId": Kind.ADD_REPLACE}


async def test_a_state_without_a_project_id_stays_in_its_place_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELAY_PROJECT_ID", "acme")
    keys = {"livekitApiKey": "k", "livekitApiSecret": "s"}
    async with plugin() as client:
        await client.configure(**{**BARE, **keys})
        [failure] = (await client.check({"name": "p_acme__daily"})).failures
    assert failure.property == "name"
    assert failure.reason.startswith("is room daily of projectId acme on that server")


async def test_a_wrong_configuration_is_refused() -> None:
    async with plugin() as client:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.configure(requestTimeout="0")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "requestTimeout" in str(caught.value.details())


async def test_without_configuration_the_environment_is_asked(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in api.env.items():
        monkeypatch.setenv(name, value)
    async with plugin() as client:
        await client.configure()
        assert (await client.create({})).id == "standup"
    assert list(api.rooms()) == ["standup"]


async def test_old_engines_configure_by_variables(api: Served) -> None:
    variables = {"relay:config:apiKey": api.key, "relay:config:baseUrl": api.url}
    async with plugin() as client:
        await client.stub.Configure(pb.ConfigureRequest(variables=variables))
        assert (await client.create({})).id == "standup"
    assert list(api.rooms()) == ["standup"]


async def test_each_connection_has_its_own_settings(api: Served) -> None:
    async with plugin() as ours, plugin(like=ours) as theirs:
        await ours.configure(apiKey=api.key, baseUrl=api.url)
        await ours.create({}, name="ours")
        async with plugin(like=ours) as again:  # the engine's one connection, made again after a long idle time
            assert (await again.read("ours")).id == "ours"
        await theirs.configure(apiKey=OTHER_KEY, baseUrl=api.url)
        await theirs.create({}, name="theirs")
        assert [one.result.id for one in await ours.list()] == ["ours"]
        assert [one.result.id for one in await theirs.list()] == ["theirs"]
        await theirs.delete({}, name="theirs")
        async with plugin(like=ours) as unknown:  # whose settings hold for it cannot be told any more
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await unknown.read("ours")
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "run the command again" in str(caught.value.details())


async def test_an_engine_that_attaches_never_gets_another_ones_settings(api: Served) -> None:
    async with plugin() as ours, plugin(like=ours) as theirs:
        await ours.configure(apiKey=api.key, baseUrl=api.url)
        await theirs.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await theirs.read("ours")
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_the_place_is_kept_though_the_environment_said_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_BASE_URL", "https://a.example/v1")
    before = values((await check(apiKey="sk_live_abc")).inputs)
    assert before["baseUrl"] == "https://a.example/v1"
    monkeypatch.delenv("RELAY_BASE_URL")
    written = {"apiKey": "sk_live_abc", "baseUrl": "https://A.example:443/v1/"}
    assert await diff(before, values((await check(**written)).inputs)) == {}
    assert await diff(before, {"apiKey": "sk_live_abc"}) == {"baseUrl": Kind.DELETE_REPLACE}


async def test_a_new_key_is_a_rotation_when_it_finds_the_rooms(api: Served) -> None:
    second = "sk_live_thesecondkeyofthesameproject01234"
    keys = f"{api.key}=acme,{second}=acme,{OTHER_KEY}=other"
    with serving(env={"RELAY_GATEWAY_KEYS": keys}) as served:
        served.create("standup")
        place = {"baseUrl": served.url}
        assert await diff({"apiKey": api.key, **place}, {"apiKey": second, **place}) == {"apiKey": Kind.UPDATE}
        found = await diff({"apiKey": api.key, **place}, {"apiKey": OTHER_KEY, **place})
        assert found == {"apiKey": Kind.UPDATE_REPLACE}
        assert await diff({"apiKey": OTHER_KEY, **place}, {"apiKey": api.key, **place}) == {"apiKey": Kind.UPDATE}


@pytest.mark.parametrize(("key", "replaces"), [(KEY, []), (OTHER_KEY, ["sid"])])
async def test_where_the_old_key_is_revoked_each_room_is_looked_for(api: Served, key: str, replaces: list[str]) -> None:
    api.create("standup")
    state = {"name": "standup", "maxParticipants": 0, "metadata": "", "sid": api.rooms()["standup"]["sid"]}
    old, new = ({"apiKey": one, "baseUrl": api.url} for one in ("sk_live_thiskeyhasbeenrevokedbysomebody01", key))
    async with plugin() as client:
        found = await client.stub.DiffConfig(pb.DiffRequest(urn=PROVIDER, old_inputs=encode(old), news=encode(new)))
        assert not found.replaces
        await client.configure(**new)
        assert list((await client.diff(state, {"name": "standup"})).replaces) == replaces


async def test_what_the_plugin_says_of_itself() -> None:
    from google.protobuf.empty_pb2 import Empty

    from relay_provider.version import __version__

    async with plugin() as client:
        shaken = await client.stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        assert shaken.accept_secrets
        assert shaken.supports_autonaming_configuration
        assert not (shaken.accept_outputs or shaken.accept_resources)
        configured = await client.configure()
        assert configured.acceptSecrets
        assert configured.supportsPreview
        assert not (configured.acceptOutputs or configured.acceptResources)
        assert (await client.stub.GetPluginInfo(Empty())).version == __version__
        await client.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
