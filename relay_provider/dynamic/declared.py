"""Rooms declared from manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pulumi import ResourceOptions

from relay_provider.dynamic.functions import in_sentences
from relay_provider.dynamic.room import Room
from relay_provider.dynamic.room_set import RoomSet
from relay_provider.dynamic.scope import resource_of
from relay_provider.manifest import Project, load


def declare_rooms(*paths: str | Path, opts: ResourceOptions | None = None) -> dict[str, Room | RoomSet]:
    """Declare every room of the manifests, as `<project>/<room>`; those of a grouped project as one set, `<project>`.

    Several files make one manifest. Raises ManifestError with every error of every file, and then declares nothing.
    """
    with in_sentences():
        manifest = load([Path(path) for path in paths])
    return declare_projects(manifest.projects, opts)


def declare_projects(projects: Iterable[Project], opts: ResourceOptions | None = None) -> dict[str, Room | RoomSet]:
    """Declare every room of these projects, named in the same way."""
    return {name: one for project in projects for name, one in _declared(project, opts)}


def _declared(project: Project, opts: ResourceOptions | None) -> Iterator[tuple[str, Room | RoomSet]]:
    if project.grouped:
        label = project.ref.label
        rooms = {
            room.name: {key: value for key, value in room.props().items() if key != "name"} for room in project.rooms
        }
        yield label, RoomSet(label, opts, rooms=rooms, project=project.ref)
        return
    for room in project.rooms:
        name = resource_of(room.name, project.ref)
        yield (
            name,
            Room(
                name,
                opts,
                name=room.name,
                max_participants=room.max_participants,
                empty_timeout=room.empty_timeout,
                metadata=room.metadata,
                livekit=room.livekit.props() if room.livekit else None,
                force_destroy=room.force_destroy or None,
                project=project.ref,
            ),
        )
