"""What a run is about to make, noted in a tag of its stack: where the state is written at the end alone, a run that is
killed leaves rooms that no state has.

A note counts for as long as the state is the very one that it was written beside; what is live as it says, and not in
that state, is then the killed run's.
"""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from relay_provider.cli.state import Deployment, lacking, written
from relay_provider.cli.steps import ROOM_TYPE, SET_TYPE, rooms_of_set
from relay_provider.config import Connection, Lookup, ProjectRef
from relay_provider.drift import differences
from relay_provider.dynamic.properties import own
from relay_provider.errors import ConfigError, RelayError
from relay_provider.manifest import Project
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.session import Session, run_in_session


@dataclass(frozen=True, slots=True)
class Intent:
    """The rooms that a run makes if it comes to its end, and when the state was written that lacks them."""

    beside: str
    projects: tuple[Project, ...]

    def as_tag(self) -> str:
        """The text of the tag; it holds references to keys, as a state does, and none of them."""
        projects = [
            {"project": one.ref.as_state(), "rooms": [room.props() for room in one.rooms]} for one in self.projects
        ]
        text = json.dumps({"beside": self.beside, "projects": projects}, separators=(",", ":"))
        return base64.b64encode(zlib.compress(text.encode())).decode()

    @classmethod
    def from_tag(cls, name: str, text: str) -> Intent:
        """What `as_tag` wrote."""
        try:
            found = json.loads(zlib.decompress(base64.b64decode(text)))
            projects = (
                Project(
                    ProjectRef.from_state(one["project"]),
                    tuple(RoomInputs.model_validate(room) for room in one["rooms"]),
                )
                for one in found["projects"]
            )
            return cls(found["beside"], tuple(projects))
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
            raise RelayError(
                f"The stack's tag {name}, in which a run notes what it makes, is damaged; remove it with `pulumi stack "
                "tag rm`, and end by hand what that run has made if it was killed."
            ) from None


def lost(notes: Mapping[str, str], state: Deployment) -> Iterator[Project]:
    """What killed runs may have made, by their notes, that the state lacks."""
    for name, text in notes.items():
        if (intent := Intent.from_tag(name, text)).beside == written(state):
            yield from lacking(state, intent.projects)


def begun(state: Deployment) -> list[Project]:
    """What a killed run was just making that the state lacks, by the engine's own notes: it takes them where it writes
    each step."""
    inputs: list[Mapping[str, Any]] = []
    for one in state.get("pending_operations") or ():
        kind, props = one["resource"]["type"], one["resource"].get("inputs") or {}
        if kind == ROOM_TYPE and one.get("type") == "creating":
            inputs.append(props)
        elif kind == SET_TYPE and one.get("type") in ("creating", "updating"):
            inputs += rooms_of_set(props).values()
    rooms = [
        Project(ProjectRef.from_state(props["project"]), (RoomInputs.model_validate(own(props)),))
        for props in inputs
        if props.get("project")
    ]
    return lacking(state, rooms)


def without(projects: Iterable[Project], declared: Collection[Project]) -> list[Project]:
    """The projects without rooms that are declared just so."""
    taken = {(one.ref, room) for one in declared for room in one.rooms}
    left = (replace(one, rooms=tuple(room for room in one.rooms if (one.ref, room) not in taken)) for one in projects)
    return [one for one in left if one.rooms]


def stale(notes: Mapping[str, str], state: Deployment) -> list[str]:
    """The notes that no longer count."""
    return [name for name, text in notes.items() if Intent.from_tag(name, text).beside != written(state)]


def alive(projects: Sequence[Project], base: Connection, lookup: Lookup) -> list[Project]:
    """Of these projects' rooms those that are live as declared; by a fresh list of each."""
    if not projects:
        return []
    found = [(one, _settings(one, base, lookup)) for one in projects]

    async def listed(session: Session) -> list[list[LiveRoom]]:
        places = list({where: None for _, where in found})
        lists = dict(zip(places, await asyncio.gather(*(session.rooms(where).list() for where in places)), strict=True))
        return [await session.rooms(where).with_agents(lists[where], one.rooms) for one, where in found]

    kept: dict[tuple[str, str], Project] = {}  # two notes may hold one room
    for one, rooms in zip(projects, run_in_session(listed), strict=True):
        live = {room.name: room for room in rooms}
        for room in one.rooms:
            if room.name in live and not differences(room, live[room.name]):
                kept[one.ref.label, room.name] = replace(one, rooms=(room,), grouped=False)  # which moves nobody
    return list(kept.values())


def _settings(project: Project, base: Connection, lookup: Lookup) -> Connection:
    try:
        return project.ref.settings(base, lookup)
    except ConfigError as error:
        raise RelayError(
            f"A run that was killed may have made rooms of project {project.ref.label}, which are to be found with the "
            f"key that it had: {error} If that key is gone for good, give another one that is accepted there, and "
            "end those rooms by hand."
        ) from None
