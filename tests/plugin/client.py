"""The plugin's service on a real gRPC connection within the test's own event loop, and a terse client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio

from relay_provider.plugin.codec import Properties, decode, encode
from relay_provider.plugin.service import Service
from relay_provider.proto import provider_pb2 as pb
from relay_provider.proto import provider_pb2_grpc

ROOM = "relay:index:Room"


def urn(name: str) -> str:
    return f"urn:pulumi:dev::project::{ROOM}::{name}"


class Client:
    """What an engine asks, with plain values; answers are the protocol's messages."""

    def __init__(self, channel: grpc.aio.Channel, service: Service, address: str) -> None:
        self.address = address
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        self.service = service

    async def configure(self, **args: Any) -> pb.ConfigureResponse:
        return await self.stub.Configure(pb.ConfigureRequest(args=encode(args), acceptSecrets=True))

    async def check(self, news: dict[str, Any], name: str = "standup", **more: Any) -> pb.CheckResponse:
        secrets = more.pop("secrets", ())
        olds = encode(more.pop("olds", {}))
        request = pb.CheckRequest(urn=urn(name), name=name, type=ROOM, news=encode(news, secrets), olds=olds, **more)
        return await self.stub.Check(request)

    async def diff(self, olds: dict[str, Any], news: dict[str, Any], **more: Any) -> pb.DiffResponse:
        return await self.stub.Diff(
            pb.DiffRequest(id="standup", urn=urn("standup"), type=ROOM, olds=encode(olds), news=encode(news), **more)
        )

    async def create(self, inputs: dict[str, Any], name: str = "standup", **more: Any) -> pb.CreateResponse:
        properties = encode({"name": name, **inputs}, more.pop("secrets", ()))
        return await self.stub.Create(
            pb.CreateRequest(urn=more.pop("urn", urn(name)), name=name, type=ROOM, properties=properties, **more)
        )

    async def read(self, name: str = "standup", **more: Any) -> pb.ReadResponse:
        return await self.stub.Read(pb.ReadRequest(id=name, urn=urn(name), type=ROOM, **more))

    async def update(self, olds: dict[str, Any], news: dict[str, Any], **more: Any) -> pb.UpdateResponse:
        secrets = more.pop("secrets", ())
        return await self.stub.Update(
            pb.UpdateRequest(
                id="standup",
                urn=urn("standup"),
                type=ROOM,
                olds=encode(olds, secrets),
                news=encode({"name": "standup", **news}, secrets),
                **more,
            )
        )

    async def delete(self, state: dict[str, Any], name: str = "standup", **more: Any) -> None:
        await self.stub.Delete(
            pb.DeleteRequest(id=name, urn=more.pop("urn", urn(name)), type=ROOM, properties=encode(state), **more)
        )

    async def invoke(self, function: str, preview: bool = False, **args: Any) -> pb.InvokeResponse:
        request = pb.InvokeRequest(tok=f"relay:index:{function}", args=encode(args), preview=preview)
        return await self.stub.Invoke(request)

    async def list(self, query: dict[str, Any] | None = None, **more: Any) -> list[pb.ListResponse]:
        return [one async for one in self.stub.List(pb.ListRequest(token=ROOM, query=encode(query or {}), **more))]


@asynccontextmanager
async def plugin(like: Client | None = None) -> AsyncIterator[Client]:
    """A plugin of one's own, not configured yet; or another connection to the plugin of `like`."""
    if like:
        async with grpc.aio.insecure_channel(like.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            yield Client(channel, like.service, like.address)
        return
    service = Service()
    server = grpc.aio.server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        async with grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            yield Client(channel, service, address)
    finally:
        await server.stop(0)
        await service.aclose()


def values(struct: Any) -> dict[str, Any]:
    return decode(struct).values


def properties(struct: Any) -> Properties:
    return decode(struct)
