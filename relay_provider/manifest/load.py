"""Several manifest files as one manifest."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from relay_provider.config import WRITTEN, ProjectRef
from relay_provider.limits import UNSAID, EndLimits
from relay_provider.manifest.document import ProjectEntry, read
from relay_provider.manifest.problems import At, Broken, ManifestError, ManifestProblem, Position, Problems
from relay_provider.manifest.source import decoded, text_of
from relay_provider.manifest.yamlpos import compose
from relay_provider.model import RoomInputs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Project:
    """A project and the rooms declared in it, in the order of the files."""

    ref: ProjectRef
    rooms: tuple[RoomInputs, ...]
    grouped: bool = False
    """Are the rooms one resource, a set?"""
    limits: EndLimits = UNSAID
    """How many of its rooms a run may end."""
    ignore: tuple[str, ...] = ()
    """Patterns of names: undeclared rooms that others own."""

    def options(self) -> dict[str, Any]:
        """What the project says of all its rooms together, as a manifest has it."""
        said = {
            "grouped": self.grouped or None,
            "maxEnds": self.limits.rooms,
            "maxEndsPercent": self.limits.percent,
            "ignore": list(self.ignore) or None,
        }
        return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that the files declare, checked."""

    projects: tuple[Project, ...]
    name: str | None = None
    files: tuple[str, ...] = field(default=(), compare=False)
    _places: Mapping[tuple[str, str], Position] = field(default_factory=dict, repr=False, compare=False)

    def position(self, project: str, room: str) -> Position:
        """Where the room of the project (by label) is declared. KeyError if it is not."""
        return self._places[project, room]


def load(paths: Sequence[str | os.PathLike[str]]) -> Manifest:
    """The manifest that the files make together; a file that is named twice is read once.

    A file's defaults, and a project's, count for the rooms that stand with them in the same file. Raises
    ManifestError with every problem of every file.
    """
    files: dict[str, str] = {}
    for path in paths:
        files.setdefault(os.path.abspath(path), os.fspath(path))  # noqa: PTH100, Path would change how it is spelt
    return _together({file: partial(text_of, file) for file in files.values()})


def from_text(text: str, file: str) -> Manifest:
    """The manifest that a text makes, which is called `file` in messages. Raises ManifestError with every problem."""
    return _together({file: lambda: decoded(text.encode(errors="surrogatepass"))})


def _together(texts: Mapping[str, Callable[[], str]]) -> Manifest:
    gathered: dict[str, _Gathered] = {}
    named: tuple[Position, str] | None = None
    found: list[ManifestProblem] = []
    with _no_collector():
        for file, text in texts.items():
            problems = Problems(file)
            try:
                name, projects = read(compose(text()), problems)
                named = _agreed("name", named, name, problems) if name else named
                _gather(projects, problems, gathered)
            except Broken as error:
                problems.say(error.at, error.message)
            found += problems.found()
    if found or not texts:
        raise ManifestError(found)
    return Manifest(
        tuple(one.project() for one in gathered.values()),
        named[1] if named else None,
        tuple(texts),
        {(label, room): place for label, project in gathered.items() for room, place in project.places.items()},
    )


@contextmanager
def _no_collector() -> Iterator[None]:
    """Pauses the cyclic garbage collector: nodes hold no cycles, and scanning them again and again is half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(slots=True)
class _Gathered:
    """What the files say of one project; `place` is where its connection is said, or else its first mention."""

    ref: ProjectRef
    place: Position
    rooms: list[RoomInputs] = field(default_factory=list)
    places: dict[str, Position] = field(default_factory=dict)
    options: dict[str, tuple[Position, Any]] = field(default_factory=dict)

    def project(self) -> Project:
        said = {key: value for key, (_, value) in self.options.items()}
        limits = EndLimits(said.get("maxEnds"), said.get("maxEndsPercent"))
        return Project(self.ref, tuple(self.rooms), said.get("grouped", False), limits, said.get("ignore", ()))


def _agreed(what: str, known: tuple[Position, T] | None, found: tuple[At, T], problems: Problems) -> tuple[Position, T]:
    """What the files say of one thing after one more, which may say it again."""
    at, value = found
    if known and known[1] != value:
        here, there = (one if isinstance(one, str) else json.dumps(one) for one in (value, known[1]))
        problems.say(
            at, f"{what} is {here} here and {there} at {known[0]}; one manifest says it once, or the same everywhere"
        )
    return known or (problems.position(at), value)


def _gather(entries: Iterable[ProjectEntry], problems: Problems, gathered: dict[str, _Gathered]) -> None:
    """Add one file's projects to those of the files before it."""
    for entry in entries:
        label = entry.ref.label
        known = gathered.setdefault(label, _Gathered(entry.ref, problems.position(entry.at)))
        silent = ProjectRef(label)
        if known.ref == silent:
            known.ref, known.place = entry.ref, problems.position(entry.at)
        elif entry.ref not in (silent, known.ref):
            differ = [name for one, name in WRITTEN.items() if getattr(entry.ref, one) != getattr(known.ref, one)]
            problems.say(
                entry.at,
                f"project {label} has another connection at {known.place} "
                f"({', '.join(differ)} differ); say it in one place, or the same in both",
            )
        for key, said in entry.options.items():
            known.options[key] = _agreed(f"{key} of project {label}", known.options.get(key), said, problems)
        for room in entry.rooms:
            if room.name in known.places:
                first = known.places[room.name]
                problems.say(room.at, f"room {room.name} of project {label} is declared at {first} already")
                continue
            known.places[room.name] = problems.position(room.at)
            if room.inputs is not None:
                known.rooms.append(room.inputs)
