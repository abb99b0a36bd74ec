"""A set of rooms as a dynamic resource: from the SDK's calls to the life cycle and back. No rule is made here."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from relay_provider import room_set, session
from relay_provider.dynamic.properties import PROVIDER_KEY, Props, ours
from relay_provider.dynamic.scope import SECRET, Scope, known
from relay_provider.engine import PartlyDone, tell
from relay_provider.errors import ConfigError
from relay_provider.lifecycle import Rooms
from relay_provider.room_set import Set
from relay_provider.run import KEYS_CHECKED
from relay_provider.set_cycle import SetCycle, SetFailed


class SetCalls:
    """What is asked of a `RoomSet`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def check(self, olds: Props, news: Props) -> CheckResult:
        found = room_set.check(known(news.get("rooms")), self._scope.declared_place(news))
        if not found.problems and (home := self._scope.home(news)):
            declared, by = room_set.declared(found.inputs["rooms"]), str(news.get("resource"))
            self._scope.run.declare_all([((home, name), force, room_set.by(by, name)) for name, force in declared])
        return CheckResult(
            self._scope.registered(found.inputs, news),
            [CheckFailure(problem.path, problem.message) for problem in found.problems],
        )

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        try:
            rooms, old = session.rooms(self._scope.settings_of(news)), _rooms(olds)
            moved = self._scope.moved(rooms, olds, news, old)
        except ConfigError:
            if os.environ.get(KEYS_CHECKED):  # a refresh asks of the state's own inputs
                return DiffResult(changes=False)
            raise
        if not moved:
            self._cycle(rooms, news).know(old)
        elif home := self._scope.home(olds):
            self._scope.run.holds(((home, name), room_set.by(str(news.get("resource")), name)) for name in old)
        found = room_set.diff(old, known(news["rooms"]), rooms.backend.in_place)
        return DiffResult(
            changes=moved or bool(found.changes) or olds.get("project") != news.get("project"),
            replaces=["project"] if moved else [],
        )

    def create(self, props: Props) -> CreateResult:
        id_ = str(props["resource"])
        return CreateResult(id_, self._applied(id_, {}, props))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        return UpdateResult(self._applied(id_, _rooms(olds), news))

    def read(self, id_: str, props: Props) -> ReadResult:
        state = _rooms(props)
        live, as_it_is = self._scope.refreshed(props, lambda rooms: self._cycle(rooms, props).read(state))
        if as_it_is:
            return ReadResult(id_, {"rooms": state, **ours(props)})
        now = room_set.outputs_of(state, live, state)
        as_declared = not room_set.diff(state, now, ()).changes
        inputs = (
            None if as_declared else {"rooms": room_set.inputs_of(room_set.settings_in(state), live), **ours(props)}
        )
        return ReadResult(id_, {"rooms": now, **ours(props)}, inputs)

    def delete(self, id_: str, props: Props) -> None:
        self._scope.ended(f'Set "{id_}"', props, lambda rooms: self._cycle(rooms, props).end(_rooms(props)))

    def _applied(self, id_: str, old: Set, props: Props) -> dict[str, Any]:
        """Make the set as declared: the properties to keep, which a failure brings along."""
        try:
            new = known(props["rooms"])
            rooms = self._scope.with_rooms(props, lambda rooms: self._cycle(rooms, props).apply(old, new))
        except SetFailed as error:
            kept = Struct()
            kept.update({"rooms": dict(error.stands), **ours(props), PROVIDER_KEY: props[PROVIDER_KEY]})
            raise PartlyDone(str(error), id_, kept) from None
        return {"rooms": rooms, **ours(props)}

    def _cycle(self, rooms: Rooms, props: Props) -> SetCycle:
        return SetCycle(rooms, self._scope.run, str(props.get("resource")), SECRET, self._told)

    async def _told(self, text: str) -> None:
        if self._scope.engine:
            with suppress(grpc.RpcError):
                await tell(self._scope.engine, "", text, passing=True)


def _rooms(props: Props) -> dict[str, Any]:
    rooms = known(props.get("rooms"))
    return rooms if isinstance(rooms, dict) else {}
