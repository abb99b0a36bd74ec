"""A machine that makes random histories: programs change, people come and go, runs are interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.unit.engine_model import Declared, Engine, Options, Process, State, Step, holdings
from tests.unit.promise import Promise
from tests.unit.server_model import Fault, Killed, Kind, Server

T = TypeVar("T")

NAMES = ("r0", "r1", "r2")
KEYS = st.sampled_from(["a", "a", "a", "a2", "b"])
GROUPS = st.sampled_from([None, "g", "g", "h"])
"""The sets that rooms may be in."""
WHO = st.sampled_from([0, 0, 0, 1])
"""Of two engines, whose rooms have names of their own."""
PICK = st.integers(0, 5)
"""Which one of those that there are."""
SETTINGS = st.fixed_dictionaries(
    {
        "most": st.sampled_from([None, 5]),
        "timeout": st.sampled_from([None, 60, 90]),
        "metadata": st.sampled_from([None, "m", '{"a":1}']),
        "force": st.booleans(),
    }
)
ODD_ANSWERS: Final[tuple[Fault, ...]] = ("not found", "still there")
FAULTS: Final[tuple[Fault, ...]] = ("down", "lost", "killed before", "killed after")
FAULT = st.sampled_from(
    [
        *[None] * 60,
        *((after, fault) for after in range(10) for fault in FAULTS),
        *((after, fault) for after in range(3) for fault in ODD_ANSWERS),
    ]
)


@dataclass(frozen=True, slots=True)
class Up:
    """A run, as far as it gets."""

    options: Options
    fault: tuple[int, Fault] | None
    attached: bool
    steps: int
    lost: bool
    """Is the write of the last step lost, when it is stopped?"""


UP = st.builds(
    Up,
    options=st.builds(
        Options,
        refresh=st.booleans(),
        go_on=st.booleans(),
        ahead=st.sampled_from([0, 1, 9]),
        order=st.integers(0, 3),
    ),
    fault=FAULT,
    attached=st.booleans(),
    steps=st.sampled_from([*[99] * 8, 0, 0, 1, 2, 3, 5]),
    lost=st.booleans(),
)


WHOLE = Up(Options(), None, attached=False, steps=99, lost=False)
"""A run that refreshes, and that nothing befalls."""


class Histories(RuleBasedStateMachine):
    """Two engines, each with a program and a state of its own, and one server."""

    kind: ClassVar[Kind]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.server = Server(self.kind)
        self.promise = Promise(self.server)
        self.shared = Process(self.server, self.loop)
        self.programs: list[dict[str, Declared]] = [{}, {}]
        self.states: list[State] = [(), ()]
        self.runs: list[tuple[Engine, Iterator[Step]] | None] = [None, None]

    def teardown(self) -> None:
        try:
            self.everything_comes_true()
        finally:
            self.loop.close()

    # What people write

    @initialize(rooms=st.lists(st.tuples(KEYS, SETTINGS), min_size=2, max_size=3), group=GROUPS)
    def begin(self, rooms: list[tuple[str, dict[str, Any]]], group: str | None = None) -> None:
        for number, (key, given) in enumerate(rooms):
            self.programs[0][f"x{number}"] = Declared(self.named(0, number), key, **given, group=group)
        self.start(0, Options())
        self.advance(0, 99)

    @rule(who=WHO, urn=PICK, name=PICK, key=KEYS, given=SETTINGS, then=UP, group=GROUPS)
    def declare(
        self, who: int, urn: int, name: int, key: str, given: dict[str, Any], then: Up, group: str | None = None
    ) -> None:
        room = Declared(self.named(who, name), key, **given, group=group)
        self.write(who, {**self.programs[who], f"x{urn % 3}": room}, then)

    @rule(who=WHO, pick=PICK, then=UP)
    def undeclare(self, who: int, pick: int, then: Up) -> None:
        if urn := self.picked(self.programs[who], pick):
            self.write(who, {one: room for one, room in self.programs[who].items() if one != urn}, then)

    @rule(who=WHO, pick=PICK, given=SETTINGS, then=UP)
    def change_settings(self, who: int, pick: int, given: dict[str, Any], then: Up) -> None:
        if urn := self.picked(self.programs[who], pick):
            self.write(who, {**self.programs[who], urn: replace(self.programs[who][urn], **given)}, then)

    @rule(who=WHO, pick=PICK, name=PICK, then=UP)
    def rename_room(self, who: int, pick: int, name: int, then: Up) -> None:
        if urn := self.picked(self.programs[who], pick):
            room = replace(self.programs[who][urn], name=self.named(who, name))
            self.write(who, {**self.programs[who], urn: room}, then)

    @rule(who=WHO, pick=PICK, given=SETTINGS, same=st.booleans(), then=UP)
    def rename_resource(self, who: int, pick: int, given: dict[str, Any], same: bool, then: Up) -> None:
        """The room stays where it is, with its settings or with others."""
        if urn := self.picked(self.programs[who], pick):
            free = next(one for one in ("x0", "x1", "x2", "x3", "x4") if one not in self.programs[who])
            room = self.programs[who][urn]
            room = room if same else replace(room, **given)
            others = {one: room for one, room in self.programs[who].items() if one != urn}
            self.write(who, {**others, free: room}, then)

    @rule(who=WHO, pick=PICK, key=KEYS, then=UP)
    def move(self, who: int, pick: int, key: str, then: Up) -> None:
        """To another project, or to another key of the same one."""
        if urn := self.picked(self.programs[who], pick):
            self.write(who, {**self.programs[who], urn: replace(self.programs[who][urn], key=key)}, then)

    @rule(who=WHO, with_settings=st.booleans(), then=UP)
    def shift(self, who: int, with_settings: bool, then: Up) -> None:
        """Each resource takes the next one's room, or its name alone; of two, they swap."""
        urns, rooms = list(self.programs[who]), list(self.programs[who].values())
        shifted = [*rooms[1:], *rooms[:1]]
        if not with_settings:
            shifted = [replace(one, name=to.name, key=to.key) for one, to in zip(rooms, shifted, strict=True)]
        self.write(who, dict(zip(urns, shifted, strict=True)), then)

    @rule(who=WHO, pick=PICK, group=GROUPS, given=st.none() | SETTINGS, then=UP)
    def regroup(self, who: int, pick: int, group: str | None, given: dict[str, Any] | None, then: Up) -> None:
        """The room goes to another set, or into one or out of it, with its settings or with others."""
        if urn := self.picked(self.programs[who], pick):
            room = replace(self.programs[who][urn], group=group, **(given or {}))
            self.write(who, {**self.programs[who], urn: room}, then)

    @rule(who=WHO, group=GROUPS, then=UP)
    def regroup_all(self, who: int, group: str | None, then: Up) -> None:
        """A project is grouped, or is no longer."""
        self.write(who, {urn: replace(room, group=group) for urn, room in self.programs[who].items()}, then)

    @rule(who=WHO, key=KEYS, then=UP)
    def move_all(self, who: int, key: str, then: Up) -> None:
        self.write(who, {urn: replace(room, key=key) for urn, room in self.programs[who].items()}, then)

    def write(self, who: int, program: dict[str, Declared], then: Up) -> None:
        if len({room.room for room in program.values()}) == len(program):
            self.programs[who] = program
        self.up(who, then)

    def named(self, who: int, number: int) -> str:
        return f"{NAMES[number % len(NAMES)]}-of-{who}"

    def picked(self, those: Iterable[T], pick: int) -> T | None:
        found = sorted(those)  # type: ignore[type-var]
        return found[pick % len(found)] if found else None

    def rooms(self) -> set[tuple[str, str]]:
        """Every room that is declared, in a state, or live."""
        declared = {room.room for program in self.programs for room in program.values()}
        return declared | {one.room for state in self.states for one in holdings(state)} | set(self.server.rooms)

    def sessions(self) -> dict[tuple[str, str], str]:
        return {where: room.sid for where, room in self.server.rooms.items()}

    # What happens at the server

    @rule(pick=PICK, settled=st.booleans())
    def join(self, pick: int, settled: bool) -> None:
        if room := self.picked(self.rooms(), pick):
            self.server.join(*room, "ada")
            self.settle(settled)

    @rule(settled=st.booleans())
    def join_everywhere(self, settled: bool) -> None:
        for room in sorted(self.rooms()):
            self.server.join(*room, "ada")
        self.settle(settled)

    @rule(pick=PICK, settled=st.booleans())
    def leave(self, pick: int, settled: bool) -> None:
        if room := self.picked([room for room, live in self.server.rooms.items() if live.people], pick):
            self.server.leave(*room)
            self.settle(settled)

    @rule(pick=PICK, most=st.sampled_from([None, 0, 5, 7]), metadata=st.sampled_from(["", "m"]))
    def end_by_hand(self, pick: int, most: int | None, metadata: str) -> None:
        """The room expires or somebody ends it, and perhaps makes another of that name."""
        if room := self.picked(self.server.rooms, pick):
            self.server.end_by_hand(*room)
            if most is not None:
                self.server.make(*room, most=most, metadata=metadata)

    def settle(self, settled: bool) -> None:
        if settled:
            self.server.settle()

    # Runs

    @rule(who=WHO, up=UP)
    def up(self, who: int, up: Up) -> None:
        self.begin_run(who, up)
        self.advance(who, up.steps)
        self.interrupt(who, up.lost)

    @rule(who=WHO, up=UP)
    def begin_run(self, who: int, up: Up) -> None:
        self.start(who, up.options, up.fault, up.attached)

    def start(
        self, who: int, options: Options, fault: tuple[int, Fault] | None = None, attached: bool = False
    ) -> Engine:
        self.advance(who, 99)
        self.server.fault = fault
        process = self.shared if attached else Process(self.server, self.loop)
        engine = Engine(self.programs[who], self.states[who], options, process, self.kind)
        self.runs[who] = engine, iter(engine)
        return engine

    @precondition(lambda self: any(self.runs))
    @rule(who=WHO, steps=st.integers(1, 5))
    def advance(self, who: int, steps: int) -> None:
        for _ in range(steps):
            if (run := self.runs[who]) is None:
                return
            engine, going = run
            self.promise.begins(engine)
            try:
                step = next(going, None)
            except Killed:
                self.over(who, engine.state)
                return
            self.promise.written(engine.before)
            if step is None:
                self.over(who, engine.state)
                return
            self.promise.done(step)

    @precondition(lambda self: any(self.runs))
    @rule(who=WHO, lost=st.booleans())
    def interrupt(self, who: int, lost: bool) -> None:
        """Ends the run after its last step; whether that one is in the state, or its write was lost."""
        if run := self.runs[who]:
            self.over(who, run[0].before if lost and run[0].step else run[0].state)

    def over(self, who: int, state: State) -> None:
        if run := self.runs[who]:
            run[0].kill()
        self.states[who], self.runs[who] = state, None
        self.promise.over(state)

    # The end of every history

    def everything_comes_true(self) -> None:
        for who in (0, 1):
            self.interrupt(who, False)
        self.server.settle()
        for project, name in list(self.server.rooms):
            self.server.leave(project, name)
            if self.server.rooms[project, name].sid not in self.promise.recorded:
                self.server.end_by_hand(project, name)  # nobody's, as far as any state knows
        self.server.settle()
        for who, program in enumerate(self.programs):
            self.last_run(who)
            writes, state = self.server.writes, self.states[who]
            self.last_run(who)
            assert (self.server.writes, self.states[who]) == (writes, state), "a second run changed something"
            self.promise.holds(program, state)
        declared = {room.room for program in self.programs for room in program.values()}
        assert self.server.rooms.keys() == declared

    def last_run(self, who: int) -> None:
        engine = self.start(who, Options())
        self.advance(who, 99)
        assert not engine.failures, engine.failures
