"""Every request about rooms, over a real gRPC connection, against a served API."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from relay_provider.plugin.codec import encode
from relay_provider.proto import provider_pb2 as pb
from relay_provider.values import UNKNOWN
from tests.plugin.backend import Here
from tests.plugin.client import Client, plugin, properties, values
from tests.served import Served

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

Kind = pb.PropertyDiff
Modes = pb.CheckRequest.AutonamingOptions


def failures(response: pb.CheckResponse | pb.InvokeResponse) -> dict[str, str]:
    return {failure.property: failure.reason for failure in response.failures}


# -- Check ---------------------------------------------------------------------------------------------------------


async def test_check_gives_the_one_spelling(client: Client) -> None:
    checked = await client.check({"maxParticipants": 50.0, "metadata": {"b": 1.0, "a": [True]}, "emptyTimeout": None})
    assert not checked.failures
    assert values(checked.inputs) == {"name": "standup", "maxParticipants": 50, "metadata": '{"a":[true],"b":1}'}


async def test_check_reports_every_wrong_field_at_once(client: Client) -> None:
    found = failures(await client.check({"maxParticipants": 0, "emptyTimeout": "x", "forceDestory": True}))
    assert found.keys() == {"maxParticipants", "emptyTimeout", "forceDestory"}
    assert found["forceDestory"] == "is not a known key; did you mean forceDestroy?"


async def test_check_lets_unknowns_and_secrets_pass(client: Client) -> None:
    checked = await client.check({"metadata": {"deep": UNKNOWN}, "maxParticipants": UNKNOWN}, secrets={"metadata"})
    assert not checked.failures
    assert properties(checked.inputs).values == {
        "name": "standup",
        "metadata": UNKNOWN,
        "maxParticipants": UNKNOWN,
    }
    assert properties(checked.inputs).secrets == {"metadata"}


async def test_an_asset_is_refused_where_it_is(client: Client) -> None:
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
    assert failures(await client.check({"metadata": {"a": asset}})) == {"metadata.a": "must not be an asset"}


@pytest.mark.parametrize(
    ("news", "olds", "autonaming", "name"),
    [
        ({}, {}, None, "standup"),
        ({"name": "daily"}, {}, None, "daily"),
        ({}, {"name": "before"}, None, "before"),  # renamed in the program, with an alias
        ({}, {}, Modes(proposed_name="standup-1f3c", mode=Modes.PROPOSE), "standup-1f3c"),
        ({}, {}, Modes(proposed_name="standup-1f3c", mode=Modes.ENFORCE), "standup-1f3c"),
        ({}, {"name": "standup-0000"}, Modes(proposed_name="standup-1f3c"), "standup-0000"),
        ({"name": "daily"}, {}, Modes(mode=Modes.DISABLE), "daily"),
    ],
)
async def test_names(client: Client, news: Any, olds: Any, autonaming: Any, name: str) -> None:
    checked = await client.check(news, olds=olds, autonaming=autonaming)
    assert values(checked.inputs)["name"] == name


async def test_where_autonaming_is_disabled_a_name_is_required(client: Client) -> None:
    found = failures(await client.check({}, autonaming=Modes(mode=Modes.DISABLE)))
    assert "pulumi:autonaming" in found["name"]


async def test_a_resource_name_that_no_room_can_have(client: Client) -> None:
    assert "letters, digits" in failures(await client.check({}, name="my room"))["name"]


# -- Diff ----------------------------------------------------------------------------------------------------------

LIVE = {
    "name": "standup",
    "maxParticipants": 0,
    "metadata": "",
    "forceDestroy": False,
    "sid": "RM_1",
    "creationTime": 1,
}


@pytest.mark.parametrize(
    ("olds", "news", "expected"),
    [
        (LIVE, {"name": "standup"}, {}),
        (LIVE, {"name": "standup", "maxParticipants": 5}, {"maxParticipants": Kind.ADD_REPLACE}),
        (
            LIVE | {"maxParticipants": 4},
            {"name": "standup", "maxParticipants": 5},
            {"maxParticipants": Kind.UPDATE_REPLACE},
        ),
        (LIVE | {"maxParticipants": 4}, {"name": "standup"}, {"maxParticipants": Kind.DELETE_REPLACE}),
        (LIVE, {"name": "other"}, {"name": Kind.UPDATE_REPLACE}),
        (LIVE, {"name": "standup", "forceDestroy": True}, {"forceDestroy": Kind.ADD}),
        (LIVE | {"metadata": '{"a": 1}'}, {"name": "standup", "metadata": '{"a":1}'}, {}),
        (LIVE, {"name": "standup", "metadata": UNKNOWN}, {"metadata": Kind.ADD_REPLACE}),
    ],
)
async def test_diff(client: Client, olds: Any, news: Any, expected: Any) -> None:
    found = await client.diff(olds, news)
    assert found.changes == (pb.DiffResponse.DIFF_SOME if expected else pb.DiffResponse.DIFF_NONE)
    assert found.hasDetailedDiff
    assert not found.deleteBeforeReplace
    assert {path: one.kind for path, one in found.detailedDiff.items()} == expected
    assert list(found.diffs) == list(expected)
    assert list(found.replaces) == [name for name, kind in expected.items() if Kind.Kind.Name(kind).endswith("REPLACE")]


async def test_diff_ignores_what_it_is_told_to(client: Client) -> None:
    found = await client.diff(
        LIVE | {"metadata": "a"}, {"name": "standup", "metadata": "b"}, ignoreChanges=["metadata"]
    )
    assert found.changes == pb.DiffResponse.DIFF_NONE


# -- Create, Read, Update, Delete ----------------------------------------------------------------------------------


async def test_a_life(client: Client, api: Served) -> None:
    inputs = {"maxParticipants": 5, "emptyTimeout": 60, "metadata": "hello"}
    created = await client.create(inputs)
    live = api.rooms()["standup"]
    state = values(created.properties)
    assert created.id == "standup"
    assert state == {
        "name": "standup",
        **inputs,
        "forceDestroy": False,
        "sid": live["sid"],
        "creationTime": live["creationTime"],
    }
    assert values((await client.create(inputs)).properties) == state  # repeated: taken over

    read = await client.read(properties=created.properties, inputs=encode({"name": "standup", **inputs}))
    assert read.id == "standup"
    assert values(read.properties) == state
    assert values(read.inputs) == {"name": "standup", **inputs}

    updated = await client.update(state, {**inputs, "forceDestroy": True})
    assert values(updated.properties) == {**state, "forceDestroy": True}

    await client.delete(values(updated.properties))
    assert api.rooms() == {}
    await client.delete(values(updated.properties))  # gone already


async def test_a_refresh_sees_what_changed(client: Client, api: Served) -> None:
    created = await client.create({"maxParticipants": 5, "emptyTimeout": 60})
    api.end("standup")
    api.create("standup", metadata="theirs")
    async with plugin() as another:  # a list is shared for seconds: drift is seen by the next run
        await another.configure(apiKey=api.key, baseUrl=api.url)
        inputs = encode({"name": "standup", "maxParticipants": 5, "emptyTimeout": 60})
        read = await another.read(properties=created.properties, inputs=inputs)
    assert values(read.inputs) == {"name": "standup", "emptyTimeout": 60, "metadata": "theirs"}
    assert values(read.properties)["sid"] == api.rooms()["standup"]["sid"]


async def test_a_room_that_is_gone_reads_as_nothing(client: Client) -> None:
    read = await client.read(properties=encode(LIVE), inputs=encode({"name": "standup"}))
    assert read.id == ""
    assert not read.HasField("properties")


async def test_import_is_a_read_by_name(client: Client, api: Served) -> None:
    api.create("standup", maxParticipants=3, metadata="m")
    read = await client.read("standup")
    assert read.id == "standup"
    assert values(read.inputs) == {"name": "standup", "maxParticipants": 3, "metadata": "m"}
    assert values(read.properties)["sid"] == api.rooms()["standup"]["sid"]
    missing = await client.read("nowhere")
    assert missing.id == ""
    assert not missing.HasField("properties")


async def test_previews_change_nothing_and_know_what_can_be_known(client: Client, api: Served) -> None:
    created = await client.create({"metadata": UNKNOWN, "maxParticipants": 5}, preview=True, secrets={"metadata"})
    found = properties(created.properties)
    assert found.values["maxParticipants"] == 5
    assert found.values["metadata"] is found.values["sid"] is found.values["creationTime"] is UNKNOWN
    assert found.secrets == {"metadata"}
    updated = await client.update(LIVE, {"forceDestroy": True}, preview=True)
    assert values(updated.properties) == {**LIVE, "forceDestroy": True}
    assert api.rooms() == {}


async def test_a_secret_stays_secret(client: Client) -> None:
    created = await client.create({"metadata": "hush"}, secrets={"metadata"})
    assert properties(created.properties).secrets == {"metadata"}
    inputs = encode({"name": "standup", "metadata": "hush"}, {"metadata"})
    read = await client.read(properties=created.properties, inputs=inputs)
    assert properties(read.properties).secrets == properties(read.inputs).secrets == {"metadata"}
    updated = await client.update(
        values(created.properties), {"metadata": "hush", "forceDestroy": True}, secrets={"metadata"}
    )
    assert properties(updated.properties).secrets == {"metadata"}


async def test_metadata_changes_in_place_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on LiveKit: by an update, which the preview knows the outcome of."""
    monkeypatch.setattr("relay_provider.session.connect", Here)
    async with plugin() as client:
        await client.configure()
        state = values((await client.create({"metadata": "a"})).properties)
        assert {
            path: one.kind
            for path, one in (await client.diff(state, {"name": "standup", "metadata": "b"})).detailedDiff.items()
        } == {"metadata": Kind.UPDATE}
        news = {"metadata": "b"}
        previewed = await client.update(state, news, preview=True)
        updated = await client.update(state, news)
        assert values(previewed.properties) == values(updated.properties) == {**state, "metadata": "b"}
        assert values((await client.update(state, {}, preview=True)).properties)["metadata"] == ""
        found = properties((await client.update(state, {"metadata": UNKNOWN}, preview=True)).properties)
        assert found.values["metadata"] is UNKNOWN


# -- Failures ------------------------------------------------------------------------------------------------------


async def fails(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    message = caught.value.details() or ""
    assert "Traceback" not in message
    return caught.value.code(), message


async def test_another_room_of_that_name_is_not_taken(client: Client, api: Served) -> None:
    api.create("standup", metadata="their secret plan")
    code, message = await fails(client.create({"metadata": "our secret plan"}, secrets={"metadata"}))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "[secret]" in message
    assert "secret plan" not in message
    code, message = await fails(client.create({"metadata": "ours"}))
    assert 'metadata is "their secret plan" there and "ours" here' in message


async def test_an_occupied_room_is_not_ended(client: Client, api: Served) -> None:
    state = values((await client.create({})).properties)
    api.join("standup", "ana", "ben")
    code, message = await fails(client.delete(state))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "ana, ben" in message
    assert api.people("standup") == ["ana", "ben"]
    await client.delete({**state, "forceDestroy": True})
    assert api.rooms() == {}


async def test_a_wrong_key_is_unauthenticated_and_not_shown(api: Served) -> None:
    async with plugin() as client:
        key = "sk_live_thisisawrongkeythatmustnotbeshown"
        await client.configure(apiKey=key, baseUrl=api.url)
        code, message = await fails(client.create({}))
        assert code == grpc.StatusCode.UNAUTHENTICATED
        assert key not in message
        code, message = await fails(client.read())  # by a refresh, with a key that was revoked since
        assert "pulumi up --refresh=false" in message


async def test_no_key_is_said_in_the_preview_already(api: Served) -> None:
    async with plugin() as client:
        await client.configure(baseUrl=api.url)
        code, message = await fails(client.create({}, preview=True))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "pulumi config set --secret relay:apiKey" in message


async def test_a_server_that_is_down(free_port: int) -> None:
    async with plugin() as client:
        await client.configure(apiKey="sk_live_x", baseUrl=f"http://127.0.0.1:{free_port}/v1", maxRetries=0)
        code, message = await fails(client.read())
    assert code == grpc.StatusCode.UNAVAILABLE
    assert "check" in message.lower()


async def test_unknown_types_functions_and_empty_ids(client: Client) -> None:
    code, message = await fails(client.stub.Create(pb.CreateRequest(type="relay:index:Broom")))
    assert (code, message) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "The relay plugin has no resource type relay:index:Broom; it has relay:index:Room and relay:index:RoomSet.",
    )
    code, message = await fails(client.invoke("getBroom"))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "relay:index:getRoom" in message
    assert (await fails(client.read("")))[0] == grpc.StatusCode.INVALID_ARGUMENT


async def test_inputs_that_were_never_checked(client: Client) -> None:
    code, message = await fails(client.create({"maxParticipants": -1, "metadata": 5}))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "maxParticipants" in message
    assert "metadata" in message
    code, message = await fails(client.create({"metadata": UNKNOWN}))
    assert "metadata: must be known" in message


async def test_a_defect_is_a_sentence_too(client: Client, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr("relay_provider.lifecycle.Rooms.create", lambda *_, **__: 1 / 0)
    code, message = await fails(client.create({}))
    assert code == grpc.StatusCode.INTERNAL
    assert message.startswith("Create hit a bug in the relay plugin (ZeroDivisionError); please report it.")
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("RELAY_DEBUG", "1")
    await fails(client.create({}))
    assert "ZeroDivisionError: division by zero" in capfd.readouterr().err


async def test_custom_timeouts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(*_: object, **__: object) -> None:
        import asyncio

        await asyncio.sleep(60)

    monkeypatch.setattr("relay_provider.lifecycle.Rooms.create", forever)
    code, message = await fails(client.create({}, timeout=0.05))
    assert code == grpc.StatusCode.UNAVAILABLE
    assert "customTimeouts" in message


# -- A room that is declared again in the same run ------------------------------------------------------------------


async def test_a_declared_room_is_not_ended_whatever_the_delete_means(client: Client, api: Served) -> None:
    """A rename without an alias, the end of a replacement, one left over from an earlier run."""
    state = values((await client.create({})).properties)
    await client.configure(apiKey=api.key, baseUrl=api.url)
    await client.check({"name": "standup", "forceDestroy": True}, name="after")
    api.join("standup", "ana")
    await client.delete({**state, "forceDestroy": True})
    assert api.people("standup") == ["ana"]
    await client.configure(apiKey=api.key, baseUrl=api.url)  # the next run declares it no longer
    code, message = await fails(client.delete(state))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "ana" in message


async def test_a_replacement_is_one_step(client: Client, api: Served) -> None:
    state = values((await client.create({"maxParticipants": 5})).properties)
    await client.configure(apiKey=api.key, baseUrl=api.url)
    old, new = {"name": "standup", "maxParticipants": 5}, {"name": "standup", "maxParticipants": 6}
    await client.check(new, olds=old)
    found = await client.diff(state, new)
    assert list(found.replaces) == ["maxParticipants"]
    assert not found.deleteBeforeReplace
    api.join("standup", "ana")
    code, message = await fails(client.create(new))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "ana" in message
    assert api.rooms()["standup"]["sid"] == state["sid"]
    api.leave("standup", "ana")
    again = values((await client.create(new)).properties)
    assert api.rooms()["standup"]["sid"] == again["sid"] != state["sid"]
    await client.delete(state)
    assert api.rooms()["standup"]["sid"] == again["sid"]


async def test_two_resources_that_declare_one_room_are_told(client: Client) -> None:
    assert not (await client.check({"name": "standup"}, name="one")).failures
    found = failures(await client.check({"name": "standup"}, name="two"))
    assert found["name"].startswith('room "standup" is declared by one already')
    assert not (await client.check({"name": "standup"}, name="one")).failures


async def test_a_consent_is_for_the_run_that_gave_it(client: Client, api: Served) -> None:
    """An attached plugin: a preview with forceDestroy is abandoned, and a later run destroys."""
    state = values((await client.create({})).properties)
    api.join("standup", "ana")
    await client.configure(apiKey=api.key, baseUrl=api.url)
    await client.check({"name": "other", "forceDestroy": True}, olds={"name": "standup"})
    await client.diff(state, {"name": "other", "forceDestroy": True})
    await client.configure(apiKey=api.key, baseUrl=api.url)
    code, _ = await fails(client.delete(state))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert api.people("standup") == ["ana"]


async def test_an_old_room_that_is_left_over_goes_by_the_consent_of_its_resource_now(
    client: Client, api: Served
) -> None:
    """A run took forceDestroy back, renamed the room and was refused: the next one has the old half in its state."""
    state = values((await client.create({"forceDestroy": True})).properties)
    api.join("standup", "ana")
    await client.configure(apiKey=api.key, baseUrl=api.url)
    await client.check({"name": "daily"}, olds={"name": "daily"})
    code, _ = await fails(client.delete(state))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert api.people("standup") == ["ana"]
    await client.configure(apiKey=api.key, baseUrl=api.url)
    await client.delete(state)  # it is declared no longer, and the state's consent counts
    assert api.rooms() == {}


# -- Functions and List --------------------------------------------------------------------------------------------


def returned(response: pb.InvokeResponse) -> dict[str, Any]:
    return values(getattr(response, "return"))


async def test_remove_participant(client: Client, api: Served) -> None:
    api.create("standup")
    api.join("standup", "ana", "ben")
    arguments = {"room": "standup", "identity": "ana"}
    assert returned(await client.invoke("removeParticipant", preview=True, **arguments)) == {"removed": False}
    assert api.people("standup") == ["ana", "ben"]
    assert returned(await client.invoke("removeParticipant", **arguments)) == {"removed": True}
    assert api.people("standup") == ["ben"]
    assert returned(await client.invoke("removeParticipant", **arguments)) == {"removed": False}


async def test_get_room_and_list_rooms(client: Client, api: Served) -> None:
    api.create("b", maxParticipants=3)
    api.create("a")
    api.join("b", "ana")
    found = returned(await client.invoke("getRoom", name="b"))
    (ana,) = found.pop("participants")
    assert ana.keys() == {"identity", "name", "state", "joinedAt", "tracks"}
    assert ana["identity"] == "ana"
    assert found.keys() == {"name", "sid", "numParticipants", "maxParticipants", "creationTime", "metadata"}
    assert (found["name"], found["maxParticipants"]) == ("b", 3)
    assert [room["name"] for room in returned(await client.invoke("listRooms"))["rooms"]] == ["a", "b"]
    code, message = await fails(client.invoke("getRoom", name="c"))
    assert code == grpc.StatusCode.NOT_FOUND
    assert '"c" is not live' in message


async def test_wrong_arguments_are_said_by_name(client: Client) -> None:
    assert failures(await client.invoke("getRoom", nam="x")) == {
        "nam": "is not a known key; did you mean name?",
        "name": "is required",
    }
    assert failures(await client.invoke("removeParticipant", room=5, identity="")) == {
        "room": "must be a string, not a number",
        "identity": "must not be empty",
    }


async def test_list_in_pages(client: Client, api: Served) -> None:
    for name in ("a1", "a2", "a3", "b1"):
        api.create(name)

    def names(answers: list[pb.ListResponse]) -> list[str]:
        return [one.result.id for one in answers if one.HasField("result")]

    assert names(await client.list()) == ["a1", "a2", "a3", "b1"]
    assert names(await client.list({"namePrefix": "a"})) == ["a1", "a2", "a3"]
    assert names(await client.list(limit=2)) == ["a1", "a2"]
    first = await client.list({"namePrefix": "a"}, page_size=2)
    assert names(first) == ["a1", "a2"]
    rest = await client.list(
        {"namePrefix": "a"}, page_size=2, continuation_token=first[-1].continuation.continuation_token
    )
    assert names(rest) == ["a3"]
    assert not rest[-1].HasField("continuation")
    assert (await client.list({"namePrefix": UNKNOWN}))[0].HasField("computed")
