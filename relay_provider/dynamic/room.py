"""`Room` for Python programs, and rooms declared from manifests."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

import pulumi
from pulumi import CustomResource, Input, Output, ResourceOptions
from pulumi.dynamic import Resource

from relay_provider.config import ProjectRef
from relay_provider.dynamic.functions import in_sentences, program_settings
from relay_provider.dynamic.livekit import LiveKit, livekit_props
from relay_provider.dynamic.metadata import as_declared, holds_output
from relay_provider.dynamic.properties import PROVIDER, PROVIDER_KEY
from relay_provider.dynamic.scope import resource_of
from relay_provider.errors import RelayError
from relay_provider.model import FIELDS
from relay_provider.place import home_of
from relay_provider.room_config import KEY
from relay_provider.values import did_you_mean

_IN_CONFIG: Final = ("max_participants", "empty_timeout", "metadata", "livekit")
IN_STATE: Final = {**FIELDS, "creation_time": "creationTime", "room_config": KEY}
"""A room's properties: Python name → name in the state."""
_SDK_FRAMES: Final = 5  # from the SDK's stack walk out to `Room.__init__`
_PROGRAM_FRAMES: Final = 1
IN_PYTHON: Final = {alias: name for name, alias in IN_STATE.items()}


class Room(Resource, module="relay", name="Room"):
    """A real-time room that `pulumi up` keeps as declared.

    `name` defaults to the resource's own name. A change of a setting replaces the room, which ends it, but for what
    LiveKit changes in place: `metadata` and agents. An occupied room is ended only with `force_destroy`. Limits are
    those of the Rooms API document: see `relay_provider.model.RoomInputs`.

    On LiveKit, `room_config` has the declared settings for the `roomConfig` of join tokens (`join_token` makes such).
    It is a secret where a setting is an output.
    """

    if TYPE_CHECKING:  # the SDK would evaluate annotations for each room anew
        name: Output[str]
        max_participants: Output[int]
        empty_timeout: Output[int | None]
        metadata: Output[str]
        livekit: Output[Mapping[str, Any] | None]
        force_destroy: Output[bool]
        sid: Output[str]
        creation_time: Output[int]
        room_config: Output[str | None]

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        *,
        name: Input[str] | None = None,
        max_participants: Input[int] | None = None,
        empty_timeout: Input[int] | None = None,
        metadata: Input[str | Mapping[str, Any] | list[Any]] | None = None,
        livekit: Input[LiveKit | Mapping[str, Any]] | None = None,
        force_destroy: Input[bool] | None = None,
        project: ProjectRef | None = None,
    ) -> None:
        room_name = resource_name if name is None else name
        self.project_ref = project
        declare_once([room_name], project, self)
        props: dict[str, Any] = {
            "name": room_name,
            "max_participants": max_participants,
            "empty_timeout": empty_timeout,
            "metadata": None if metadata is None else as_declared(resource_name, metadata),
            "livekit": None if livekit is None else livekit_props(resource_name, livekit),
            "force_destroy": force_destroy,
            "sid": None,
            "creation_time": None,
            "room_config": None,
            PROVIDER_KEY: PROVIDER,
        }
        if project:
            props["project"] = project.as_state()
        if resource_name != resource_of(room_name, project):
            props["resource"] = resource_name
        if any(holds_output(props[field]) for field in _IN_CONFIG):  # whether it is secret, nobody knows by now
            opts = ResourceOptions.merge(opts, ResourceOptions(additional_secret_outputs=["room_config"]))
        with short_stack():
            CustomResource.__init__(self, f"pulumi-python:{self._resource_type_name}", resource_name, props, opts)
        _wait_for_id_alone(self)

    def translate_input_property(self, prop: str) -> str:
        return IN_STATE.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        return IN_PYTHON.get(prop, prop)


@contextmanager
def short_stack() -> Iterator[None]:
    """Keep to the innermost frames the stack trace that the SDK stores with each resource: whole, it is 1.2 kB of
    the SDK's own files, more than all the rest of a room's state."""
    limit = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = _SDK_FRAMES + _PROGRAM_FRAMES
    try:
        yield
    finally:
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit


def _wait_for_id_alone(room: Room) -> None:
    """Have the SDK wait for the room's ID and URN, not for each property as well: they come in one answer, and the time
    the SDK takes grows with the square of what it waits for. What a program derives from a property is waited for."""
    for name, output in vars(room).items():
        # Older SDKs have no such thing, and wait for everything.
        if isinstance(output, Output) and name not in ("id", "urn") and hasattr(output, "_untrack"):
            output._untrack()


_declared: WeakKeyDictionary[Any, WeakValueDictionary[tuple[object, str], Any]] = WeakKeyDictionary()
"""The rooms of each program run, by the run's stack resource, which holds what declares them: one process may run
several programs."""


_homes: WeakKeyDictionary[Any, dict[ProjectRef | None, object]] = WeakKeyDictionary()
"""Where each project of a program run lives; found once, not for each of its rooms."""


def _home(run: object, project: ProjectRef | None) -> object:
    known = _homes.setdefault(run, {})
    if project not in known:
        known[project] = project  # where its key is not set in this process
        with suppress(RelayError):
            known[project] = home_of(program_settings(project))
    return known[project]


def declare_once(names: Iterable[Input[str]], project: ProjectRef | None, by: Resource) -> None:
    """Note that a resource declares these rooms. Raise where the program declares one twice."""
    run = pulumi.runtime.get_root_resource()
    if run is None:
        return
    seen, where = _declared.setdefault(run, WeakValueDictionary()), _home(run, project)

    @in_sentences()
    def declare(name: str) -> None:
        if (where, name) in seen:
            label = f" of project {project.label}" if project else ""
            raise RelayError(
                f'Room "{name}"{label} is declared twice in this program; rooms are known by their names, so '
                "give one of them another name, or declare it once."
            )
        seen[where, name] = by

    for name in names:
        if isinstance(name, str):
            declare(name)
        else:
            Output.all(name).apply(lambda known: declare(known[0]))


def declared_by(name: str, project: ProjectRef | None) -> Any:
    """The resource by which the program has declared the room. Raises RelayError where none has."""
    run = pulumi.runtime.get_root_resource()
    seen, where = _declared.get(run) or WeakValueDictionary(), _home(run, project)
    if found := seen.get((where, name)):
        return found
    names = [other for home, other in seen if home == where]
    label = f" in project {project.label}" if project else ""
    hint = did_you_mean(name, names, "; declare it first.")
    raise RelayError(f'This program has declared no room "{name}"{label}{hint}')
