"""The engine's order of steps, as Pulumi 3.250 has it, on the real door of Python programs and a server in memory.

Refresh; for each resource in the program's order check, diff and a step, where later checks may come before or after
earlier steps; when all are registered, what is to be deleted: old halves of replacements, also those of earlier runs,
and what the program no longer has. The state holds what was completed.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

import pytest

from relay_provider import session
from relay_provider.config import Connection, KeyRef, ProjectRef
from relay_provider.dynamic.provider import RoomProvider
from relay_provider.errors import RelayError, RoomOccupied
from relay_provider.lifecycle import Rooms
from relay_provider.model import RoomInputs
from relay_provider.place import Home, home_of
from tests.unit.server_model import Backend, Kind, Server

T = TypeVar("T")

PROJECT_OF = {"a": "one", "a2": "one", "b": "two"}
"""Two keys of one project, and one of another."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A room as a program declares it."""

    name: str
    key: str = "a"
    most: int | None = None
    timeout: int | None = None
    metadata: str | None = None
    force: bool = False

    @property
    def room(self) -> tuple[str, str]:
        return PROJECT_OF[self.key], self.name

    def inputs(self, kind: Kind) -> dict[str, Any]:
        room = RoomInputs(
            name=self.name,
            max_participants=self.most,
            empty_timeout=self.timeout,
            metadata=self.metadata,
            force_destroy=self.force,
        )
        if kind == "relay":
            ref = ProjectRef(self.key, "relay", "http://localhost:1/v1", KeyRef("config", self.key))
        else:
            ref = ProjectRef(self.key, "livekit", livekit_url="ws://localhost:1", project_id=PROJECT_OF[self.key])
        return {**room.props(), "project": ref.as_state()}


Program = Mapping[str, Declared]


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource in the state; `old` is the half of a replacement that is still to be deleted."""

    urn: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    old: bool = False

    @property
    def room(self) -> tuple[str, str]:
        return PROJECT_OF[self.inputs["project"]["label"]], self.id


State = tuple[Entry, ...]


class Runner(Protocol):
    """Carries out what is asynchronous."""

    def __call__(self, work: Awaitable[T]) -> T: ...


class Process:
    """A process's connections: what `relay_provider.session` is to the door."""

    def __init__(self, server: Server, do: Runner) -> None:
        self._server, self._do = server, do
        self._rooms: dict[Home, Rooms] = {}

    def rooms(self, settings: Connection) -> Rooms:
        project = home_of(settings)
        if project not in self._rooms:
            key = settings.api_key.get_secret_value() if settings.api_key else ""
            name = PROJECT_OF[key] if self._server.kind == "relay" else settings.project_id or ""
            self._rooms[project] = Rooms(Backend(self._server, name), project, self._sleep, self._rooms.values())
        return self._rooms[project]

    def run(self, settings: Connection, work: Callable[[Rooms], Awaitable[T]]) -> T:
        return self._do(work(self.rooms(settings)))

    def run_in_session(self, work: Callable[[Process], Awaitable[T]]) -> T:
        return self._do(work(self))

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            self._server.settle()


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
    room: tuple[str, str]
    declared: Declared | None = None
    entry: Entry | None = None


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
    refused: bool = False
    """Has the last step failed because of people in the room?"""
    broken: bool = False
    """A failed registration, other than a failed step, ends the run."""
    before: State = ()
    """The state without the last step's result."""

    def __post_init__(self) -> None:
        self._provider = RoomProvider()
        self._random = random.Random(self.options.order)
        self.at_start = self.state

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
            yield from self._do(Step("read", entry.room, entry=entry), lambda entry=entry: self._read(entry))
            if self.failures:
                self.broken = True
                return
        self.at_start = self.state

    def _read(self, entry: Entry) -> State:
        result = self._provider.read(entry.id, entry.outputs)
        if not result.id:
            return tuple(one for one in self.state if one is not entry)
        now = replace(entry, inputs=result.inputs or entry.inputs, outputs=result.outs)
        self._provider.diff(now.id, now.outputs, entry.inputs)  # to say what the refresh has found
        return self._with(entry, now)

    # Registrations

    def _register(self) -> Iterator[Step]:
        waiting: list[Callable[[], Iterator[Step]]] = []
        for urn, declared in self.program.items():
            try:
                waiting.append(self._registered(urn, declared))
            except RelayError as error:
                self.failures.append(f"{urn}: {error}")
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

    def _registered(self, urn: str, declared: Declared) -> Callable[[], Iterator[Step]]:
        """Check and diff; what is still to be done."""
        entry = next((one for one in self.state if one.urn == urn and not one.old), None)
        news = {**declared.inputs(self.kind), "resource": urn}
        inputs = self._checked(entry.inputs if entry else {}, news)
        step = Step("create", declared.room, declared, entry)
        if entry is None:
            return lambda: self._do(step, lambda: self._created(urn, inputs))
        found = self._call(lambda: self._provider.diff(entry.id, entry.outputs, inputs))
        if found.replaces:
            inputs = self._checked({}, news)
            return lambda: self._do(step, lambda: self._created(urn, inputs, entry))
        if found.changes:
            update = replace(step, kind="update")
            return lambda: self._do(update, lambda: self._updated(entry, inputs))
        return lambda: self._do(replace(step, kind="same"), lambda: self._with(entry, replace(entry, inputs=inputs)))

    def _checked(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        result = self._call(lambda: self._provider.check(olds, news))
        assert not result.failures
        return dict(result.inputs)

    def _created(self, urn: str, inputs: Mapping[str, Any], replaced: Entry | None = None) -> State:
        result = self._provider.create(inputs)
        made = Entry(urn, result.id, inputs, result.outs)
        if replaced is None:
            return (*self.state, made)
        return (*self._with(replaced, replace(replaced, old=True)), made)

    def _updated(self, entry: Entry, inputs: Mapping[str, Any]) -> State:
        result = self._provider.update(entry.id, entry.outputs, inputs)
        return self._with(entry, replace(entry, inputs=inputs, outputs=result.outs))

    # Deletes

    def _delete(self) -> Iterator[Step]:
        for entry in self._any_order(one for one in self.state if one.old or one.urn not in self.program):
            step = Step("delete", entry.room, self.program.get(entry.urn), entry)
            yield from self._do(step, lambda entry=entry: self._deleted(entry))
            if self._stopped:
                return

    def _deleted(self, entry: Entry) -> State:
        self._provider.delete(entry.id, entry.outputs)
        return tuple(one for one in self.state if one is not entry)

    # How a step is carried out

    def _do(self, step: Step, work: Callable[[], State]) -> Iterator[Step]:
        self.step, self.before, self.refused = step, self.state, False
        try:
            self.state = self._call(work)
        except RelayError as error:
            self.failures.append(f"{step.kind} {step.room}: {error}")
            self.refused = isinstance(error, RoomOccupied)
        yield step

    def _call(self, work: Callable[[], T]) -> T:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "run", self.process.run)
            patch.setattr(session, "run_in_session", self.process.run_in_session)
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
