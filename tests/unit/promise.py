"""What is promised, as a judge of what happens: told of steps and of rooms that are ended, it says what must not be."""

from __future__ import annotations

from itertools import combinations

from relay_provider.changes import diff
from relay_provider.model import in_place
from tests.unit.engine_model import Declared, Engine, Holding, Program, State, Step, holdings, resources
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
                if step.lets_go and not step.declares((ended.project, ended.room.name)):
                    continue
                assert (ended.project, ended.room.name) in self._server.rooms, f"{step} ended a room and made none"
        engine = self._engine
        for room in engine.refused if engine else ():
            assert not self._all_consent(engine, step, room), f"{step} was refused although all consent to {room}"
        if (
            engine
            and step.kind in ("create", "update")
            and not engine.options.refresh
            and engine.state != engine.before
        ):
            # Taken over from another resource, which a run that does not refresh knows nothing of.
            had = {one.outputs["sid"] for one in step.entry.holdings} if step.entry else set()
            now = next(one for one in engine.state if one.urn == step.urn and not one.old)
            self._obscure |= self._live & {str(one.outputs["sid"]) for one in now.holdings} - had

    def written(self, state: State) -> None:
        """A run has come this far."""
        self.recorded |= {str(one.outputs["sid"]) for one in holdings(state)}
        for one, other in combinations(holdings(state), 2):
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
            had = step.entry.of(room) if step.entry else None
            assert had and (step.kind == "delete" or step.lets_go), f"{room} was ended by {step}"
            consents = self._consents(engine, room)
            consent = all(consents) if consents else self._left_over(engine, had)
        assert consent or not ended.room.people, f"{step} disconnected {set(ended.room.people)} without consent"
        self._ended_now.append(ended)

    def _replaced(self, engine: Engine, step: Step, ended: Ended) -> bool:
        """Is there a consent to the end of this declared room, which has to be its replacement?"""
        room = (ended.project, ended.room.name)
        declared, had = step.declares(room), step.entry.of(room) if step.entry else None
        assert step.kind in ("create", "update") and declared, f"{room} is declared and was ended by {step}"
        own = had is not None and bool(diff(had.outputs, declared.props(), in_place(self._server.kind)).replaces)
        assert own or self.differs(declared, ended.room) or self._is_obscure(ended.room), (
            f"{room} was replaced for no reason by {step}"
        )
        ours = {one.outputs["sid"] for one in holdings((*engine.at_start, *engine.state))}
        assert declared.force or ended.room.sid in ours, f"{step} ended somebody else's room"
        return declared.force

    def _consents(self, engine: Engine, room: tuple[str, str]) -> list[bool]:
        """What those say now that have had this room until now."""
        return [
            engine.slots[one.slot].force
            for one in holdings(engine.at_start)
            if one.room == room and one.slot in engine.slots and not one.old
        ]

    def _all_consent(self, engine: Engine, step: Step, room: tuple[str, str]) -> bool:
        """Does everything that has to do with this room of the step say that people in it may be disconnected?"""
        declared, had = step.declares(room), step.entry.of(room) if step.entry else None
        if step.kind != "delete" and declared:
            return declared.force
        left_over = had is not None and had.outputs["forceDestroy"] and self._left_over(engine, had)
        return left_over and all(self._consents(engine, room))

    @staticmethod
    def _left_over(engine: Engine, had: Holding) -> bool:
        """What a resource says now of a room that it has had before."""
        declared = engine.slots.get(had.slot)
        return declared.force if declared else bool(had.outputs["forceDestroy"])

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
        assert sorted(entry.urn for entry in state) == sorted(resources(program)), f"not what is declared: {state}"
        slots = {slot: room for one in resources(program).values() for slot, room in one.slots.items()}
        assert sorted(one.slot for one in holdings(state)) == sorted(slots), f"not what is declared: {state}"
        for one in holdings(state):
            live = self._server.rooms[slots[one.slot].room]
            assert one.outputs["sid"] == live.sid
            assert not self.differs(slots[one.slot], live), (slots[one.slot], live)
