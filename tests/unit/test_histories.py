"""Random histories: programs change, people come and go, runs are interrupted; and the promise is kept throughout.

No declared room is ended unasked, no room that is replaced is left ended, nobody is disconnected without a consent in
that very run, and whatever happened, one more run makes what is declared true.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.unit.engine_model import PROJECT_OF, Declared, Engine, Options, Process, Program, State, Step
from tests.unit.server_model import Ended, Fault, Killed, Kind, Room, Server

pytestmark = pytest.mark.unit

WHO = st.sampled_from([0, 0, 0, 1])
"""Of two engines, whose rooms have names of their own."""
URNS = st.sampled_from(["x0", "x1", "x2"])
NAMES = st.sampled_from(["r0", "r1", "r2"])
PROJECTS = st.sampled_from(sorted(set(PROJECT_OF.values())))
KEYS = st.sampled_from(sorted(PROJECT_OF))
SETTINGS = st.fixed_dictionaries(
    {
        "most": st.sampled_from([None, 5]),
        "timeout": st.sampled_from([None, 60, 90]),
        "metadata": st.sampled_from([None, "m", '{"a":1}']),
        "force": st.booleans(),
    }
)
TEXTS = st.sampled_from(["", "m"])
OPTIONS = st.builds(
    Options,
    refresh=st.booleans(),
    go_on=st.booleans(),
    ahead=st.sampled_from([0, 1, 9]),
    order=st.integers(0, 3),
)
FAULTS: st.SearchStrategy[tuple[int, Fault] | None] = st.none() | st.tuples(
    st.integers(0, 12),
    st.sampled_from(["down", "lost", "killed before", "killed after", "not found", "still there"]),
)


class Histories(RuleBasedStateMachine):
    """Two engines, each with a program and a state of its own, and one server."""

    kind: ClassVar[Kind]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.server = Server(self.kind, on_end=self.ended)
        self.shared = Process(self.server, self.loop.run_until_complete)
        self.programs: list[dict[str, Declared]] = [{}, {}]
        self.states: list[State] = [(), ()]
        self.runs: list[tuple[Engine, Iterator[Step]] | None] = [None, None]
        self.recorded: set[str] = set()
        """The sessions that have ever been in a state."""
        self.obscure: set[str] = set()
        """The sessions of which no state can say how their settings are that the server does not report."""
        self.acting: Engine | None = None
        self.ended_now: list[Ended] = []

    def teardown(self) -> None:
        try:
            self.everything_comes_true()
        finally:
            self.loop.close()

    # What people write

    @rule(who=WHO, urn=URNS, name=NAMES, key=KEYS, given=SETTINGS)
    def declare(self, who: int, urn: str, name: str, key: str, given: dict[str, object]) -> None:
        self.write(who, {**self.programs[who], urn: Declared(self.named(who, name), key, **given)})  # type: ignore[arg-type]

    @rule(who=WHO, urn=URNS)
    def undeclare(self, who: int, urn: str) -> None:
        self.write(who, {other: room for other, room in self.programs[who].items() if other != urn})

    @rule(who=WHO, urn=URNS, given=SETTINGS)
    def change_settings(self, who: int, urn: str, given: dict[str, object]) -> None:
        if room := self.programs[who].get(urn):
            self.write(who, {**self.programs[who], urn: replace(room, **given)})  # type: ignore[arg-type]

    @rule(who=WHO, urn=URNS, name=NAMES)
    def rename_room(self, who: int, urn: str, name: str) -> None:
        if room := self.programs[who].get(urn):
            self.write(who, {**self.programs[who], urn: replace(room, name=self.named(who, name))})

    @rule(who=WHO, urn=URNS, to=URNS)
    def rename_resource(self, who: int, urn: str, to: str) -> None:
        if urn in self.programs[who] and to not in self.programs[who]:
            self.write(who, {to if one == urn else one: room for one, room in self.programs[who].items()})

    @rule(who=WHO, urn=URNS, key=KEYS)
    def move(self, who: int, urn: str, key: str) -> None:
        if room := self.programs[who].get(urn):
            self.write(who, {**self.programs[who], urn: replace(room, key=key)})

    @rule(who=WHO, with_settings=st.booleans())
    def shift(self, who: int, with_settings: bool) -> None:
        """Each resource takes the next one's room, or its name; of two, they swap."""
        urns, rooms = list(self.programs[who]), list(self.programs[who].values())
        shifted = [*rooms[1:], *rooms[:1]]
        if not with_settings:
            shifted = [
                replace(room, name=other.name, key=other.key) for room, other in zip(rooms, shifted, strict=True)
            ]
        self.write(who, dict(zip(urns, shifted, strict=True)))

    @rule(who=WHO, key=KEYS, to=KEYS)
    def change_key(self, who: int, key: str, to: str) -> None:
        """Every room of one key gets another: a rotation, or another project."""
        program = self.programs[who]
        self.write(who, {urn: replace(room, key=to) if room.key == key else room for urn, room in program.items()})

    def write(self, who: int, program: dict[str, Declared]) -> None:
        if len({room.room for room in program.values()}) == len(program):
            self.programs[who] = program

    def named(self, who: int, name: str) -> str:
        return f"{name}-of-{who}"

    # What happens at the server

    @rule(who=WHO, project=PROJECTS, name=NAMES)
    def join(self, who: int, project: str, name: str) -> None:
        self.server.join(project, self.named(who, name), "ada")

    @rule(who=WHO, project=PROJECTS, name=NAMES)
    def leave(self, who: int, project: str, name: str) -> None:
        if (project, self.named(who, name)) in self.server.rooms:
            self.server.leave(project, self.named(who, name))

    @rule(who=WHO, project=PROJECTS, name=NAMES)
    def expire(self, who: int, project: str, name: str) -> None:
        room = self.server.rooms.get((project, self.named(who, name)))
        if room and not room.people:
            self.server.end_by_hand(project, room.name)

    @rule(
        who=WHO,
        project=PROJECTS,
        name=NAMES,
        most=st.sampled_from([None, 0, 5, 7]),
        metadata=st.sampled_from(["", "m"]),
    )
    def by_hand(self, who: int, project: str, name: str, most: int | None, metadata: str) -> None:
        """Somebody ends the room, and perhaps makes another of that name."""
        self.server.end_by_hand(project, self.named(who, name))
        if most is not None:
            self.server.make(project, self.named(who, name), most=most, metadata=metadata)

    @rule()
    def time_passes(self) -> None:
        self.server.settle()

    # Runs

    @rule(who=WHO, options=OPTIONS, fault=FAULTS, attached=st.booleans())
    def up(self, who: int, options: Options, fault: tuple[int, Fault] | None, attached: bool) -> None:
        self.start(who, options, fault, attached)
        self.advance(who, 99)

    @rule(who=WHO, options=OPTIONS, fault=FAULTS, attached=st.booleans())
    def start(self, who: int, options: Options, fault: tuple[int, Fault] | None, attached: bool) -> None:
        self.advance(who, 99)
        self.server.fault = fault
        process = self.shared if attached else Process(self.server, self.loop.run_until_complete)
        engine = Engine(self.programs[who], self.states[who], options, process, self.kind)
        self.runs[who] = engine, iter(engine)

    @rule(who=WHO, steps=st.integers(1, 5))
    def advance(self, who: int, steps: int) -> None:
        for _ in range(steps):
            if (run := self.runs[who]) is None:
                return
            engine, going = run
            self.acting, self.ended_now, self.server.faulty = engine, [], False
            try:
                step = next(going, None)
            except Killed:
                self.over(who, engine.state)
                return
            self.record(engine.before)
            if step is None:
                self.over(who, engine.state)
                return
            self.nothing_is_left_ended(step)

    @rule(who=WHO, lost=st.booleans())
    def interrupt(self, who: int, lost: bool) -> None:
        """Ends the run after its last step; whether that one is in the state, or its write was lost."""
        if run := self.runs[who]:
            self.over(who, run[0].before if lost and run[0].step else run[0].state)

    def over(self, who: int, state: State) -> None:
        self.states[who], self.runs[who] = state, None
        self.record(state)
        if self.kind == "relay":
            self.obscure |= {room.sid for room in self.server.rooms.values() if room.sid not in self.recorded}

    def record(self, state: State) -> None:
        self.recorded |= {str(entry.outputs["sid"]) for entry in state}

    def differs(self, declared: Declared, room: Room) -> bool:
        """Has the room other settings than declared, as far as anybody can know?"""
        known = room.sid not in self.obscure and not (self.kind == "relay" and room.by_hand)
        timeout = known and declared.timeout is not None and declared.timeout != room.timeout
        return timeout or (declared.most or 0, declared.metadata or "") != (room.most, room.metadata)

    # What must not happen

    def ended(self, ended: Ended) -> None:
        """A request ended this room."""
        engine = self.acting
        assert engine and engine.step, "a room was ended in no run"
        step, room = engine.step, (ended.project, ended.room.name)
        if room in {declared.room for declared in engine.program.values()}:
            assert step.kind in ("create", "update") and step.declared and step.declared.room == room, (
                f"{room} is declared and was ended by {step}"
            )
            replaced = step.kind == "create" and step.entry and step.entry.room == room
            reason = (
                replaced
                or self.differs(step.declared, ended.room)
                or ended.room.sid in self.obscure
                or ended.room.by_hand
            )
            assert reason, f"{room} was replaced for no reason by {step}"
            consent = step.declared.force
        else:
            assert step.kind == "delete" and step.entry and step.entry.room == room, f"{room} was ended by {step}"
            declarations = [
                engine.program[entry.urn].force
                for entry in engine.at_start
                if entry.room == room and entry.urn in engine.program and not entry.old
            ]
            consent = any(declarations) if declarations else step.entry.outputs["forceDestroy"]
        assert consent or not ended.room.people, f"{step} disconnected {set(ended.room.people)} without consent"
        self.ended_now.append(ended)

    def nothing_is_left_ended(self, step: Step) -> None:
        if step.kind != "delete" and not self.server.faulty:
            for ended in self.ended_now:
                assert (ended.project, ended.room.name) in self.server.rooms, f"{step} ended a room and made none"

    # The end of every history

    def everything_comes_true(self) -> None:
        for who in (0, 1):
            self.interrupt(who, False)
        self.server.settle()
        for project, name in list(self.server.rooms):
            self.server.leave(project, name)
            if self.server.rooms[project, name].sid not in self.recorded:
                self.server.end_by_hand(project, name)  # nobody's, as far as any state knows
        self.server.settle()
        for who, program in enumerate(self.programs):
            self.last_run(who)
            writes, state = self.server.writes, self.states[who]
            self.last_run(who)
            assert (self.server.writes, self.states[who]) == (writes, state), "a second run changed something"
            self.is_true(program, state)
        declared = {room.room for program in self.programs for room in program.values()}
        assert self.server.rooms.keys() == declared

    def last_run(self, who: int) -> None:
        self.start(who, Options(), None, False)
        run = self.runs[who]
        self.advance(who, 99)
        assert run and not run[0].failures, run[0].failures

    def is_true(self, program: Program, state: State) -> None:
        assert {entry.urn for entry in state} == set(program)
        assert len(state) == len(program), f"something is left in the state: {state}"
        for entry in state:
            live = self.server.rooms[program[entry.urn].room]
            assert entry.outputs["sid"] == live.sid
            assert not self.differs(program[entry.urn], live), (program[entry.urn], live)


class OnRelay(Histories):
    kind = "relay"


class OnLiveKit(Histories):
    kind = "livekit"


EXAMPLES = int(os.environ.get("HISTORIES", "40"))
TestOnRelay, TestOnLiveKit = OnRelay.TestCase, OnLiveKit.TestCase
TestOnRelay.settings = TestOnLiveKit.settings = settings(
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
