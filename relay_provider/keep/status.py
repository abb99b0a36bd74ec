"""What is known, as the status page reads it: declared and live rooms side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from relay_provider.drift import FieldDifference
from relay_provider.errors import redacted
from relay_provider.keep.log import Event
from relay_provider.keep.state import ProjectState, State
from relay_provider.model import SETTINGS, LiveRoom, RoomInputs
from relay_provider.version import __version__

LONGEST: Final = 300
"""Characters of one value."""
MOST_PEOPLE: Final = 50
"""Identities of one room."""


def status(state: State) -> dict[str, Any]:
    """Everything that the page shows."""
    projects = sorted(state.projects.values(), key=lambda one: one.label)
    return {
        "version": __version__,
        "began": state.began,
        "interval": state.interval,
        "reloadProblem": redacted(state.reload_problem),
        "recreated": state.recreated,
        "projects": [
            {
                "project": one.label,
                "address": one.address,
                "listedAt": one.listed_at,
                "problem": redacted(one.problem),
                "notComparable": list(one.found.not_comparable) if one.found else [],
            }
            for one in projects
        ],
        "rooms": [room for one in projects for room in _rooms(one)],
        "events": [_event(one) for one in reversed(state.events)],
    }


def _rooms(project: ProjectState) -> Iterable[dict[str, Any]]:
    found = project.found
    changed = {one.room: one.fields for one in found.changed} if found else {}
    missing = set(found.missing) if found else set()
    for name in sorted({*project.declared, *(found.unmanaged if found else ())}):
        declared = project.declared.get(name)
        live = project.live.get(name)
        if declared is None:
            state = "undeclared"
        elif name in missing:
            state = "missing"
        elif name in changed:
            state = "changed"
        else:
            state = "as declared" if found else "unknown"
        people = project.people.get(name, ())
        yield {
            "project": project.label,
            "room": name,
            "state": state,
            "declared": _settings(declared) if declared else None,
            "live": _live(live) if live else None,
            "fields": [_field(one) for one in changed.get(name, ())],
            "people": [_cut(identity) for identity in people[:MOST_PEOPLE]],
        }


def _settings(room: RoomInputs | LiveRoom) -> dict[str, Any]:
    values = (
        room.settings()
        if isinstance(room, RoomInputs)
        else {name: getattr(room, setting.field, None) for name, setting in SETTINGS.items()}
    )
    return {name: _cut(value) for name, value in values.items() if value not in (None, "", 0, [])}


def _live(room: LiveRoom) -> dict[str, Any]:
    return {
        "settings": _settings(room),
        "sid": room.sid,
        "numParticipants": room.num_participants,
        "creationTime": room.creation_time,
    }


def _field(one: FieldDifference) -> Mapping[str, Any]:
    return {"field": one.field, "declared": _cut(one.declared), "live": _cut(one.live)}


def _event(event: Event) -> dict[str, Any]:
    where = {"project": event.project, "room": event.room}
    return {"at": event.at, "event": event.what, "level": event.level, **where, "message": _cut(event.message, 1000)}


def _cut(value: Any, longest: int = LONGEST) -> Any:
    if isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    text = redacted(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
