"""What one run of the dynamic provider knows beside a resource: its settings, its run, and where a state leads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from pulumi.output import Unknown
from pulumi.runtime import rpc

from relay_provider import room_set, session
from relay_provider.config import OPTIONS, Connection, Lookup, ProjectRef, load
from relay_provider.dynamic.properties import Props, place, registered
from relay_provider.errors import ConfigError, RelayError, Unauthorized, Unavailable, UnexpectedAnswer
from relay_provider.lifecycle import Rooms
from relay_provider.model import AGENTS
from relay_provider.place import Home, Place, home_of, settings_in_state
from relay_provider.run import KEYS_CHECKED, MANIFEST, Run
from relay_provider.values import UNKNOWN

SECRET: Final = ("metadata", AGENTS)
"""This protocol does not tell a provider what is secret, so messages never show what may be."""
OLD_KEY: Final = (ConfigError, Unauthorized)
OUT_OF_REACH: Final = (*OLD_KEY, Unavailable, UnexpectedAnswer)

_OTHER_KEY: Final = (
    "A refresh goes by the key that the state names; if the program names another one by now, run "
    "`pulumi up --refresh=false` once."
)


class Scope:
    """One run: its settings, and what it declares and owns."""

    def __init__(self, lookup: Lookup, run: Run, engine: str | None = None) -> None:
        self.run = run
        self.engine = engine
        self._lookup = lookup
        self._settings = load({setting.name: lookup(f"relay:{setting.name}") for setting in OPTIONS})
        if files := os.environ.get(MANIFEST):
            self._declare_all(files.split(os.pathsep))

    def _declare_all(self, files: list[str]) -> None:
        """What the whole manifest declares, of which the engine is told a part, or bit by bit."""
        from relay_provider.manifest import load as load_manifest

        for project in load_manifest(files).projects:
            props = {"project": project.ref.as_state()}
            for room in project.rooms:
                if found := self.room({**props, "name": room.name}):
                    label, name = project.ref.label, room.name
                    by = room_set.by(label, name) if project.grouped else resource_of(name, project.ref)
                    self.run.declare(found, room.force_destroy, by=by)
        self.run.declared_all()

    def settings_of(self, props: Props) -> Connection:
        """The connection of a resource by its properties."""
        return settings_in_state(props, self._settings, self._lookup)

    def home(self, props: Props) -> Home | None:
        """The project that the properties lead to; None where its key is not to be had."""
        try:
            return home_of(self.settings_of(props))
        except ConfigError:
            return None

    def declared_place(self, props: Props) -> Place:
        """Where the rooms of a declared resource are to live, wherever the state has them."""
        return self.place({"project": props.get("project")})

    def room(self, props: Props) -> tuple[Home, str] | None:
        """The room that the properties name; None where it, or the key of its project, is not known."""
        home, name = self.home(props), props.get("name")
        return (home, name) if home and isinstance(name, str) else None

    def place(self, props: Props) -> Place:
        """Where the rooms live: as the state says, or as their project's reference leads there now."""
        return place(props, self._settings)

    def registered(self, inputs: Props, news: Props) -> dict[str, Any]:
        """What the state has of a resource that is declared."""
        return registered(as_sent(inputs), news, self._settings)

    def left(self, props: Props) -> bool:
        """Does the project's reference lead elsewhere by now than to where the state has its rooms?"""
        return self.place(props) != self.place({"project": props.get("project")})

    def rekeyed(self, rooms: Rooms, olds: Props, news: Props) -> bool:
        """Do the properties bring another key, which may be another project's, or a rotated one?"""
        if rooms.project[0].backend != "relay" or olds.get("project") == news.get("project"):
            return False
        return self.home(olds) != rooms.project

    def moved(self, rooms: Rooms, olds: Props, news: Props, before: Mapping[str, Props]) -> bool:
        """Do the rooms that a resource had `before`, by name, live in another place by now? A changed key is a rotation
        when it finds one of those very rooms."""

        async def found(rooms: Rooms) -> bool:
            has = [await rooms.has(name, str(one.get("sid")), self.run.began) for name, one in before.items()]
            return any(has)

        if self.place(olds) != rooms.project[0]:
            return True
        if not before or not self.rekeyed(rooms, olds, news):
            return False
        return not self.with_rooms(news, found)

    def with_rooms(self, props: Props, work: Callable[[Rooms], Any]) -> Any:
        """Carry out `work` with the rooms of the project that the properties name."""
        return session.run(self.settings_of(props), work)

    def refreshed(self, props: Props, work: Callable[[Rooms], Any]) -> tuple[Any, bool]:
        """What a refresh finds; and whether it has to leave the state as it is, for what the new place has, or the new
        key finds, the diff says."""
        try:
            return self.with_rooms(props, work), False
        except OUT_OF_REACH as error:
            old_key = isinstance(error, OLD_KEY)
            if os.environ.get(KEYS_CHECKED) and (old_key or self.left(props)):
                return None, True
            if old_key:
                raise type(error)(f"{error} {_OTHER_KEY}") from None
            raise

    def ended(self, what: str, props: Props, work: Callable[[Rooms], Any]) -> None:
        """Carry out a delete of `what`; says what becomes of it where that is out of reach."""
        try:
            self.with_rooms(props, work)
        except OUT_OF_REACH as error:
            if isinstance(error, OLD_KEY) or self.left(props):
                raise type(error)(_left(what, self.place(props), error)) from None
            raise


def resource_of(room: object, project: ProjectRef | None) -> str:
    """The name of a room's resource, unless the program gives another one."""
    return f"{project.label}/{room}" if project else str(room)


def known(value: Any) -> Any:
    """A value of the SDK's, with unknowns as the model has them."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [known(item) for item in value]
    return UNKNOWN if isinstance(value, Unknown) or value == rpc.UNKNOWN else value


def as_sent(value: Any) -> Any:
    """The same the other way."""
    if isinstance(value, dict):
        return {key: as_sent(item) for key, item in value.items()}
    return rpc.UNKNOWN if value is UNKNOWN else value


def _left(what: str, place: Place, error: RelayError) -> str:
    return (
        f"{what} is left at {place.address} and stays in the state, as it can no longer be ended there: {error} "
        "With that key run the same command again; or forget it: `pulumi state delete` with its URN."
    )
