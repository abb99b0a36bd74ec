"""What changes of a room's properties mean, and what is kept of a live room. Pure functions, by the model's table.

Properties are mappings under schema names; values that a preview does not know yet are `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from relay_provider import room_config
from relay_provider.model import (
    ABSENT,
    AGENTS,
    DEPARTURE,
    SETTINGS,
    LiveRoom,
    absent,
    flat,
    names_in,
    nested,
    reported,
    same,
    settings_of,
)

Kind = Literal["add", "update", "delete"]


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """What one property's change means."""

    field: str
    kind: Kind
    replaces: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """What has to happen to a room; nothing when there are no changes."""

    changes: tuple[PropertyChange, ...]

    @property
    def replaces(self) -> tuple[str, ...]:
        return tuple(change.field for change in self.changes if change.replaces)


def diff(old: Mapping[str, Any], new: Mapping[str, Any], in_place: Collection[str]) -> Diff:
    """The live room's properties against new inputs. Names replace, `forceDestroy` needs no call, and a setting
    is changed in place where the backend can, otherwise by a replacement."""
    changes = []
    names = names_in(old, new)
    old, new = flat(old), flat(new)
    for field in ("name", *names, "forceDestroy"):
        before, after = old.get(field), new.get(field)
        if (before is None and after is None) or same(field, *_said(field, old, new)):
            continue
        kind: Kind = "delete" if after is None else "add" if before in (None, ABSENT.get(field)) else "update"
        changes.append(PropertyChange(field, kind, replaces=field != "forceDestroy" and field not in in_place))
    return Diff(tuple(changes))


def _said(field: str, *of: Mapping[str, Any]) -> list[object]:
    """The property in each of these; what an absent setting is equal to, where it is absent."""
    return [absent(field, one) if (value := one.get(field)) is None and field in SETTINGS else value for one in of]


def planned(inputs: Mapping[str, Any], unknown: object, *, on_livekit: bool) -> dict[str, Any]:
    """The properties of a room that is still to be created, as far as a preview knows them."""
    given = flat(inputs)
    shown = {name: value for name in settings_of("relay") if (value := absent(name, given)) is not None}
    own = {room_config.KEY: room_config.planned(inputs)} if on_livekit else {}
    return {**shown, "forceDestroy": False, **inputs, **own, "sid": unknown, "creationTime": unknown}


def updated(old: Mapping[str, Any], new: Mapping[str, Any], in_place: Collection[str]) -> dict[str, Any]:
    """The properties of a room after a change in place, as far as a preview knows them."""
    after = flat(new)
    changed = {name: after.get(name, ABSENT[name]) for name in in_place}
    kept = {name: value for name, value in {**flat(old), **changed}.items() if value is not None}
    own = {room_config.KEY: room_config.planned(new)} if room_config.KEY in old else {}
    return {**nested(kept), **own, "forceDestroy": after.get("forceDestroy") is True}


def outputs(inputs: Mapping[str, Any], live: LiveRoom, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The properties to keep of a live room: its settings as they are live, `sid` and `creationTime`; on LiveKit also
    `roomConfig`, which is as declared.

    An equal setting keeps the spelling of the inputs. What the server, or a preset, chose by itself is not ours to
    compare, and left out; what it does not report has its last applied value. `state` has the properties of before,
    where this is but a look at the room: what was declared does not change by it.
    """
    said, settings = state or inputs, _settings(inputs, live)
    own = {room_config.KEY: said.get(room_config.KEY) or room_config.room_config(said)} if live.on_livekit else {}
    return {
        **(nested(settings) if inputs.get("livekit") else settings),
        **own,
        "forceDestroy": bool(inputs.get("forceDestroy")),
        "sid": live.sid,
        "creationTime": live.creation_time,
    }


def _settings(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    kept, said = {"name": live.name}, flat(inputs)
    for name in names_in(inputs):
        given, shown = said.get(name), reported(name, live, said)
        if given is None and (SETTINGS[name].falls_to or absent(name, said) is None):
            continue
        value = given if shown is None or (given is not None and same(name, given, shown)) else shown
        if value is not None:
            kept[name] = value
    return kept


def inputs_as_live(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    """The inputs that would declare the room as it is live; an equal setting keeps the spelling it has."""
    given, kept = flat(inputs), {}
    for key, value in {**_settings(inputs, live), "forceDestroy": bool(inputs.get("forceDestroy"))}.items():
        if key in given and same(key, given[key], value):
            kept[key] = given[key]
        elif value != ABSENT.get(key):
            kept[key] = value
    return nested(kept)


def imported_inputs(live: LiveRoom) -> dict[str, Any]:
    """The inputs that declare a room found live, with everything that its server reports."""
    chosen = {name: getattr(live, one.field, None) for name, one in SETTINGS.items() if one.absent is None}
    if chosen[DEPARTURE] == chosen[SETTINGS[DEPARTURE].falls_to]:
        del chosen[DEPARTURE]
    if not chosen[AGENTS]:
        del chosen[AGENTS]
    return inputs_as_live(nested({name: value for name, value in chosen.items() if value is not None}), live)
