"""The plugin on a real LiveKit server, where metadata changes in place."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from relay_provider.proto import provider_pb2 as pb
from tests.livekit.server import LiveKit, serving_livekit
from tests.plugin.client import plugin, values
from tests.plugin.doors import YamlDoor

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def environment(livekit: LiveKit) -> dict[str, str]:
    return {**livekit.env, "RELAY_BACKEND": "livekit", "RELAY_PROJECT_ID": "acme"}


def test_metadata_changes_and_the_room_stays(tmp_path: Path) -> None:
    with serving_livekit() as livekit:
        door = YamlDoor(tmp_path / "project", environment(livekit))
        door.declare({"standup": {"metadata": "a", "emptyTimeout": 900}, "lobby": {}})
        assert door.up().changes == {"create": 2}
        made = door.state()
        door.declare({"standup": {"metadata": {"b": 1}, "emptyTimeout": 900}, "lobby": {"metadata": "new"}})
        assert door.project.pulumi("preview").changes == {"update": 2}
        assert door.up().changes == {"update": 2}
        now = door.state()
        assert {name: outputs["sid"] for name, outputs in now.items()} == {n: o["sid"] for n, o in made.items()}
        assert now["standup"]["metadata"] == '{"b":1}'
        assert now["standup"]["emptyTimeout"] == 900
        assert json.loads(now["standup"]["roomConfig"])["metadata"] == '{"b":1}'
        assert door.up().changes == {"same": 2}
        assert not door.drifted()
        door.declare({"standup": {"metadata": {"b": 1}, "emptyTimeout": 60}, "lobby": {"metadata": "new"}})
        assert door.up().changes == {"replace": 1, "same": 1}  # reported here, and changed by nothing less

        async def look() -> list[str]:
            async with plugin() as client:
                await client.configure(
                    backend="livekit",
                    projectId="acme",
                    livekitUrl=livekit.url,
                    livekitApiKey=livekit.key,
                    livekitApiSecret=livekit.secret,
                )
                read: pb.ReadResponse = await client.read("standup")
                assert values(read.inputs) == {"name": "standup", "metadata": '{"b":1}', "emptyTimeout": 60}
                return [one.result.id for one in await client.list()]

        assert asyncio.run(look()) == ["lobby", "standup"]
        door.destroy()
        assert door.state() == {}
