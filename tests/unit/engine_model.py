"""The engine's order of steps, as Pulumi 3.250 has it, on the real door of Python programs and a server in memory.

Refresh; for each resource in the program's order check, diff and a step, where later checks may come before or after
earlier steps; when all are registered, what is to be deleted: old halves of replacements, also those of earlier runs,
and what the program no longer has. The state holds what was completed.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.dynamic.dynamic import PROVIDER_KEY

from relay_provider import run, session, set_cycle
from relay_provider.config import Connection, KeyRef, ProjectRef
from relay_provider.dynamic.provider import RoomProvider
from relay_provider.engine import PartlyDone
from relay_provider.errors import RelayError, RoomOccupied
from relay_provider.lifecycle import Rooms
from relay_provider.listing import SharedListing
from relay_provider.model import RoomInputs
from relay_provider.place import Home, home_of
from tests.unit.server_model import Backend, Killed, Kind, Server

T = TypeVar("T")

PROJECT_OF = {"a": "one", "a2": "one", "b": "two"}
"""Two keys of one project, and one of another."""


Room = tuple[str, str]
"""A room by its project and its name."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A room as a program declares it, by itself or in a set."""

    name: str
    key: str = "a"
    most: int | None = None
    timeout: int | None = None
    metadata: str | None = None
    force: bool = False
    group: str | None = None

    @property
    def room(self) -> Room:
        return PROJECT_OF[self.key], self.name

    def props(self) -> dict[str, Any]:
        room = RoomInputs(
            name=self.name,
            max_participants=self.most,
            empty_timeout=self.timeout,
            metadata=self.metadata,
            force_destroy=self.force,
        )
        return room.props()

    def project(self, kind: Kind) -> dict[str, Any]:
        if kind == "relay":
            ref = ProjectRef(self.key, "relay", "http://localhost:1/v1", KeyRef("config", self.key))
        else:
            ref = ProjectRef(self.key, "livekit", livekit_url="ws://localhost:1", project_id=PROJECT_OF[self.key])
        return ref.as_state()


Program = Mapping[str, Declared]
"""Rooms by what they are called; those of one group and one key are one set."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a program declares as one."""

    urn: str
    rooms: tuple[Declared, ...]
    single: bool

    def inputs(self, kind: Kind) -> dict[str, Any]:
        shared = {"project": self.rooms[0].project(kind), "resource": self.urn}
        if self.single:
            return {**self.rooms[0].props(), **shared}
        return {"rooms": {room.name: _nameless(room.props()) for room in self.rooms}, **shared}

    @property
    def slots(self) -> dict[str, Declared]:
        """What has a room, whichever room that is."""
        return {self.urn: self.rooms[0]} if self.single else {f"{self.urn}[{one.name}]": one for one in self.rooms}


def resources(program: Program) -> dict[str, Resource]:
    """A group's first room says which key the set of its name has; those with another key are a set of their own."""
    keys: dict[str, str] = {}
    found: dict[str, Resource] = {}
    for urn, room in program.items():
        if room.group is None:
            found[urn] = Resource(urn, (room,), single=True)
            continue
        whole = keys.setdefault(room.group, room.key) == room.key
        name = room.group if whole else f"{room.group}-{room.key}"
        found[name] = Resource(name, (*(found[name].rooms if name in found else ()), room), single=False)
    return found


@dataclass(frozen=True, slots=True)
class Holding:
    """A room in the state; `slot` is what has it."""

    slot: str
    room: Room
    outputs: Mapping[str, Any]
    old: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource in the state; `old` is the half of a replacement that is still to be deleted, and one that has
    `failed` in part is updated by the next run in any case."""

    urn: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    old: bool = False
    failed: bool = False

    @property
    def holdings(self) -> list[Holding]:
        project = PROJECT_OF[self.outputs["project"]["label"]]
        if "rooms" not in self.outputs:
            return [Holding(self.urn, (project, self.id), self.outputs, self.old)]
        rooms = self.outputs["rooms"].items()
        return [Holding(f"{self.urn}[{name}]", (project, name), outputs, self.old) for name, outputs in rooms]

    def of(self, room: Room) -> Holding | None:
        return next((one for one in self.holdings if one.room == room), None)


State = tuple[Entry, ...]


def holdings(state: State) -> list[Holding]:
    return [one for entry in state for one in entry.holdings]


class Process:
    """A process's connections: what `relay_provider.session` is to the door."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self.loop = server, loop
        self._rooms: dict[Home, Rooms] = {}
        self.beside: Beside | None = None
        """What is carried out just now in a thread of its own."""

    def rooms(self, settings: Connection) -> Rooms:
        project = home_of(settings)
        if project not in self._rooms:
            key = settings.api_key.get_secret_value() if settings.api_key else ""
            name = PROJECT_OF[key] if self._server.kind == "relay" else settings.project_id or ""
            backend = Backend(self._server, name)
            rooms = self._rooms[project] = Rooms(backend, project, self._sleep, self._rooms.values())
            rooms._listing = SharedListing(backend.list, self._server.now)
        return self._rooms[project]

    def run(self, settings: Connection, work: Callable[[Rooms], Awaitable[T]]) -> T:
        return self.run_in_session(lambda _: work(self.rooms(settings)))

    def run_in_session(self, work: Callable[[Process], Awaitable[T]]) -> T:
        async def done() -> T:
            return await work(self)

        try:
            if self.beside:
                return self.beside.carry_out(done())
            return self.loop.run_until_complete(done())
        except BaseExceptionGroup as group:
            raise (Killed() if group.subgroup(Killed) else group) from None

    def now(self) -> float:
        return self._server.now()

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            self._server.settle()

    async def wait(self, seconds: float) -> None:
        """What a set waits before it ends rooms; the engine goes on meanwhile."""
        assert self.beside, "a set waits for others although no room has left it"
        self._server.clock += seconds
        await self.beside.pause()


class Beside:
    """What a provider does in a thread of its own; but only while it is let, and until it waits."""

    def __init__(self, process: Process, work: Callable[[], Any]) -> None:
        self._process, self._loop = process, process.loop
        self._work: asyncio.Future[Any] | None = None
        self._begin = work
        self._task: asyncio.Task[Any] | None = None
        self._gate, self._waits = self._loop.create_future(), self._loop.create_future()

    def go(self) -> bool:
        """Has it come to its end?"""
        self._waits, gate = self._loop.create_future(), self._gate
        self._process.beside = self
        try:
            if self._work is None:
                self._work = self._loop.run_in_executor(None, self._begin)
            elif not gate.done():
                gate.set_result(None)
            both = asyncio.wait({self._work, self._waits}, return_when=asyncio.FIRST_COMPLETED)
            self._loop.run_until_complete(both)
        finally:
            self._process.beside = None
        return self._work.done()

    def result(self) -> Any:
        assert self._work
        return self._work.result()

    def end(self) -> None:
        """The process is killed."""
        if self._task and self._work and not self._work.done():
            self._task.cancel()
            self._loop.run_until_complete(asyncio.wait({self._work}))
        if self._work:
            self._work.exception()

    def carry_out(self, work: Awaitable[T]) -> T:
        async def task() -> T:
            self._task = asyncio.current_task()
            return await work

        return asyncio.run_coroutine_threadsafe(task(), self._loop).result()

    async def pause(self) -> None:
        self._gate = self._loop.create_future()
        self._waits.set_result(None)
        await self._gate


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is asked for, and how its steps fall."""

    refresh: bool = True
    go_on: bool = False
    """Does a failure leave the other steps to be done?"""
    ahead: int = 0
    """So many resources are registered before the step of an earlier one is carried out."""
    order: int = 0
    """Of reads and deletes, which an engine does side by side: a seed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the engine to the provider."""

    kind: str
    urn: str
    declared: Resource | None = None
    entry: Entry | None = None

    def declares(self, room: Room) -> Declared | None:
        return next((one for one in self.declared.rooms if one.room == room), None) if self.declared else None

    @property
    def rooms(self) -> set[Room]:
        """All that it has to do with."""
        declared = {one.room for one in self.declared.rooms} if self.declared else set()
        return declared | {one.room for one in (self.entry.holdings if self.entry else ())}

    @property
    def lets_go(self) -> bool:
        """Do rooms leave a set, so that it waits for what becomes of them?"""
        if self.kind != "update" or not self.declared or self.declared.single or not self.entry:
            return False
        names = {one.name for one in self.declared.rooms}
        return any(one.room[1] not in names for one in self.entry.holdings)


@dataclass
class Engine:
    """One run of one program over one state. Iterate to carry out step after step; stop, and the rest is not done."""

    program: Program
    state: State
    options: Options
    process: Process
    kind: Kind
    failures: list[str] = field(default_factory=list)
    step: Step | None = None
    refused: frozenset[Room] = frozenset()
    """The rooms that the last step was refused because of the people in them."""
    broken: bool = False
    """A failed registration, other than a failed step, ends the run."""
    before: State = ()
    """The state without the last step's result."""

    def __post_init__(self) -> None:
        self._provider = RoomProvider()
        self._random = random.Random(self.options.order)
        self.at_start = self.state
        self.resources = resources(self.program)
        self.slots = {slot: room for one in self.resources.values() for slot, room in one.slots.items()}
        self._beside: list[tuple[Step, Beside, Callable[[Any], State]]] = []

    def kill(self) -> None:
        """Nothing that is under way comes to its end."""
        for _, beside, _ in self._beside:
            beside.end()
        self._beside = []

    def __iter__(self) -> Iterator[Step]:
        """The steps, each when it was carried out."""
        self._call(lambda: self._provider.configure(SimpleNamespace(config=SimpleNamespace(get=_config))))
        for work in (self._refresh, self._register, self._delete):
            yield from work()
            if self._stopped or self.broken:
                return

    # Refresh

    def _refresh(self) -> Iterator[Step]:
        if not self.options.refresh:
            return
        for entry in self._any_order(self.state):
            yield from self._do(Step("read", entry.urn, entry=entry), lambda entry=entry: self._read(entry))
            if self.failures:
                self.broken = True
                return
        self.at_start = self.state

    def _read(self, entry: Entry) -> State:
        result = self._provider.read(entry.id, entry.outputs)
        if not result.id:
            return tuple(one for one in self.state if one is not entry)
        now = replace(entry, inputs=result.inputs or entry.inputs, outputs=result.outs, failed=False)
        self._provider.diff(now.id, now.outputs, entry.inputs)  # to say what the refresh has found
        return self._with(entry, now)

    # Registrations

    def _register(self) -> Iterator[Step]:
        yield from self._registered_all()
        while self._beside:  # what was begun comes to its end, also in a run that has failed
            self._random.shuffle(self._beside)
            yield from self._go_on(*self._beside.pop())

    def _registered_all(self) -> Iterator[Step]:
        waiting: list[Callable[[], Iterator[Step]]] = []
        for resource in self.resources.values():
            try:
                waiting.append(self._registered(resource))
            except RelayError as error:
                self.failures.append(f"{resource.urn}: {error}")
                self.broken = True
                break
            while len(waiting) > self.options.ahead:
                yield from waiting.pop(0)()
                if self._stopped:
                    return
        for step in waiting:
            yield from step()
            if self._stopped:
                return

    def _registered(self, resource: Resource) -> Callable[[], Iterator[Step]]:
        """Check and diff; what is still to be done."""
        urn = resource.urn
        entry = next((one for one in self.state if one.urn == urn and not one.old), None)
        news = resource.inputs(self.kind)
        inputs = self._checked(entry.inputs if entry else {}, news)
        step = Step("create", urn, resource, entry)
        if entry is None:
            return lambda: self._do(step, lambda: self._created(urn, inputs))
        found = self._call(lambda: self._provider.diff(entry.id, entry.outputs, inputs))
        if found.replaces:
            inputs = self._checked({}, news)
            return lambda: self._do(step, lambda: self._created(urn, inputs, entry))
        if found.changes or entry.failed:
            update = replace(step, kind="update")
            return lambda: self._updated(update, entry, inputs)
        return lambda: self._do(replace(step, kind="same"), lambda: self._with(entry, replace(entry, inputs=inputs)))

    def _checked(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        result = self._call(lambda: self._provider.check(olds, news))
        assert not result.failures
        return dict(result.inputs)

    def _created(self, urn: str, inputs: Mapping[str, Any], replaced: Entry | None = None) -> State:
        made = self._made(lambda: self._provider.create({**inputs, PROVIDER_KEY: ""}), Entry(urn, "", inputs, {}))
        if replaced is None:
            return (*self.state, made)
        return (*self._with(replaced, replace(replaced, old=True)), made)

    def _updated(self, step: Step, entry: Entry, inputs: Mapping[str, Any]) -> Iterator[Step]:
        def update() -> Any:
            return self._provider.update(entry.id, entry.outputs, {**inputs, PROVIDER_KEY: ""})

        def written(result: Callable[[], Any]) -> State:
            now = self._made(result, replace(entry, inputs=inputs, failed=False))
            return self._with(entry, replace(now, inputs=entry.inputs) if now.failed else now)

        if step.lets_go:
            return self._go_on(step, Beside(self.process, update), written)
        return self._do(step, lambda: written(update))

    def _made(self, work: Callable[[], Any], entry: Entry) -> Entry:
        """The resource as it is afterwards, be it made in part."""
        try:
            result = work()
        except PartlyDone as error:
            self._failed(error)
            outputs = dict(whole(MessageToDict(error._properties)))
            del outputs[PROVIDER_KEY]  # which the SDK wants
            return replace(entry, id=error._id, outputs=outputs, failed=True)
        return replace(entry, id=getattr(result, "id", entry.id), outputs=result.outs)

    # Deletes

    def _delete(self) -> Iterator[Step]:
        for entry in self._any_order(one for one in self.state if one.old or one.urn not in self.resources):
            step = Step("delete", entry.urn, self.resources.get(entry.urn), entry)
            yield from self._do(step, lambda entry=entry: self._deleted(entry))
            if self._stopped:
                return

    def _deleted(self, entry: Entry) -> State:
        self._provider.delete(entry.id, entry.outputs)
        return tuple(one for one in self.state if one is not entry)

    # How a step is carried out

    def _do(self, step: Step, work: Callable[[], State]) -> Iterator[Step]:
        self._begin(step)
        try:
            self.state = self._call(work)
        except RelayError as error:
            self._failed(error)
        yield step

    def _go_on(self, step: Step, beside: Beside, written: Callable[[Any], State]) -> Iterator[Step]:
        """Carry the step out as far as it comes before it waits for others."""
        self._begin(step)
        if self._call(beside.go):
            yield from self._do(step, lambda: written(beside.result))
        else:
            self._beside.append((step, beside, written))
            yield step

    def _begin(self, step: Step) -> None:
        self.step, self.before, self.refused = step, self.state, frozenset()

    def _failed(self, error: RelayError) -> None:
        assert self.step
        self.failures.append(f"{self.step.kind} {self.step.urn}: {error}")
        if isinstance(error, RoomOccupied):
            self.refused = frozenset(self.step.rooms)
        names = set(re.findall(r'^rooms\["(.*?)"\]: Room .* was not ended, because', str(error), re.MULTILINE))
        self.refused |= {room for room in self.step.rooms if room[1] in names}

    def _call(self, work: Callable[[], T]) -> T:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "rooms", self.process.rooms)
            patch.setattr(session, "run", self.process.run)
            patch.setattr(session, "run_in_session", self.process.run_in_session)
            patch.setattr(run, "time", SimpleNamespace(monotonic=self.process.now))
            patch.setattr(set_cycle.anyio, "sleep", self.process.wait)
            patch.setattr(set_cycle, "CONCURRENCY", 2)
            patch.setattr(set_cycle, "_PATIENCE", 1)
            patch.setattr(set_cycle, "_POLL", 9)
            return work()

    @property
    def _stopped(self) -> bool:
        return bool(self.failures) and not self.options.go_on

    def _with(self, entry: Entry, now: Entry) -> State:
        return tuple(now if one is entry else one for one in self.state)

    def _any_order(self, entries: Any) -> list[Entry]:
        found = list(entries)
        self._random.shuffle(found)
        return found


def _config(name: str) -> str | None:
    return name if name in PROJECT_OF else None


def _nameless(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key != "name"}


def whole(value: Any) -> Any:
    """Protobuf's numbers as the SDK has them."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
