"""The process: how it starts, and how it ends with requests in flight."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom
from relay_provider.proto import plugin_pb2 as plugins
from relay_provider.proto import provider_pb2 as pb
from relay_provider.proto import provider_pb2_grpc
from tests.plugin.client import Client
from tests.served import Served

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SCRIPT = Path(sys.executable).parent / "pulumi-resource-relay"
LIVE = LiveRoom(room="standup", sid="RM_1", max_participants=0, creation_time=1, metadata="")


@contextmanager
def started(*arguments: str, **more: Any) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen([SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    try:
        assert process.stdout
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "arguments", [(), ("127.0.0.1:1",), ("--logtostderr", "-v=9", "--tracing", "x", "127.0.0.1:1")]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_port_and_nothing_else(arguments: tuple[str, ...], number: signal.Signals) -> None:
    with started(*arguments) as (process, port):
        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


async def test_cancel_ends_it_cleanly() -> None:
    with started() as (process, port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
            assert "relay" in (await stub.GetSchema(pb.GetSchemaRequest())).schema
            await stub.Cancel(Empty())
            out, err = await asyncio.to_thread(process.communicate, timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


async def test_an_attached_engine_does_not_end_what_it_did_not_start() -> None:
    with started() as (process, port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
            await stub.Attach(plugins.PluginAttach(address="127.0.0.1:1"))
            await stub.Cancel(Empty())
            assert (await stub.GetPluginInfo(Empty())).version
        assert process.poll() is None
        process.terminate()
        assert process.wait(20) == 0


def test_it_ends_with_the_engine_that_started_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        with started(address) as (process, _):
            engine.accept()[0].close()  # it has looked once
            engine.close()
            assert process.wait(30) == 0


@pytest.mark.parametrize(("flag", "said"), [("--version", "0."), ("--help", "PULUMI_DEBUG_PROVIDERS")])
def test_people_may_ask(flag: str, said: str) -> None:
    done = subprocess.run([SCRIPT, flag], capture_output=True, text=True, check=True)
    assert said in done.stdout


class Slow:
    """Creates that take until they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        slow = self

        async def create(*_: object, **__: object) -> LiveRoom:
            slow.begun.set()
            await slow.go.wait()
            return LIVE

        monkeypatch.setattr(Rooms, "create", create)


async def test_a_request_in_flight_finishes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    creating = asyncio.create_task(client.create({}))
    await slow.begun.wait()
    await client.stub.Cancel(Empty())
    ending = asyncio.create_task(client.service.stopped(grace=60))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await client.read()
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "shutting down" in str(refused.value.details())
    assert not ending.done()
    slow.go.set()
    assert (await creating).id == "standup"
    await ending


@pytest.mark.parametrize("hurry", [False, True])
async def test_a_request_that_does_not_finish_is_interrupted(
    client: Client, monkeypatch: pytest.MonkeyPatch, hurry: bool
) -> None:
    slow = Slow(monkeypatch)
    creating = asyncio.create_task(client.create({}))
    await slow.begun.wait()
    client.service.stop()
    if hurry:
        client.service.stop()
    await client.service.stopped(grace=60 if hurry else 0.01)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await creating
    assert caught.value.code() == grpc.StatusCode.CANCELLED  # a known state: not created, and safe to repeat
    assert "Create was interrupted; run the same command again, which is safe" in str(caught.value.details())


async def test_many_requests_at_once(client: Client, api: Served) -> None:
    names = [f"room-{number}" for number in range(60)]
    created = await asyncio.gather(*(client.create({"maxParticipants": 2}, name=name) for name in names))
    assert sorted(one.id for one in created) == sorted(api.rooms()) == sorted(names)
    read = await asyncio.gather(*(client.read(name) for name in names))
    assert [one.id for one in read] == names


def test_what_asks_nothing_of_the_server_waits_for_no_http() -> None:
    """Nor for Pulumi's SDK: the schema, which a YAML program starts a process for, and an up that changes nothing."""
    program = """
import asyncio, sys
from types import SimpleNamespace
from google.protobuf.struct_pb2 import Struct
from relay_provider.proto import provider_pb2 as pb
from relay_provider.plugin.service import Service
async def ask():
    service, context = Service(), SimpleNamespace(peer=lambda: "one")
    service.warm()
    await service.GetSchema(pb.GetSchemaRequest(), context)
    settings, room = Struct(), Struct()
    settings.update({"apiKey": "sk_live_0123456789", "baseUrl": "http://127.0.0.1:1/v1"})
    room.update({"name": "standup", "sid": "RM_1"})
    await service.Configure(pb.ConfigureRequest(args=settings), context)
    await service.Check(pb.CheckRequest(news=room, type="relay:index:Room", name="standup"), context)
    await service.Diff(pb.DiffRequest(olds=room, news=room, type="relay:index:Room"), context)
    print([name for name in ("aiohttp", "pulumi") if name in sys.modules])
    await service.aclose()
asyncio.run(ask())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
