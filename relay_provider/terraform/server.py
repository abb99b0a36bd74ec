"""The provider's process: the handshake of go-plugin, TLS, and a clean end.

Only what a start needs is imported here; the engine waits for the line.

The engine asks for TLS both ways, with certificates that both sides make for this one process. gRPC for Python cannot
take the engine's (a P-521 key, which its library does not offer to verify), and Python's own `ssl` could only stand in
front of an open socket, with every byte copied once more. So the provider shows its certificate, which the engine
verifies, and who may come to the provider is decided by the file system: its socket is in a folder that nobody but this
user can enter.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TextIO

import grpc
import grpc.aio

from relay_provider.terraform.service import Service
from relay_provider.version import __version__

COOKIE: Final = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
"""By which an engine says that it is one."""
CORE: Final = 1
PROTOCOL: Final = 6
"""The versions of go-plugin's handshake, and of Terraform's protocol."""
POLL: Final = 1.0
"""Seconds between looks whether the engine is still there."""
GRACE: Final = 1.2
"""Seconds that requests in flight have to finish once the engine is gone."""
_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

NEEDED: Final = ("msgpack", "cryptography")
"""What only this door needs, and an installation without its extra lacks."""

USAGE: Final = """\
terraform-provider-relay: the provider for rooms of OpenTofu and Terraform, which start it by themselves.

To run it by hand (for debugging): terraform-provider-relay --debug
It prints the line to set before `tofu plan`, and serves until Ctrl-C.
"""
REGISTRIES: Final = ("registry.opentofu.org", "registry.terraform.io")
SOURCE: Final = "welbuiltai/relay"
"""What configurations call the provider; each engine puts its own registry before it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the engine has done. `arguments`: `--debug` for a process that engines attach to."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return 0
    debug = given[:1] == ["--debug"]
    if not debug and os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.stderr.write(USAGE)
        return 0 if given[:1] in (["--help"], ["-h"]) else 1
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        sys.stderr.write(f"{' and '.join(missing)} is missing: pip install 'relay-provider[terraform]'\n")
        return 1
    # The line is all that an engine wants to see there.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asyncio.run(serve(out, debug=debug))
    sys.stderr.flush()
    os._exit(0)  # the engine waits for the end, and an interpreter that is taken apart first takes as long as a request


async def serve(out: TextIO, *, debug: bool = False) -> None:
    """Serve on a socket in a private folder, say so on `out`, and return when the engine has done or is gone."""
    engine = os.getppid()
    service = Service()
    loop = asyncio.get_running_loop()
    # Ctrl-C reaches the whole group: it is the engine that decides what still has to be done.
    loop.add_signal_handler(signal.SIGINT, service.shut_down.set if debug else lambda: None)
    loop.add_signal_handler(signal.SIGTERM, service.shut_down.set)
    with tempfile.TemporaryDirectory(prefix="relay-tf-", ignore_cleanup_errors=True) as folder:
        socket = Path(folder, "s")
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers(service.handlers())
        certificate = "" if debug else _listening(server, socket)
        if not certificate:
            server.add_insecure_port(f"unix:{socket}")
        await server.start()
        line = (CORE, PROTOCOL, "unix", socket, "grpc", certificate)
        out.write(_attach(socket) if debug else "|".join(map(str, line)) + "\n")
        out.flush()
        warming = asyncio.create_task(asyncio.to_thread(service.warm))
        watching = None if debug else asyncio.create_task(_watch(engine, service))
        await service.shut_down.wait()
        await server.stop(GRACE)
        if watching:
            watching.cancel()
        await warming
        await service.aclose()


def _listening(server: grpc.aio.Server, socket: Path) -> str:
    """Serve with a certificate, if the engine brings one; what of it goes into the line."""
    if not os.environ.get("PLUGIN_CLIENT_CERT"):  # TF_DISABLE_PLUGIN_TLS
        return ""
    from relay_provider.terraform.certificate import made

    key, certificate, shown = made()
    server.add_secure_port(f"unix:{socket}", grpc.ssl_server_credentials([(key, certificate)]))
    return shown


def _attach(socket: Path) -> str:
    """What a shell has to set so that engines come to this process."""
    about = {
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": str(socket)},
    }
    named = dict.fromkeys((f"{registry}/{SOURCE}" for registry in REGISTRIES), about)
    return f"TF_REATTACH_PROVIDERS='{json.dumps(named)}'\n"


async def _watch(engine: int, service: Service) -> None:
    """End with the engine that started this: one that was killed could not say so."""
    while os.getppid() == engine:  # noqa: ASYNC110
        await asyncio.sleep(POLL)
    service.shut_down.set()
