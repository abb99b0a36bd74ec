"""A room as a dynamic resource: from the SDK's calls to the life cycle and back. No rule is made here."""

from __future__ import annotations

import os
from typing import Any

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from relay_provider import session
from relay_provider.changes import outputs
from relay_provider.checks import check
from relay_provider.config import ProjectRef
from relay_provider.dynamic.properties import Props, kept, ours, own, read
from relay_provider.dynamic.scope import SECRET, Scope, known, resource_of
from relay_provider.errors import ConfigError
from relay_provider.model import RoomInputs
from relay_provider.run import ADOPTING, KEYS_CHECKED


class RoomCalls:
    """What is asked of a `Room`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def check(self, olds: Props, news: Props) -> CheckResult:
        found = check(_inputs(news), self._scope.declared_place(news))
        if not found.problems:
            props = {**found.inputs, **ours(news)}
            if room := self._scope.room(props):
                force = found.inputs.get("forceDestroy") is True
                self._scope.run.declare(room, force, self._scope.room(olds), by=_resource(props))
        return CheckResult(
            self._scope.registered(found.inputs, news),
            [CheckFailure(problem.path, problem.message) for problem in found.problems],
        )

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        try:
            rooms = session.rooms(self._scope.settings_of(news))
            moved = self._scope.moved(rooms, olds, news, {str(olds.get("name")): olds})
        except ConfigError:
            if os.environ.get(KEYS_CHECKED):  # a refresh asks of the state's own inputs
                return DiffResult(changes=False)
            raise
        if not moved and (name := olds.get("name")):
            self._scope.run.knows((rooms.project, name), olds, _resource(news))  # which is found with the key of now
        found = rooms.diff(_inputs(olds), _inputs(news))
        return DiffResult(
            changes=moved or bool(found.changes) or olds.get("project") != news.get("project"),
            replaces=[*found.replaces, *(["project"] if moved else [])],
        )

    def create(self, props: Props) -> CreateResult:
        wanted = RoomInputs.model_validate(_inputs(props))
        if os.environ.get(ADOPTING):
            live = self._scope.with_rooms(props, lambda rooms: rooms.adopt(wanted, self._scope.run))
        else:
            live = self._scope.with_rooms(props, lambda rooms: rooms.create(wanted, self._scope.run, SECRET))
        return CreateResult(live.name, {**outputs(props, live), **ours(props)})

    def read(self, id_: str, props: Props) -> ReadResult:
        live, as_it_is = self._scope.refreshed(props, lambda rooms: rooms.read(id_, self._scope.run, props))
        if as_it_is:
            return ReadResult(id_, kept(props))
        if live is None:
            return ReadResult("", {})
        return ReadResult(id_, *read(props, live))

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        wanted = RoomInputs.model_validate(_inputs(news))
        live = self._scope.with_rooms(news, lambda rooms: rooms.update(olds, wanted, self._scope.run, SECRET))
        if live is not None:
            return UpdateResult({**outputs(news, live), **ours(news)})
        before = {key: value for key, value in kept(olds).items() if key not in ours(olds)}
        return UpdateResult({**before, "forceDestroy": wanted.force_destroy, **ours(news)})

    def delete(self, id_: str, props: Props) -> None:
        run, force, sid, by = self._scope.run, props.get("forceDestroy") is True, props.get("sid"), _resource(props)
        self._scope.ended(f'Room "{id_}"', props, lambda rooms: rooms.delete(id_, run, force=force, sid=sid, by=by))


def _inputs(props: Props) -> dict[str, Any]:
    """A room's inputs among the properties, with unknowns as the model has them."""
    return {key: known(value) for key, value in own(props).items()}


def _resource(props: Props) -> str:
    ref = props.get("project")
    return str(props.get("resource") or resource_of(props.get("name"), ProjectRef.from_state(ref) if ref else None))
