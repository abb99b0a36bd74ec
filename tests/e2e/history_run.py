"""A history lived through with the real engine and a served API, and what has to hold after each `up`."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.doors import Door
from tests.e2e.engine import Ran
from tests.e2e.histories import ByHand, Declare, Declared, End, History, Join, Leave, Round, Settings, Step, Strike
from tests.proxy import Fault, Lost, Proxy, Silence, proxying
from tests.served import Served

STRUCK = -1
"""The code of a run that was struck: how it ends is no matter."""


@dataclass(frozen=True)
class Live:
    """A live room as the API shows it, and who is in it."""

    sid: str
    settings: Settings
    people: frozenset[str]


@dataclass(frozen=True)
class Kept:
    """A room in the stack's state; `left_over` is one that the engine still has to delete."""

    resource: str
    left_over: bool
    room: str
    outputs: Settings


@dataclass(frozen=True)
class Sight:
    """What is declared, live and in the state at one moment."""

    declared: Declared
    live: Mapping[str, Live]
    state: tuple[Kept, ...]

    def of(self, room: str) -> Settings | None:
        """What is declared of the room."""
        return next((one for one in self.declared.values() if one["name"] == room), None)

    def kept(self, room: str) -> list[Kept]:
        return [one for one in self.state if one.room == room]

    def as_declared(self, room: str) -> bool:
        """Is the live room as declared, as far as the API shows it, and the state for what it does not show?"""
        wanted = self.of(room)
        assert wanted is not None
        timeouts = {one.outputs.get("emptyTimeout") for one in self.kept(room)}
        return self.live[room].settings == _shown(wanted) and timeouts <= {wanted.get("emptyTimeout")}

    def consents(self, room: str) -> bool:
        """May the next run disconnect who is in the room?

        As the room's own declaration says; if nothing declares it any more, all the resources that have it, be it as
        what an earlier run has left over; and if those are gone, too, as the state says.
        """
        if wanted := self.of(room):
            return wanted.get("forceDestroy") is True
        kept = self.kept(room)
        having = [self.declared[one.resource] for one in kept if one.resource in self.declared]
        if having:
            return all(one.get("forceDestroy") is True for one in having)
        return any(one.outputs.get("forceDestroy") is True for one in kept)

    def foreign(self, room: str) -> bool:
        """Is the live room none of the stack's?"""
        return room in self.live and not self.kept(room)

    def in_the_way(self, room: str) -> bool:
        """Is a room of somebody else's live under a declared name, with other settings?"""
        wanted = self.of(room)
        return bool(wanted and self.foreign(room) and not wanted.get("forceDestroy") and not self.as_declared(room))

    def refused(self, room: str) -> bool:
        """Has the next run reason to refuse something about the live room?"""
        ends = not self.as_declared(room) if self.of(room) else bool(self.kept(room))
        return self.in_the_way(room) or bool(ends and self.live[room].people and not self.consents(room))


def _shown(settings: Settings) -> Settings:
    return {
        "maxParticipants": settings.get("maxParticipants", 0),
        "metadata": settings.get("metadata", ""),
    }


def live_through(history: History, door: type[Door], folder: Path, served: Served) -> None:
    """Run the history, and check it after each `up` and at its end."""
    with proxying(served.url) as proxy:
        life = _Life(door(folder, {**served.env, "RELAY_BASE_URL": proxy.url}), served, proxy)
        try:
            for one in history:
                for step in one.steps:
                    life.do(step)
                life.up(one)
            life.end()
        except AssertionError as error:
            error.add_note("\n".join(map(str, ("the history:", *history))))
            raise


class _Life:
    def __init__(self, door: Door, served: Served, proxy: Proxy) -> None:
        self.door = door
        self.served = served
        self.proxy = proxy
        self.declared: Declared = {}

    def sight(self) -> Sight:
        live = {
            name: Live(room["sid"], _shown(room), frozenset(self.served.people(name)))
            for name, room in self.served.rooms().items()
        }
        state = tuple(
            Kept(one["urn"].rpartition("::")[2], one.get("delete", False), one["outputs"]["name"], one["outputs"])
            for one in self.door.project.resources()
        )
        return Sight(self.declared, live, state)

    def do(self, step: Step) -> None:
        live = self.served.rooms()
        match step:
            case Declare(rooms):
                self.declared = rooms
                self.door.declare(rooms)
            case Join(room, identity) if room in live:
                self.served.join(room, identity)
            case Leave(room) if room in live:
                for identity in self.served.people(room):
                    self.served.leave(room, identity)
            case End(room, expires) if room in live and not (expires and self.served.people(room)):
                self.served.end(room)
            case ByHand(room, settings):
                if room in live:
                    self.served.end(room)
                self.served.create(room, **settings)

    def up(self, one: Round) -> None:
        before = self.sight()
        ran = self._struck(one, one.strike) if one.strike else self.door.project.up(*one.options, check=False)
        try:
            check(before, self.sight(), ran)
        except AssertionError as error:
            error.add_note(
                f"{ran.code=}, declared: {before.declared}\nlive: {before.live}\nstate: {before.state}\n{ran.out}"
            )
            raise

    def end(self) -> None:
        """Everybody leaves, what is in the way is ended: the next `up` makes everything as declared."""
        for room in self.served.rooms():
            self.do(Leave(room))
        sight = self.sight()
        for room in filter(sight.in_the_way, sight.live):
            self.do(End(room))
        self.up(Round(()))
        sight = self.sight()
        assert self.door.up().changes == ({"same": len(self.declared)} if self.declared else {})
        assert self.sight().live == sight.live
        self.door.destroy()
        assert self.sight().live == {room: live for room, live in sight.live.items() if sight.foreign(room)}
        assert self.sight().state == ()

    def _struck(self, one: Round, strike: Strike) -> Ran:
        """The `up`, in the middle of which it is struck; its code is None when it was."""
        writes = itertools.count(1)
        struck = threading.Event()

        def rule(method: str, _path: str) -> Fault | None:
            if method == "GET" or next(writes) != strike.write:
                return None
            struck.set()
            if strike.signal == signal.SIGINT:  # Ctrl-C in a terminal
                os.killpg(engine.pid, signal.SIGINT)
                return None
            for pid in _session(engine.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return Lost() if strike.arrives else Silence(0)

        project = self.door.project
        command = ["pulumi", "up", "--yes", "--skip-preview", *one.options, "--non-interactive", "--color", "never"]
        with (project.folder.parent / "out").open("w+") as out:
            engine = subprocess.Popen(
                command, cwd=project.folder, env=project.env, stdout=out, stderr=out, start_new_session=True
            )
            self.proxy.rule = rule
            engine.wait(280)
            time.sleep(0.5 if struck.is_set() else 0)  # for what is on its way to the API
            self.proxy.rule = None
            out.seek(0)
            ran = Ran(STRUCK if struck.is_set() else engine.returncode, out.read())
        if struck.is_set():
            project.pulumi("cancel", "--yes", check=False)  # its lock, if it could not take that away
        return ran


def _session(leader: int) -> list[int]:
    """Every process of the session: plugins have groups of their own."""
    shown = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    found = []
    for pid in map(int, shown.split()):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(pid) == leader:
                found.append(pid)
    return found


def check(before: Sight, after: Sight, ran: Ran) -> None:
    """What holds after every `up`, whether it was done, refused or struck."""
    declared = {one["name"] for one in before.declared.values()}
    for room, live in before.live.items():
        now = after.live.get(room)
        same = now is not None and now.sid == live.sid
        if live.people and not before.consents(room):
            assert same and now.people == live.people, f"{live.people} of {room} were disconnected"
        if before.foreign(room) and not (before.of(room) or {}).get("forceDestroy"):
            assert same, f"{room} is somebody else's, and was ended"
        if room in declared and before.as_declared(room):
            assert same, f"{room} was as declared, and was ended"
        if room in declared and ran.code != STRUCK:
            assert now, f"{room} is declared, and was left ended"
        if not before.foreign(room):
            assert now is None or after.kept(room), f"{room} is live, and was forgotten"
    if ran.code == STRUCK:
        return
    assert "Traceback" not in ran.out
    refused = [room for room in before.live if before.refused(room)]
    assert ran.code == 0 or refused, "nothing had to be refused, and the run failed"
    if ran.code == 0:
        foreign = {room for room in before.live if before.foreign(room)}
        assert set(after.live) == declared | foreign
        assert all(map(after.as_declared, declared))
        assert {(one.resource, one.left_over, one.room) for one in after.state} == {
            (resource, False, one["name"]) for resource, one in before.declared.items()
        }
