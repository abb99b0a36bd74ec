"""LiveKit's server SDK for Node changes rooms behind one's back, and `relay-rooms drift` tells each change rightly."""

from __future__ import annotations

import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.target import eventually
from tests.livekit.conftest import Project
from tests.livekit.foreign import ROOM, drift_tells_what_it_has_done
from tests.livekit.manifest import Command
from tests.livekit.people import People
from tests.node import installed

pytestmark = pytest.mark.e2e

SDK = "livekit-server-sdk@2.19.2"
# Each line of standard input is one call: a method and its arguments.
SCRIPT = """
import { createInterface } from "node:readline";
import { AgentDispatchClient, RoomServiceClient } from "livekit-server-sdk";
const { LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET } = process.env;
const rooms = new RoomServiceClient(LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);
const agents = new AgentDispatchClient(LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);
async function withdraw(room, name) {
  for (const one of await agents.listDispatch(room))
    if (one.agentName === name) await agents.deleteDispatch(one.id, room);
}
for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line);
  if (method === "withdraw") await withdraw(...args);
  else await (method in agents ? agents : rooms)[method](...args);
  console.log(method);
}
"""
# A service that mints its own tokens, with the `roomConfig` of a room.
MINT = """
import { AccessToken } from "livekit-server-sdk";
import { RoomConfiguration } from "@livekit/protocol";
const [room, config] = process.argv.slice(2);
const token = new AccessToken(process.env.LIVEKIT_API_KEY, process.env.LIVEKIT_API_SECRET, { identity: "ana" });
token.addGrant({ roomJoin: true, room });
token.roomConfig = RoomConfiguration.fromJsonString(config);
console.log(await token.toJwt());
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds the SDK."""
    folder = installed(tmp_path_factory.mktemp("node"), SDK)
    (folder / "change.js").write_text(SCRIPT)
    (folder / "mint.js").write_text(MINT)
    return folder


def changed(sdk: Path, project: Project, *calls: list[Any]) -> None:
    """The SDK's doing, in this order."""
    done = subprocess.run(
        ["node", "change.js"],
        cwd=sdk,
        env={**os.environ, **project.livekit.env},
        input="".join(json.dumps(call) + "\n" for call in calls),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.split()) == (0, [call[0] for call in calls]), done.stderr


def test_drift_tells_what_the_sdk_has_done(sdk: Path, project: Project, people: People, tmp_path: Path) -> None:
    drift_tells_what_it_has_done(partial(changed, sdk, project), project, people, tmp_path)


def test_a_token_that_the_sdk_mints_with_the_room_config_makes_the_room_as_declared(
    sdk: Path, project: Project, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    agents = [{"agentName": "notes", "metadata": {"lang": "ü"}}]
    command.declare(standup={**ROOM, "emptyTimeout": 1, "livekit": {"departureTimeout": 600, "agents": agents}})
    command.up()
    assert eventually(project.rooms, lambda rooms: not rooms) == []
    ((_, _, outputs),) = command.state()
    minted = subprocess.run(
        ["node", "mint.js", f"{project.prefix}standup", outputs["roomConfig"]],
        cwd=sdk,
        env={**os.environ, **project.livekit.env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert minted.returncode == 0, minted.stderr
    people.join_with(minted.stdout.strip())
    assert command.drift(0)["inSync"] == 1
