"""The dynamic provider: Pulumi's protocol on one side, the life cycle on the other.

It is pickled by reference, so that a room's state holds 70 characters of it and old state stays readable after an
upgrade: this module and class keep their names. It holds no credentials; those come from the stack's config or the
environment, in the process that needs them.
"""

from __future__ import annotations

import base64
import os
import pickle
import pickletools
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.dynamic.dynamic import PROVIDER_KEY
from pulumi.output import Unknown
from pulumi.runtime import rpc

from relay_provider import session
from relay_provider.changes import inputs_as_live, outputs
from relay_provider.config import OPTIONS, Connection, Lookup, ProjectRef, load
from relay_provider.engine import end_with, engine_address
from relay_provider.errors import ConfigError, RelayError, Unauthorized, Unavailable, UnexpectedAnswer
from relay_provider.journal import Journal
from relay_provider.lifecycle import Rooms
from relay_provider.model import FIELDS, RoomInputs, check, same
from relay_provider.place import Home, Place, home_of, place_of, settings_in_state
from relay_provider.run import KEYS_CHECKED, MANIFEST, Run
from relay_provider.values import UNKNOWN

Props = Mapping[str, Any]

_OURS: Final = ("project", "place", "resource")
"""What a room's properties hold beside its own: the reference to its project, where that led, and the resource's name
where the room's does not say it."""
_OUT_OF_REACH: Final = (ConfigError, Unauthorized, Unavailable, UnexpectedAnswer)
_SECRET: Final = ("metadata",)
"""This protocol does not tell a provider what is secret, so messages never show what may be."""


class RoomProvider(ResourceProvider):
    """Translates between Pulumi's dynamic provider protocol and the life cycle. One process serves one run."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        engine = engine_address(sys.argv[1:])
        self._run = _begun(engine) if _is_own_process() else Run(Journal.of(engine))
        self._lookup: Lookup = req.config.get
        self._settings = load({setting.name: req.config.get(f"relay:{setting.name}") for setting in OPTIONS})
        if files := os.environ.get(MANIFEST):
            self._declare_all(files.split(os.pathsep))

    def check(self, olds: Props, news: Props) -> CheckResult:
        found = check(_inputs(news))
        inputs = {key: rpc.UNKNOWN if value is UNKNOWN else value for key, value in found.inputs.items()}
        place = self._place({"project": news.get("project")})
        if not found.problems:
            self._declare(found.inputs, olds, news)
        return CheckResult(
            {**inputs, **_ours(news), "place": place.as_state()},
            [CheckFailure(problem.path, problem.message) for problem in found.problems],
        )

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        async def compared(opened: session.Session) -> tuple[Home, bool, Any]:
            rooms = opened.rooms(self._settings_of(news))
            return rooms.project, await self._moved(rooms, olds, news), rooms.diff(_inputs(olds), _inputs(news))

        try:
            home, moved, found = session.run_in_session(compared)
        except ConfigError:
            if os.environ.get(KEYS_CHECKED):  # a refresh asks of the state's own inputs
                return DiffResult(changes=False)
            raise
        if not moved and (name := olds.get("name")):
            self._run.knows((home, name), olds)  # which is found with the key of now
        return DiffResult(
            changes=moved or bool(found.changes) or olds.get("project") != news.get("project"),
            replaces=[*found.replaces, *(["project"] if moved else [])],
        )

    def create(self, props: Props) -> CreateResult:
        wanted = RoomInputs.model_validate(_inputs(props))
        live = self._with_rooms(props, lambda rooms: rooms.create(wanted, self._run, _SECRET))
        return CreateResult(live.name, {**outputs(props, live), **_ours(props)})

    def read(self, id_: str, props: Props) -> ReadResult:
        try:
            live = self._with_rooms(props, lambda rooms: rooms.read(id_, self._run, props))
        except _OUT_OF_REACH as error:
            old_key = isinstance(error, ConfigError | Unauthorized)
            if os.environ.get(KEYS_CHECKED) and (old_key or self._left(props)):
                return ReadResult(id_, _kept(props))  # what the new place has, or the new key finds, its diff says
            if old_key:
                raise type(error)(f"{error} {_OTHER_KEY}") from None
            raise
        if live is None:
            return ReadResult("", {})
        now = outputs(props, live)
        # Inputs that come back otherwise than the program spells them make every `up` write them, once per room.
        as_declared = all(same(key, now.get(key), props.get(key)) for key in FIELDS.values())
        inputs = None if as_declared else {**inputs_as_live(_inputs(props), live), **_ours(props)}
        return ReadResult(id_, {**now, **_ours(props)}, inputs)

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        wanted = RoomInputs.model_validate(_inputs(news))
        live = self._with_rooms(news, lambda rooms: rooms.update(olds, wanted, self._run, _SECRET))
        kept = {key: value for key, value in _kept(olds).items() if key not in _OURS}
        changed = {"forceDestroy": wanted.force_destroy} if live is None else outputs(news, live)
        return UpdateResult({**kept, **changed, **_ours(news)})

    def delete(self, id_: str, props: Props) -> None:
        force, sid, by = props.get("forceDestroy") is True, props.get("sid"), _resource(props)
        try:
            self._with_rooms(props, lambda rooms: rooms.delete(id_, self._run, force=force, sid=sid, by=by))
        except _OUT_OF_REACH as error:
            if isinstance(error, ConfigError | Unauthorized) or self._left(props):
                raise type(error)(_left(id_, self._place(props), error)) from None
            raise

    def _declare(self, inputs: Props, olds: Props, news: Props) -> None:
        props = {**inputs, **_ours(news)}
        if room := self._room(props):
            self._run.declare(room, inputs.get("forceDestroy") is True, self._room(olds), by=_resource(props))

    def _declare_all(self, files: list[str]) -> None:
        """What the whole manifest declares, of which the engine is told a part."""
        from relay_provider.manifest import load as load_manifest

        for project in load_manifest(files).projects:
            for room in project.rooms:
                self._declare(room.props(), {}, {"project": project.ref.as_state()})

    def _room(self, props: Props) -> tuple[Home, str] | None:
        """The room that these properties name; None where it, or the key of its project, is not known."""
        try:
            name = props.get("name")
            return (home_of(self._settings_of(props)), name) if isinstance(name, str) else None
        except ConfigError:
            return None

    async def _moved(self, rooms: Rooms, olds: Props, news: Props) -> bool:
        """Does the room live in another place by now? A changed key is a rotation when it finds the very room."""
        place, *_ = rooms.project
        if self._place(olds) != place:
            return True
        before = self._room(olds)
        same_key = olds.get("project") == news.get("project") or (before is not None and before[0] == rooms.project)
        if place.backend != "relay" or same_key:
            return False
        return not await rooms.has(str(olds.get("name")), str(olds.get("sid")), self._run.began)

    def _place(self, props: Props) -> Place:
        """Where the room lives: as the state says, or as its project's reference leads there now."""
        if stated := props.get("place"):
            return Place.from_state(stated)
        ref = props.get("project")
        return place_of(ProjectRef.from_state(ref).without_keys(self._settings) if ref else self._settings)

    def _left(self, props: Props) -> bool:
        """Does the project's reference lead elsewhere by now than to where the state has the room?"""
        return self._place(props) != self._place({"project": props.get("project")})

    def _settings_of(self, props: Props) -> Connection:
        return settings_in_state(props, self._settings, self._lookup)

    def _with_rooms(self, props: Props, work: Callable[[Rooms], Any]) -> Any:
        return session.run(self._settings_of(props), work)


def _inputs(props: Props) -> dict[str, Any]:
    """A room's inputs among the properties, with unknowns as the model has them."""
    return {key: _known(props[key]) for key in FIELDS.values() if props.get(key) is not None}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return UNKNOWN if isinstance(value, Unknown) or value == rpc.UNKNOWN else value


def _ours(props: Props) -> dict[str, Any]:
    return {key: props[key] for key in _OURS if props.get(key)}


def resource_of(room: object, project: ProjectRef | None) -> object:
    """The name of a room's resource, unless the program gives another one."""
    return f"{project.label}/{room}" if project else room


def _resource(props: Props) -> str:
    ref = props.get("project")
    return str(props.get("resource") or resource_of(props.get("name"), ProjectRef.from_state(ref) if ref else None))


def _kept(props: Props) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key != PROVIDER_KEY}


_OTHER_KEY: Final = (
    "A refresh goes by the key that the state names; if the program names another one by now, run "
    "`pulumi up --refresh=false` once."
)


def _left(room: str, place: Place, error: RelayError) -> str:
    return (
        f'Room "{room}" is left at {place.address} and stays in the state, as it can no longer be ended there: {error} '
        "With that key run the same command again; or forget the room: `pulumi state delete` with its URN."
    )


def _is_own_process() -> bool:
    """Was this process started by an engine, for dynamic providers alone?"""
    return getattr(sys.modules["__main__"], "_abort_with_traceback", None) is not None


def _show_sentences() -> None:
    """Let the provider process report our errors as sentences: as it is, it sends `traceback.format_exc()`."""

    def format_exc() -> str:
        error = sys.exception()
        return str(error) if isinstance(error, RelayError) else traceback.format_exc()

    sys.modules["__main__"].traceback = SimpleNamespace(format_exc=format_exc)  # type: ignore[attr-defined]


@cache
def pickled_provider() -> str:
    """The provider as state holds it, a reference to this class."""
    # Once per process, and not with the SDK's own function: that one fails near 310 resources in one program.
    # The shortest way to write it down, as each room has it twice.
    return base64.b64encode(pickletools.optimize(pickle.dumps(RoomProvider(), protocol=2))).decode()


@cache
def pickled_before() -> str:
    """The same as older states have it."""
    return base64.b64encode(pickle.dumps(RoomProvider(), protocol=4)).decode()


@cache
def _begun(engine: str | None) -> Run:
    """The one run of a process of its own: to the SDK, the references of old rooms and of new are two providers."""
    _show_sentences()
    if engine:
        end_with(engine)
    return Run(Journal.of(engine))
