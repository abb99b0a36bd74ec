"""What changes of a room's properties mean, and what is kept of a live room. Pure functions, by the model's table.

Properties are mappings under schema names; values that a preview does not know yet are `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from relay_provider.model import ABSENT, FIELDS, SETTINGS, LiveRoom, same

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
    for field in FIELDS.values():
        before, after = old.get(field), new.get(field)
        if same(field, before, after):
            continue
        kind: Kind = "delete" if after is None else "add" if before in (None, ABSENT.get(field)) else "update"
        changes.append(PropertyChange(field, kind, replaces=field != "forceDestroy" and field not in in_place))
    return Diff(tuple(changes))


def planned(inputs: Mapping[str, Any], unknown: object) -> dict[str, Any]:
    """The properties of a room that is still to be created, as far as a preview knows them."""
    shown = {name: value for name, value in ABSENT.items() if value is not None}
    return {**shown, **inputs, "sid": unknown, "creationTime": unknown}


def outputs(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    """The properties to keep of a live room: its settings as they are live, `sid` and `creationTime`.

    An equal setting keeps the spelling of the inputs. What the server chose by itself is not ours to compare, and left
    out; what it does not report has its last applied value.
    """
    kept: dict[str, Any] = {"name": live.name}
    for name, setting in SETTINGS.items():
        given, shown = inputs.get(name), getattr(live, setting.field)
        if given is None and setting.absent is None:
            continue
        kept[name] = given if shown is None or (given is not None and same(name, given, shown)) else shown
    return {
        **kept,
        "forceDestroy": bool(inputs.get("forceDestroy")),
        "sid": live.sid,
        "creationTime": live.creation_time,
    }


def inputs_as_live(inputs: Mapping[str, Any], live: LiveRoom) -> dict[str, Any]:
    """The inputs that would declare the room as it is live; an equal setting keeps the spelling it has."""
    kept: dict[str, Any] = {}
    for key, value in outputs(inputs, live).items():
        if key in inputs and same(key, inputs[key], value):
            kept[key] = inputs[key]
        elif key in FIELDS.values() and value != ABSENT.get(key):
            kept[key] = value
    return kept


def imported_inputs(live: LiveRoom) -> dict[str, Any]:
    """The inputs that declare a room found live, with everything that its server reports."""
    chosen = {name: getattr(live, one.field) for name, one in SETTINGS.items() if one.absent is None}
    return inputs_as_live(chosen, live)
