"""Drift: declared rooms against live ones. Pure functions; the report is a value, printed elsewhere.

Fields carry their schema names, and values are as the server reports them: no limit is 0, no metadata is "".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from relay_provider.model import OWN, SETTINGS, LiveRoom, RoomInputs, absent, flat, names_in, reported, same


@dataclass(frozen=True, slots=True, order=True)
class FieldDifference:
    """One setting that is not as declared."""

    field: str
    declared: Any
    live: Any


@dataclass(frozen=True, slots=True)
class ChangedRoom:
    """A live room with other settings than declared."""

    room: str
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class ProjectDrift:
    """One project's comparison; everything sorted."""

    __pydantic_config__ = ConfigDict(alias_generator=to_camel)

    project: str
    in_sync: int
    missing: tuple[str, ...]
    changed: tuple[ChangedRoom, ...]
    unmanaged: tuple[str, ...]
    not_comparable: tuple[str, ...]

    def drifted(self, strict: bool = False) -> bool:
        """Is anything not as declared? Rooms that nobody declared count only when `strict`."""
        return bool(self.missing or self.changed or (strict and self.unmanaged))

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = TypeAdapter(ProjectDrift).dump_python(self, mode="json", by_alias=True)
        return shape


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The comparison of a whole manifest."""

    projects: tuple[ProjectDrift, ...]
    strict: bool = False

    @property
    def drift(self) -> bool:
        return any(project.drifted(self.strict) for project in self.projects)

    def as_json(self) -> dict[str, Any]:
        """The stable shape of `relay-rooms drift --output json`."""
        return {"drift": self.drift, "projects": [p.as_json() for p in sorted(self.projects, key=lambda p: p.project)]}


def differences(
    declared: RoomInputs, live: LiveRoom, applied: Mapping[str, Any] | None = None
) -> tuple[FieldDifference, ...]:
    """The settings in which the live room is not as declared, sorted by field.

    An absent setting that the server chooses is no difference. What the server does not report is compared with what
    was last `applied` to the very room, where that is known.
    """
    found, given, before = [], declared.settings(), applied or {}
    for name in names_in({"livekit": declared.livekit}, before):
        wanted = absent(name, given) if (said := given.get(name)) is None else said
        if wanted is None or (said is None and SETTINGS[name].falls_to):
            continue
        shown = reported(name, live, given)
        unreported = shown is None
        shown = flat(before).get(name) if unreported else shown
        if (unreported and applied is None) or same(name, wanted, shown):
            continue
        found.append(FieldDifference(name, wanted, shown))
    return tuple(sorted(found, key=lambda one: one.field))


def counting(
    label: str, sharing: Mapping[str, Collection[str]], live: Iterable[LiveRoom], ignore: Collection[str] = ()
) -> list[LiveRoom]:
    """The live rooms that count for this label, where several lead to one project.

    `sharing` has the rooms that each of them declares: what another label declares is managed there, and what nobody
    declares is told once, with the first of the labels, unless it fits one of the patterns to `ignore`.
    """
    own, declared = set(sharing[label]), {name for names in sharing.values() for name in names}
    others = [room for room in live if room.name not in declared] if label == min(sharing) else []
    return [*(room for room in live if room.name in own), *(room for room in others if not ignored(room, ignore))]


def ignored(room: LiveRoom, patterns: Iterable[str]) -> bool:
    """Is the room somebody else's, by one of a manifest's patterns of names?"""
    return any(fnmatchcase(room.name, one) for one in patterns)


def compare(
    project: str, declared: Iterable[RoomInputs], live: Iterable[LiveRoom], not_comparable: Collection[str] = ()
) -> ProjectDrift:
    """One project's declared rooms against its live ones. LiveKit's own settings are not comparable only where a room
    has them."""
    wanted = {room.name: room for room in declared}
    there = {room.name: room for room in live}
    changed = [
        ChangedRoom(name, fields)
        for name, room in sorted(wanted.items())
        if name in there and (fields := differences(room, there[name]))
    ]
    missing = tuple(sorted(wanted.keys() - there.keys()))
    own = {name for room in wanted.values() if room.livekit for name in room.settings()}
    return ProjectDrift(
        project=project,
        in_sync=len(wanted) - len(missing) - len(changed),
        missing=missing,
        changed=tuple(changed),
        unmanaged=tuple(sorted(there.keys() - wanted.keys())),
        not_comparable=tuple(sorted(name for name in not_comparable if not name.startswith(OWN) or name in own)),
    )
