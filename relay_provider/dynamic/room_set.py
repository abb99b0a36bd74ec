"""`RoomSet` for Python programs: many rooms as one resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from pulumi import CustomResource, Input, Output, ResourceOptions
from pulumi.dynamic import Resource

from relay_provider.config import ProjectRef
from relay_provider.dynamic.livekit import LiveKit, livekit_props
from relay_provider.dynamic.metadata import as_declared
from relay_provider.dynamic.properties import PROVIDER, PROVIDER_KEY
from relay_provider.dynamic.room import IN_PYTHON, IN_STATE, declare_once, short_stack


class RoomSettings(TypedDict, total=False):
    """The settings of a room of a set; limits as for `Room`."""

    max_participants: Input[int]
    empty_timeout: Input[int]
    metadata: Input[str | Mapping[str, Any] | list[Any]]
    livekit: Input[LiveKit | Mapping[str, Any]]
    force_destroy: Input[bool]


Rooms = Mapping[str, RoomSettings | Mapping[str, Any]]


class RoomSet(Resource, module="relay", name="RoomSet"):
    """Many real-time rooms that `pulumi up` keeps as declared, as one resource: a thousand take seconds.

    `rooms` are settings by the rooms' names. A set leaves every other room alone; each of its own has the life cycle of
    a `Room`. When some fail, the others stand, and the next `pulumi up` does the rest.
    """

    rooms: Output[Mapping[str, Mapping[str, Any]]]
    """Each room as it is live, by name: its settings, `sid` and `creation_time`."""

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        *,
        rooms: Input[Rooms],
        project: ProjectRef | None = None,
    ) -> None:
        self.project_ref = project

        def declared(rooms: Rooms) -> dict[str, Any]:
            declare_once(rooms, project, self)
            return {name: _settings(name, one) for name, one in rooms.items()}

        props: dict[str, Any] = {
            "rooms": declared(rooms)
            if isinstance(rooms, Mapping)
            else Output.all(rooms).apply(lambda found: declared(*found)),
            "project": project.as_state() if project else None,
            "resource": resource_name,
            PROVIDER_KEY: PROVIDER,
        }
        with short_stack():
            CustomResource.__init__(self, f"pulumi-python:{self._resource_type_name}", resource_name, props, opts)
        self.rooms = self.rooms.apply(lambda live: live and {name: _in_python(one) for name, one in live.items()})


def _settings(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    settings = {IN_STATE.get(key, key): value for key, value in (given or {}).items() if value is not None}
    if "metadata" in settings:
        settings["metadata"] = as_declared(name, settings["metadata"])
    if "livekit" in settings:
        settings["livekit"] = livekit_props(name, settings["livekit"])
    return settings


def _in_python(room: Mapping[str, Any]) -> dict[str, Any]:
    return {IN_PYTHON.get(key, key): value for key, value in room.items()}
