"""Many rooms as one resource, as values: a map from names to settings, checked, compared and kept.

A set owns its own names and leaves every other room alone. What is done with one is in `set_cycle`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from relay_provider import changes, checks, room_config
from relay_provider.changes import Diff, PropertyChange, imported_inputs, inputs_as_live, outputs
from relay_provider.checks import Checked
from relay_provider.errors import Problem
from relay_provider.model import FIELDS, LiveRoom
from relay_provider.place import Place
from relay_provider.values import UNKNOWN, Unknown, kind_of

Props = Mapping[str, Any]
Set = Mapping[str, Props]
"""Each room's properties by its name, which is not among them."""


def path(name: str, field: str = "") -> str:
    """A room of a set, or one of its settings, as a property path."""
    return f"rooms[{json.dumps(name, ensure_ascii=False)}]" + (f".{field}" if field else "")


def by(resource: str, name: str) -> str:
    """What a run calls that which has this room of a set."""
    return resource + path(name).removeprefix("rooms")


def check(rooms: object, place: Place | None = None) -> Checked:
    """Check a set's `rooms` (in a place); the inputs come in their one spelling, and every problem of every room."""
    if isinstance(rooms, Unknown):
        return Checked({"rooms": UNKNOWN}, ())
    if not isinstance(rooms, Mapping):
        why = "is required" if rooms is None else f"must be a map from names to settings, not {kind_of(rooms)}"
        return Checked({"rooms": rooms}, (Problem("rooms", why),))
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, settings in rooms.items():
        if isinstance(settings, Unknown):
            found[name] = UNKNOWN
        elif settings is not None and not isinstance(settings, Mapping):
            problems.append(Problem(path(name), f"must be a room's settings, not {kind_of(settings)}"))
        elif "name" in (settings or ()):
            problems.append(Problem(path(name, "name"), "is the room's key in the map already"))
        else:
            one = checks.check({**(settings or {}), "name": name}, place)
            problems += [Problem(path(name, "" if p.path == "name" else p.path), p.message) for p in one.problems]
            found[name] = nameless(one.inputs)
    return Checked({"rooms": found}, tuple(problems))


def diff(old: Set, new: Set | Unknown, in_place: Collection[str]) -> Diff:
    """What has to happen to the set's rooms, by their paths. The set itself is never replaced by it."""
    if isinstance(new, Unknown):
        return Diff((PropertyChange("rooms", "update", replaces=False),))
    found: list[PropertyChange] = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append(PropertyChange(path(name), "delete", replaces=False))
        elif name not in old:
            found.append(PropertyChange(path(name), "add", replaces=False))
        elif isinstance(new[name], Unknown):
            found.append(PropertyChange(path(name), "update", replaces=False))
        else:
            for one in changes.diff(old[name], new[name], in_place).changes:
                found.append(PropertyChange(path(name, one.field), one.kind, replaces=False))
    return Diff(tuple(found))


def declared(new: Set | Unknown) -> Iterator[tuple[str, bool]]:
    """Each room that the inputs declare, as far as they are known, and whether an occupied one may be ended for it."""
    for name, settings in () if isinstance(new, Unknown) else new.items():
        yield name, not isinstance(settings, Unknown) and settings.get("forceDestroy") is True


def rooms_of(new: Set | Unknown) -> dict[str, Props]:
    """The rooms' inputs, as far as they are known."""
    known = {} if isinstance(new, Unknown) else new
    return {name: props for name, props in known.items() if not isinstance(props, Unknown)}


def outputs_of(inputs: Set, live: Mapping[str, LiveRoom], state: Set) -> dict[str, Props]:
    """The properties to keep of the live rooms, after a look at them."""
    return {name: nameless(outputs(inputs.get(name, {}), room, state.get(name))) for name, room in live.items()}


def inputs_of(inputs: Set | None, live: Mapping[str, LiveRoom]) -> dict[str, Props]:
    """The inputs that would declare the rooms as they are live; without `inputs`, with all that the server reports."""
    if inputs is None:
        return {name: nameless(imported_inputs(room)) for name, room in live.items()}
    return {name: nameless(inputs_as_live(inputs.get(name, {}), room)) for name, room in live.items()}


def settings_in(state: Set) -> dict[str, Props]:
    """What declares the rooms, among the properties that a state keeps of them."""
    return {name: {key: props[key] for key in FIELDS.values() if key in props} for name, props in state.items()}


def planned(new: Set | Unknown, old: Set, *, on_livekit: bool) -> Any:
    """The rooms as they will be, as far as a preview knows."""

    def one(props: Props, before: Props | None) -> Props:
        made = changes.planned(props, UNKNOWN, on_livekit=on_livekit)
        if before is None:
            return made
        stays = {key: made[key] for key in (*props, "forceDestroy", room_config.KEY) if key in made}
        return {**stays, "sid": before.get("sid")}

    if isinstance(new, Unknown):
        return UNKNOWN
    return {
        name: props if isinstance(props, Unknown) else nameless(one(props, old.get(name)))
        for name, props in new.items()
    }


def nameless(props: Props) -> dict[str, Any]:
    """A room's properties as a set has them."""
    return {key: value for key, value in props.items() if key != "name"}
