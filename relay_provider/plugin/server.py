"""The plugin's process: start, the port line, signals, and a clean end.

Only what a start needs is imported here; the engine waits for the port line.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Final

import grpc.aio

from relay_provider.engine import engine_address, gone
from relay_provider.plugin.service import Service
from relay_provider.proto import provider_pb2_grpc
from relay_provider.version import __version__

GRACE: Final = 1.2
"""Seconds that requests in flight have to finish once the process was asked to end (the whole end takes under 2)."""

_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

USAGE: Final = """\
pulumi-resource-relay: the Pulumi resource plugin for rooms. Pulumi starts it by itself.

To run it by hand (for debugging), start it without arguments; it prints its port. Then run, in another terminal,
PULUMI_DEBUG_PROVIDERS=relay:PORT pulumi up
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until cancelled. `arguments`: the engine's address (optional); its log flags are ignored."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] in (["--help"], ["-h"]):
        sys.stdout.write(USAGE)
        return 0
    if given[:1] == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return 0
    asyncio.run(serve(engine_address(given)))
    return 0


async def serve(engine: str | None) -> None:
    """Serve on a free loopback port, print it, and return when cancelled or signalled."""
    service = Service(engine)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, service.stop)
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    warming = asyncio.create_task(asyncio.to_thread(service.warm))
    watching = asyncio.create_task(_watch(engine, service)) if engine else None
    await service.stopped(GRACE)
    await server.stop(grace=0.2)
    if watching:
        watching.cancel()
    await warming
    await service.aclose()


async def _watch(engine: str, service: Service) -> None:
    """End with the engine that started this, unless others have attached."""
    await gone(engine)
    if not service.attached:
        service.stop()
