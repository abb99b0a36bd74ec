"""From the start of the plugin's process to its port line, its schema and its first check, against the Go provider.

Pulumi's engine starts a provider twice in each run of a YAML program: for the schema, and for the rooms. OpenTofu and
Terraform start one three times in each plan, which is looked at as a whole.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct

from bench.api import KEY, serving_api
from bench.peer import programs
from bench.results import Figure, Options, compare
from bench.stack import rooms
from bench.ways import WAYS
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

    for way in ("tofu", "terraform"):
        if WAYS[way].is_here:
            yield _plan(way)


def _plan(way: str) -> Figure:
    """A plan of two rooms, against one of two resources that need no provider's process."""
    with serving_api() as api, tempfile.TemporaryDirectory() as folder:
        stack = WAYS[way].stack(Path(folder), api)
        stack.declare(rooms(2))
        bare = Path(folder, "bare")
        bare.mkdir()
        (bare / "main.tf").write_text('resource "terraform_data" "it" {\n  count = 2\n}\n')

        def run(phase: str, where: Path = stack.folder) -> None:
            command = stack.command(phase)
            assert command
            subprocess.run(command, cwd=where, env=stack.env, check=True, capture_output=True)

        for where in (stack.folder, bare):
            run("up", where)
        what = f"a plan of two rooms by {way} ÷ one of two resources without a provider"
        return compare(what, partial(run, "preview"), partial(run, "preview", bare), runs=5)


def _struct(**fields: str) -> Struct:
    return ParseDict(fields, Struct())
