"""A Pulumi plugin named relay that does nothing: the engine's own cost, for comparison."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import grpc.aio
from google.protobuf.empty_pb2 import Empty

from relay_provider.proto import plugin_pb2 as plugins
from relay_provider.proto import provider_pb2 as pb
from relay_provider.proto import provider_pb2_grpc
from tests.conftest import ROOT


class Nothing(provider_pb2_grpc.ResourceProviderServicer):
    """Says yes to everything."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugins.PluginInfo(version="0.1.0")

    async def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.GetSchemaResponse(schema=json.dumps(json.loads((ROOT / "schema.json").read_text())))

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.CheckResponse(inputs=request.news)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.CreateResponse(id=request.name, properties=request.properties)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        return Empty()

    async def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.end.set()
        return Empty()


async def main() -> None:
    server, service = grpc.aio.server(), Nothing()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, service.end.set)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await service.end.wait()
    await server.stop(0.2)


if __name__ == "__main__":
    asyncio.run(main())
