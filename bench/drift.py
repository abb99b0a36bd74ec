"""`relay-rooms drift` on 10,000 rooms, against the bare request and JSON parse."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from bench._timing import compare
from relay_provider import config, drift, manifest, session
from tests.served import Served, serving

ROOMS = 10_000
BARE = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["RELAY_BASE_URL"] + "/rooms", headers={"Authorization": "Bearer " + os.environ["RELAY_API_KEY"]}
)
json.loads(urllib.request.urlopen(request).read())
"""


async def _create(api: Served) -> None:
    settings = config.load({"apiKey": api.key, "baseUrl": api.url})
    async with session.Session() as opened:
        backend = opened.rooms(settings).backend
        for room in manifest.load([Path("rooms.yaml")]).projects[0].rooms:
            await backend.create(room)


def main() -> None:
    rooms = "".join(
        f"      room-{n:05}: {{maxParticipants: {n % 100 + 1}, metadata: {{team: core, n: {n}}}}}\n"
        for n in range(ROOMS)
    )
    with serving() as api, tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        text = "version: 1\ndefaults: {emptyTimeout: 86400}\nprojects:\n  acme:\n    rooms:\n" + rooms
        Path("rooms.yaml").write_text(text)
        asyncio.run(_create(api))
        settings = config.load({"apiKey": api.key, "baseUrl": api.url})
        declared = manifest.load([Path("rooms.yaml")]).projects[0].rooms
        bare_client = httpx.Client(headers={"Authorization": f"Bearer {api.key}"}, trust_env=False)

        def bare() -> None:
            json.loads(bare_client.get(f"{api.url}/rooms").content)

        def compared() -> None:
            live = session.run(settings, lambda rooms: rooms.list())
            assert not drift.compare("acme", declared, live).drifted()

        def from_files() -> None:
            live = session.run(settings, lambda rooms: rooms.list())
            read = manifest.load([Path("rooms.yaml")])
            assert not drift.compare("acme", read.projects[0].rooms, live).drifted()

        compare("list and compare / request and JSON parse", compared, bare)
        compare("read the manifest, list and compare / the same", from_files, bare)

        env = {**os.environ, **api.env}
        command = [str(Path(sys.executable).parent / "relay-rooms"), "drift"]
        compare(
            "relay-rooms drift / a bare Python process",
            lambda: subprocess.run(command, env=env, check=True, capture_output=True),
            lambda: subprocess.run([sys.executable, "-c", BARE], env=env, check=True),
            runs=5,
        )
