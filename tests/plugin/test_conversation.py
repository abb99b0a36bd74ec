"""The recorded conversation, replayed: every answer is the one that the real engine was content with."""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, message_factory

from relay_provider.proto import provider_pb2 as pb
from tests.plugin.client import Client, plugin
from tests.plugin.conversation import FILE, Names, act
from tests.served import Served

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

METHODS = pb.DESCRIPTOR.services_by_name["ResourceProvider"].methods_by_name
STATUS = re.compile(r"rpc error: code = (\w+) desc = (.*)", re.DOTALL)


async def test_every_answer_is_as_recorded(api: Served) -> None:
    names = Names(api)
    client: Client | None = None
    async with AsyncExitStack() as stack:
        for number, text in enumerate(FILE.read_text().splitlines(), 1):
            line = json.loads(text)
            if "run" in line:
                client = await stack.enter_async_context(plugin())
            elif "behind" in line:
                act(api, *line["behind"])
            else:
                assert client
                found = names.cleaned(await answer(client, line["method"], names.real(line["request"])))
                expected = {key: line[key] for key in ("response", "errors") if key in line}
                assert found == expected, f"line {number}: {line['method']}"


async def answer(client: Client, method: str, request: dict[str, Any]) -> dict[str, Any]:
    """What the plugin answers, as the engine's log would show it."""
    kind = message_factory.GetMessageClass(METHODS[method].input_type)
    try:
        response = await getattr(client.stub, method)(json_format.ParseDict(request, kind()))
    except grpc.aio.AioRpcError as error:
        code = "".join(word.capitalize() for word in error.code().name.split("_"))
        return {"errors": [f"rpc error: code = {code} desc = {error.details()}"]}
    return {"response": json_format.MessageToDict(response)}


def test_it_is_a_whole_life() -> None:
    lines = [json.loads(line) for line in FILE.read_text().splitlines()]
    assert {line["method"] for line in lines if "method" in line} == {
        *("Handshake", "GetPluginInfo", "CheckConfig", "DiffConfig", "Configure", "Check", "Diff"),
        *("Create", "Read", "Update", "Delete", "Invoke"),
    }
    assert any("errors" in line for line in lines)
    assert "127.0.0.1" not in FILE.read_text()
    assert "/" + "work/" not in FILE.read_text()
