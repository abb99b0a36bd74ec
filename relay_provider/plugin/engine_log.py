"""The engine's log: what a person should read beside a resource."""

from __future__ import annotations

from contextlib import suppress

import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


async def warn(engine: str, urn: str, message: str) -> None:
    """Show a warning on the resource. An engine that takes none is no failure: the guard does not depend on it."""
    async with grpc.aio.insecure_channel(engine) as channel:
        request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
        with suppress(grpc.RpcError):
            await engine_pb2_grpc.EngineStub(channel).Log(request, timeout=5)  # type: ignore[misc]
