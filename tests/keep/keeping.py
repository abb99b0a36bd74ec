"""`relay-rooms keep` as a process, and one project's loop in this process on the memory engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from relay_provider.gateway.memory import MemoryProject
from relay_provider.keep.counted import Counted
from relay_provider.keep.log import Event
from relay_provider.keep.project import Keeper, Manner, OnChange
from relay_provider.keep.state import ProjectState, State
from relay_provider.lifecycle import Rooms
from relay_provider.model import AGENTS, LiveRoom, RoomInputs
from tests.cli.pty import RELAY_ROOMS
from tests.served import KEY
from tests.unit.fake import PROJECT


class Keeping:
    """A running `keep`, and what it says. With `--log json`, `event` reads a line of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """All the time: whoever is not read from waits, once the pipe is full."""
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def line(self) -> str:
        """The next line; nothing when it has ended."""
        return self._lines.get(timeout=60).strip()

    def event(self, *what: str) -> dict[str, Any]:
        """The next event of one of these kinds; others are passed over."""
        while said := self.line():
            event: dict[str, Any] = json.loads(said)
            if not what or event["event"] in what:
                return event
        raise AssertionError(f"it ended before any of {what}")

    def end(self, number: int) -> str:
        """Send a signal, and wait; answers with the rest of what it said."""
        self.process.send_signal(number)
        self.process.wait(60)
        self._reader.join(60)
        return "".join(self._lines.get() for _ in range(self._lines.qsize()))


@contextmanager
def keeping(folder: Path, *options: str, interval: str = "0.1", **env: str) -> Iterator[Keeping]:
    """`relay-rooms keep` in this folder until the block ends."""
    command = [*RELAY_ROOMS, "keep", "--interval", interval, *options]
    with started(command, {**os.environ, "ACME_KEY": KEY, "RELAY_MAX_RETRIES": "0", **env}, folder) as running:
        yield running


@contextmanager
def started(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> Iterator[Keeping]:
    """A `keep` by this command, with this environment, until the block ends."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={"PYTHONUNBUFFERED": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Keeping(process)
    finally:
        process.kill()
        process.wait()


ROOMS: dict[str, Any] = {"standup": {"maxParticipants": 12, "forceDestroy": True}, "lobby": None}


def declare(folder: Path, url: str, rooms: dict[str, Any] | None = None) -> None:
    """Write the manifest, in one step."""
    acme = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": url, "rooms": ROOMS if rooms is None else rooms}
    new = folder / "rooms.new"
    new.write_text(json.dumps({"version": 1, "projects": {"acme": acme}}))
    new.replace(folder / "rooms.yaml")


class Served(MemoryProject):
    """The memory engine, which can tell agents too, as LiveKit does, and whose rooms do not expire."""

    def __init__(self) -> None:
        super().__init__("acme", lambda: 0.0, 0.0)
        self._agents: dict[str, list[dict[str, str]]] = {}

    async def create(self, wanted: RoomInputs) -> LiveRoom:
        live = await super().create(wanted)
        self._agents.setdefault(live.sid, _agents(wanted))
        return live

    async def update(self, wanted: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        if (live := await super().update(wanted, changed)) is None:
            return None
        if AGENTS in changed:
            self._agents[live.sid] = _agents(wanted)
        return live.model_copy(update={"agents": self._agents.get(live.sid, [])})

    async def agents(self, name: str) -> list[dict[str, str]] | None:
        live = self.room(name)
        return self._agents.get(live.sid, []) if live else None


def _agents(wanted: RoomInputs) -> list[dict[str, str]]:
    return list(wanted.settings().get(AGENTS, ()))


class Loop:
    """One project's loop on the memory engine; `look` is one turn of it."""

    def __init__(
        self,
        *declared: RoomInputs,
        on_change: OnChange = "report",
        server: MemoryProject | None = None,
        interval: float = 1,
    ) -> None:
        self.server = server or Served()
        self.events: list[Event] = []
        self.state = State(1, self.events.append)
        self.rooms = Rooms(Counted(self.server, self.state.requests), PROJECT, sleep=self._sleep)
        project = self.state.projects["acme"] = ProjectState("acme", self.server.address, {})
        self.keeper = Keeper(
            project,
            self.rooms,
            Manner(interval, on_change),
            self.state,
            sharing=lambda: {"acme": project.declared},
            timeout=1,
        )
        self.keeper.declare(declared)
        self.project = project

    async def look(self) -> list[str]:
        """One look; answers with what happened."""
        self.events.clear()
        await self.keeper.look()
        return self.said

    @property
    def said(self) -> list[str]:
        return sorted(f"{one.what} {one.room}".strip() for one in self.events)

    def join(self, room: str, *identities: str) -> None:
        for identity in identities:
            self.server.join(room, identity, tracks=0, name="", metadata="", attributes={})

    async def sids(self) -> dict[str, str]:
        return {room.name: room.sid for room in await self.server.list()}

    async def _sleep(self, seconds: float) -> None:
        """The guard's second looks need no time here."""


def room(name: str = "standup", **settings: Any) -> RoomInputs:
    return RoomInputs(name=name, **settings)
