"""The engine that started this process: where it is, whether it is still there, and what it can be told."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from typing import Any, Final

from relay_provider.errors import RelayError

POLL: Final = 5.0
"""Seconds between looks whether the engine is still there."""


def engine_address(arguments: Sequence[str]) -> str | None:
    """The address among the arguments that an engine starts a plugin with: the last that is no flag and no flag's
    value (`--tracing URL`)."""
    plain = [
        argument
        for before, argument in zip(["", *arguments], arguments, strict=False)
        if not argument.startswith("-") and before != "--tracing"
    ]
    return plain[-1] if plain else None


async def gone(engine: str) -> None:
    """Return when the engine, which had answered, is no longer there: one that was killed could not say so.

    It is gone when nobody listens at two looks in a row; until the second, what it had begun may finish.
    """
    host, _, port = engine.rpartition(":")
    answered, refused = False, 0
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            refused += 1 if answered else 0
            if refused == 2:
                return
        except OSError:  # of this machine, at the moment; says nothing of the engine
            pass
        else:
            answered, refused = True, 0
            writer.close()
        await asyncio.sleep(POLL)


def end_with(engine: str) -> None:
    """End this process, which has no end of its own, soon after the engine is gone."""

    async def end() -> None:
        await gone(engine)
        os._exit(1)

    threading.Thread(target=lambda: asyncio.run(end()), name="engine-watch", daemon=True).start()


async def tell(engine: str, urn: str, message: str, *, passing: bool = False) -> None:
    """Show people a warning on a resource, or, `passing`, what is going on. Raises grpc.RpcError."""
    import grpc.aio

    from relay_provider.proto import engine_pb2, engine_pb2_grpc

    severity = engine_pb2.INFO if passing else engine_pb2.WARNING
    request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=passing)
    async with grpc.aio.insecure_channel(engine) as channel:
        await engine_pb2_grpc.EngineStub(channel).Log(request, timeout=5)  # type: ignore[misc]


class PartlyDone(RelayError):
    """A resource was made in part: the engine keeps `properties` (a protobuf Struct) as what there is of it."""

    def __init__(self, message: str, id_: str, properties: Any) -> None:
        super().__init__(message)
        self._id, self._properties = id_, properties

    def metadata(self, sentence: str) -> tuple[tuple[str, bytes]]:
        """The trailing metadata of an answer with the code UNKNOWN, as gRPC brings details along."""
        from relay_provider.proto import provider_pb2, status_pb2

        failed = provider_pb2.ErrorResourceInitFailed(id=self._id, properties=self._properties, reasons=[sentence])
        status = status_pb2.Status(code=2, message=sentence)
        status.details.add().Pack(failed)
        return (("grpc-status-details-bin", status.SerializeToString()),)
