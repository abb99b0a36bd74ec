"""The rules of one manifest file: version, name, defaults, projects, rooms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import PydanticCustomError

from relay_provider.config import ProjectRef
from relay_provider.errors import key_like
from relay_provider.limits import MOST
from relay_provider.manifest import connection, settings
from relay_provider.manifest.names import ALLOWED, is_name
from relay_provider.manifest.problems import At, Broken, Problems
from relay_provider.manifest.reader import WRONG, Reader, kind, shown
from relay_provider.manifest.settings import Settings
from relay_provider.manifest.yamlpos import Map, Node, Pair, Scalar, resolve
from relay_provider.model import FIELDS, RoomInputs
from relay_provider.values import boolean, whole_number, wrong

TOP_KEYS: Final = ("version", "name", "defaults", "projects")


def _patterns(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise wrong('must be a list of patterns, such as ["test-*"]')
    return tuple(value)


OPTIONS: Final[dict[str, Callable[[object], Any]]] = {
    "grouped": boolean,
    "maxEnds": lambda value: whole_number(value, 0, MOST),
    "maxEndsPercent": lambda value: whole_number(value, 0, 100),
    "ignore": _patterns,
}
"""What a project says of all its rooms together, and how that is checked."""
PROJECT_KEYS: Final = (*connection.KEYS, *OPTIONS, "defaults", "rooms")
ROOM_KEYS: Final = tuple(key for key in FIELDS.values() if key != "name")
LABEL_PATTERN: Final = r"^[^\s/](?:[^/]{0,126}[^\s/])?$"

_TOP_HINTS: Final = dict.fromkeys((*connection.KEYS, "rooms"), "belongs to a project; write projects: {LABEL: {…}}")
_ROOM_HINTS: Final = {
    "name": "is not a setting: a room's key is its name",
    **dict.fromkeys((*connection.KEYS, *connection.LIVEKIT_KEYS), "belongs to a project, not to a room or to defaults"),
}


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """A room as one file declares it; `inputs` is None when they are wrong."""

    name: str
    at: At
    inputs: RoomInputs | None


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """A project as one file declares it."""

    ref: ProjectRef
    at: At
    rooms: list[RoomEntry]
    options: Mapping[str, tuple[At, Any]] = field(default_factory=dict)
    """Which of `OPTIONS` are said, where, and what."""


Document = tuple[tuple[At, str] | None, list[ProjectEntry]]
"""What one file declares: where its name stands and the name, and the projects."""


def read(root: Node | None, problems: Problems) -> Document:
    """What a file declares, with its problems noted in `problems`. Raises Broken when it is no manifest at all."""
    if root is None or (isinstance(root, Scalar) and resolve(root) is None):
        raise Broken((1, 1), "the file is empty; a manifest begins with version: 1")
    if not isinstance(root, Map):
        raise Broken(root.at, f"a manifest must be a mapping that begins with version: 1, not {kind(root)}")
    return _Reading(problems).read(root)


class _Reading:
    def __init__(self, problems: Problems) -> None:
        self.say = problems.say
        self.reader = Reader(problems)

    def read(self, root: Map) -> Document:
        top = self.reader.fields(root, "a manifest", TOP_KEYS, _TOP_HINTS, ignored="x-")
        if "version" in top:
            self._version(top["version"][1])
        else:
            self.say(root.at, "version is required; write version: 1")
        name = self._name(top["name"][1]) if "name" in top else None
        defaults = self._defaults(top, {})
        if "projects" not in top:
            self.say(root.at, "projects is required; write projects: {LABEL: {rooms: {…}}}")
            return name, []
        projects = self.reader.fields(top["projects"][1], "projects")
        return name, [self._project(label, pair, defaults, top) for label, pair in projects.items()]

    def _version(self, node: Node) -> None:
        value = self.reader.plain(node)
        if value is not WRONG and (type(value) is not int or value != 1):
            self.say(node.at, f"version must be the number 1, not {shown(node)}")

    def _name(self, node: Node) -> tuple[At, str] | None:
        name = self.reader.text("name", node, " such as rooms-of-acme")
        if name is None:
            return None
        if is_name(name):
            return node.at, name
        wrong = (
            "must not be a key; it is shown to people"
            if key_like(name)
            else f"must have {ALLOWED}, and is {shown(node)}"
        )
        self.say(node.at, f"name {wrong}")
        return None

    def _project(self, label: str, pair: Pair, defaults: Settings, top: Mapping[str, Pair]) -> ProjectEntry:
        key, node = pair
        if not re.fullmatch(LABEL_PATTERN, label) or not label.isprintable():
            self.say(key.at, "a project's label must have 1 to 128 printable characters, without /")
        elif key_like(label):
            self.say(key.at, "a project's label must not be a key; it is shown to people")
        entries = self.reader.fields(node, f"project {label}", PROJECT_KEYS)
        ref = connection.connection(label, entries, self.reader)
        defaults = self._defaults(entries, defaults)
        rooms = self.reader.fields(entries["rooms"][1], "rooms") if "rooms" in entries else {}
        options = {key: node for key, (_, node) in entries.items() if key in OPTIONS}
        self._fitting(ref, entries, top, defaults, rooms)
        declared = [self._room(name, room, defaults) for name, room in rooms.items()]
        return ProjectEntry(ref, key.at, declared, self._options(options))

    def _options(self, nodes: Mapping[str, Node]) -> dict[str, tuple[At, Any]]:
        found: dict[str, tuple[At, Any]] = {}
        for key, node in nodes.items():
            if (value := self.reader.plain(node)) is not WRONG:
                try:
                    found[key] = node.at, OPTIONS[key](value)
                except PydanticCustomError as error:
                    self.say(node.at, f"{key} {error.message()}")
        return found

    def _defaults(self, entries: Mapping[str, Pair], outer: Settings) -> Settings:
        """`outer` with the defaults among `entries` over it. A wrong one is told here, once, and left out."""
        if "defaults" not in entries:
            return outer
        own = self.reader.fields(entries["defaults"][1], "defaults", ROOM_KEYS, _ROOM_HINTS)
        values = settings.said(own, self.reader)
        inputs, wrong = settings.checked("any", values, {**own, "name": entries["defaults"]}, self.reader)
        if inputs is not None:
            values = settings.spelled(values, inputs)
        return settings.over(outer, {key: value for key, value in values.items() if key not in wrong})

    def _room(self, name: str, pair: Pair, defaults: Settings) -> RoomEntry:
        key, node = pair
        own = self.reader.fields(node, f"room {name}", ROOM_KEYS, _ROOM_HINTS)
        values = settings.over(defaults, settings.said(own, self.reader))
        inputs, _ = settings.checked(name, values, {**own, "name": (key, key)}, self.reader)
        return RoomEntry(name, key.at, inputs)

    def _fitting(
        self,
        ref: ProjectRef,
        entries: Mapping[str, Pair],
        top: Mapping[str, Pair],
        kept: Settings,
        rooms: Mapping[str, Pair],
    ) -> None:
        """LiveKit's own settings are for rooms that live there; told where each of them stands."""
        if connection.backend_of(ref) != "relay":
            return
        own = [self._own(entries["defaults"])] if "defaults" in entries else []
        if kept.get("livekit") and not any(own) and "defaults" in top:
            own.append(self._own(top["defaults"]))
        for key in [one for one in (*own, *map(self._own, rooms.values())) if one]:
            where = f"project {ref.label} is on Relay"
            self.say(key.at, f"livekit holds settings of rooms on LiveKit, and {where}; take it out")

    def _own(self, pair: Pair) -> Node | None:
        """The key `livekit` among these settings, if it says anything."""
        found = self.reader.entries(pair[1]).get("livekit") if isinstance(pair[1], Map) else None
        return found[0] if found and self.reader.plain(found[1]) else None
