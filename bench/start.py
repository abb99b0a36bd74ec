"""From the start of the plugin's process to its port line, its schema and its first check, against the Go provider.

The engine starts a provider twice in each run of a YAML program: for the schema, and for the rooms.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct

from bench.api import KEY
from bench.peer import programs
from bench.results import Figure, Options, compare
from relay_provider.proto import provider_pb2 as pb
from relay_provider.proto import provider_pb2_grpc
from tests.plugin.doors import PLUGIN_FOLDER

STEPS = {"port": "port line", "schema": "schema", "check": "first check"}


def started(program: Path, step: str) -> None:
    """What comes after the step is not waited for."""
    process = subprocess.Popen([program], stdout=subprocess.PIPE)
    assert process.stdout
    port = int(process.stdout.readline())
    if step != "port":
        with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_receive_message_length", -1)]) as channel:
            provider = provider_pb2_grpc.ResourceProviderStub(channel)
            if step == "schema":
                assert provider.GetSchema(pb.GetSchemaRequest()).schema
            else:
                config = _struct(apiKey=KEY, baseUrl="http://127.0.0.1:1/v1")
                provider.Configure(pb.ConfigureRequest(args=config, acceptSecrets=True))
                urn = f"urn:pulumi:test::rooms::{program.name.removeprefix('pulumi-resource-')}:index:Room::room"
                checked = provider.Check(pb.CheckRequest(urn=urn, news=_struct(name="room")))
                assert not checked.failures
    process.kill()
    process.wait()


def measure(options: Options) -> Iterator[Figure]:
    plugin, peer = Path(PLUGIN_FOLDER) / "pulumi-resource-relay", programs() / "pulumi-resource-peer"
    for step, title in STEPS.items():
        what = f"the plugin's start to its {title} ÷ the Go provider's"
        yield compare(what, partial(started, plugin, step), partial(started, peer, step))
    python = [sys.executable, "-c", ""]
    yield compare(
        "the plugin's start to its port line ÷ a Python that does nothing",
        partial(started, plugin, "port"),
        partial(subprocess.run, python, check=True),
    )


def _struct(**fields: str) -> Struct:
    return ParseDict(fields, Struct())
