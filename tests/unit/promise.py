"""What is promised, as a judge of what happens: told of steps and of rooms that are ended, it says what must not be."""

from __future__ import annotations

from itertools import combinations

from tests.unit.engine_model import Declared, Engine, Entry, Program, State, Step
from tests.unit.server_model import Ended, Room, Server


class Promise:
    """No declared room is ended unasked, none that is replaced is left ended, and nobody is disconnected without a
    consent in that very run."""

    def __init__(self, server: Server) -> None:
        self._server = server
        server.on_end = self._ended
        self.recorded: set[str] = set()
        """The sessions that have ever been in a state."""
        self._obscure: set[str] = set()
        """The sessions of which nobody can say how their settings are that the server does not report."""
        self._engine: Engine | None = None
        self._ended_now: list[Ended] = []
        self._live: set[str] = set()

    # What it is told

    def begins(self, engine: Engine) -> None:
        """The engine carries out its next step."""
        self._engine, self._ended_now, self._server.faulty = engine, [], False
        self._live = {room.sid for room in self._server.rooms.values()}

    def done(self, step: Step) -> None:
        """The step was carried out, or failed."""
        if step.kind != "delete" and not self._server.faulty:
            for ended in self._ended_now:
                assert (ended.project, ended.room.name) in self._server.rooms, f"{step} ended a room and made none"
        engine = self._engine
        if engine and engine.refused:
            assert not self._all_consent(engine, step), f"{step} was refused although all consent to it"
        if engine and step.kind == "create" and not engine.options.refresh and engine.state != engine.before:
            # Taken over from another resource, which a run that does not refresh knows nothing of.
            had = {step.entry.outputs["sid"]} if step.entry else set()
            self._obscure |= self._live & {str(engine.state[-1].outputs["sid"])} - had

    def written(self, state: State) -> None:
        """A run has come this far."""
        self.recorded |= {str(entry.outputs["sid"]) for entry in state}
        for one, other in combinations(state, 2):
            # Both have had the room, with different settings, and both are in the state of an interrupted run.
            if one.room == other.room and one.outputs.get("emptyTimeout") != other.outputs.get("emptyTimeout"):
                self._obscure |= {room.sid for where, room in self._server.rooms.items() if where == one.room}

    def over(self, state: State) -> None:
        """A run has ended, and this is its state."""
        self.written(state)
        self._obscure |= {room.sid for room in self._server.rooms.values() if room.sid not in self.recorded}

    def _ended(self, ended: Ended) -> None:
        engine = self._engine
        assert engine and engine.step, "a room was ended in no run"
        step, room = engine.step, (ended.project, ended.room.name)
        if room in {declared.room for declared in engine.program.values()}:
            consent = self._replaced(engine, step, ended)
        else:
            assert step.kind == "delete" and step.entry and step.entry.room == room, f"{room} was ended by {step}"
            consents = self._consents(engine, room)
            consent = all(consents) if consents else self._left_over(engine, step.entry)
        assert consent or not ended.room.people, f"{step} disconnected {set(ended.room.people)} without consent"
        self._ended_now.append(ended)

    def _replaced(self, engine: Engine, step: Step, ended: Ended) -> bool:
        """Is there a consent to the end of this declared room, which has to be its replacement?"""
        room, declared = (ended.project, ended.room.name), step.declared
        assert step.kind in ("create", "update") and declared and declared.room == room, (
            f"{room} is declared and was ended by {step}"
        )
        own = step.kind == "create" and step.entry is not None and step.entry.room == room
        assert own or self.differs(declared, ended.room) or self._is_obscure(ended.room), (
            f"{room} was replaced for no reason by {step}"
        )
        ours = {entry.outputs["sid"] for entry in (*engine.at_start, *engine.state)}
        assert declared.force or ended.room.sid in ours, f"{step} ended somebody else's room"
        return declared.force

    def _consents(self, engine: Engine, room: tuple[str, str]) -> list[bool]:
        """What those say now that have had this room until now."""
        return [
            engine.program[entry.urn].force
            for entry in engine.at_start
            if entry.room == room and entry.urn in engine.program and not entry.old
        ]

    def _all_consent(self, engine: Engine, step: Step) -> bool:
        """Does everything that has to do with the step's room say that people in it may be disconnected?"""
        if step.kind != "delete":
            return step.declared is not None and step.declared.force
        in_state = step.entry is not None and step.entry.outputs["forceDestroy"]
        left_over = step.entry is not None and self._left_over(engine, step.entry)
        return in_state and left_over and all(self._consents(engine, step.room))

    @staticmethod
    def _left_over(engine: Engine, entry: Entry) -> bool:
        """What a resource says now of a room that it has had before."""
        declared = engine.program.get(entry.urn)
        return declared.force if declared else bool(entry.outputs["forceDestroy"])

    # What is so

    def differs(self, declared: Declared, room: Room) -> bool:
        """Has the room other settings than declared, as far as anybody can know?"""
        known = declared.timeout is not None and not self._is_obscure(room)
        timeout = known and declared.timeout != room.timeout
        return timeout or (declared.most or 0, declared.metadata or "") != (room.most, room.metadata)

    def _is_obscure(self, room: Room) -> bool:
        return self._server.kind == "relay" and (room.by_hand or room.sid in self._obscure)

    def holds(self, program: Program, state: State) -> None:
        """What is declared is so, and the state says no more and no less."""
        assert sorted(entry.urn for entry in state) == sorted(program), f"not what is declared: {state}"
        for entry in state:
            live = self._server.rooms[program[entry.urn].room]
            assert entry.outputs["sid"] == live.sid
            assert not self.differs(program[entry.urn], live), (program[entry.urn], live)
