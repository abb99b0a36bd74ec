"""The plugin: start to port line, memory after 1,000 creates, and `pulumi up` against a provider that does nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc.aio

from bench._timing import compare
from tests.conftest import ROOT
from tests.e2e.engine import Project
from tests.plugin.client import Client
from tests.plugin.doors import PLUGIN_FOLDER, program, room
from tests.served import Served, serving

CREATES = 1_000
ROOMS = 300
PLUGIN = Path(PLUGIN_FOLDER) / "pulumi-resource-relay"


def start() -> None:
    """Until the port line; what comes after is not waited for."""
    process = subprocess.Popen([PLUGIN], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    process.kill()
    process.wait()


def bare_start() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=True)


async def memory(api: Served) -> tuple[int, int]:
    """Resident kilobytes when configured, and after the creates."""
    process = subprocess.Popen([PLUGIN], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        address = f"127.0.0.1:{int(process.stdout.readline())}"
        async with grpc.aio.insecure_channel(address) as channel:
            client = Client(channel, None, address)  # type: ignore[arg-type]
            await client.configure(apiKey=api.key, baseUrl=api.url)
            await client.create({}, name="first")
            before = resident(process.pid)
            for batch in range(0, CREATES, 50):
                await asyncio.gather(*(client.create({}, name=f"room-{batch + n}") for n in range(50)))
            return before, resident(process.pid)
    finally:
        process.kill()
        process.wait()


def resident(pid: int) -> int:
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout)


def up(api: Served, folder: Path) -> None:
    """The same program on this plugin and on one that does nothing."""
    nothing = folder / "nothing"
    nothing.mkdir()
    script = nothing / "pulumi-resource-relay"
    script.write_text(f"#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {sys.executable} -m bench._plugin_nothing\n")
    script.chmod(0o755)
    rooms = {f"room-{n}": room({"name": f"room-{n}", "maxParticipants": 5, "metadata": {"n": n}}) for n in range(ROOMS)}
    projects = {}
    for name, path in (("relay", PLUGIN_FOLDER), ("none", str(nothing))):
        projects[name] = project = Project(folder / name, api.env)
        project.write("Pulumi.yaml", program(rooms).replace(PLUGIN_FOLDER, path))
        project.init()

    def up_and_destroy(name: str) -> None:
        assert projects[name].up("--refresh=false").changes == {"create": ROOMS}
        projects[name].destroy("--refresh=false")

    compare(f"up and destroy of {ROOMS} rooms", lambda: up_and_destroy("relay"), lambda: up_and_destroy("none"), runs=2)


def main() -> None:
    compare("start to port line, against a Python that does nothing", start, bare_start, runs=15)
    with serving() as api:
        before, after = asyncio.run(memory(api))
        print(f"resident memory: {before / 1024:.0f} MiB configured, {after / 1024:.0f} MiB after {CREATES} creates")
    with serving() as api, tempfile.TemporaryDirectory() as folder:
        up(api, Path(folder))


if __name__ == "__main__":
    main()
