"""A step of the engine as what it does to rooms: to one, or to each of a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from relay_provider.changes import diff
from relay_provider.model import in_place
from relay_provider.place import Place
from relay_provider.room_set import settings_in

if TYPE_CHECKING:
    from pulumi.automation import StepEventMetadata

ROOM_TYPE: Final = "pulumi-python:dynamic/relay:Room"
SET_TYPE: Final = "pulumi-python:dynamic/relay:RoomSet"

_KIND_OF: Final = {
    **{kind: kind for kind in ("same", "create", "update", "replace", "delete")},
    "create-replacement": "replace",
    "delete-replaced": "left",
}
"""What the engine does to a resource; other steps do nothing to a room."""


@dataclass(frozen=True, slots=True)
class RoomStep:
    """What happens to one room."""

    key: str
    """Tells it apart within a run."""
    project: str
    room: str
    kind: str
    """The engine's word; `left` for what an earlier run, or a replacement in this one, has left over."""
    before: Mapping[str, Any]
    """The inputs that the state has."""
    after: Mapping[str, Any]
    sid: str


def label_of(urn: str) -> str:
    """The project's label: the name of a set, and that of a room until its `/`. A label may hold a `::`."""
    return urn.split("::", 3)[3].partition("/")[0]


def room_steps(step: StepEventMetadata) -> Iterator[RoomStep]:
    """The step, room by room."""
    kind = _KIND_OF.get(step.op.value)
    if kind is None:
        return
    before = dict(step.old.inputs or {}) if step.old and kind != "create" else {}
    after = dict(step.new.inputs or {}) if step.new and kind not in ("delete", "left") else {}
    outputs = dict(step.old.outputs or {}) if step.old else {}
    if step.type == SET_TYPE:
        yield from _of_set(step.urn, kind, before, after, outputs)
    else:
        project, _, room = step.urn.split("::", 3)[3].partition("/")
        yield RoomStep(step.urn, project, room, kind, before, after, str(outputs.get("sid", "")))


def stood_steps(step: StepEventMetadata) -> Iterator[RoomStep]:
    """What was done by a step that failed: nothing to a room of its own, and to a set what its state has now."""
    if step.type == SET_TYPE and step.new and step.op.value in ("create", "update"):
        before, after = (dict(one.inputs or {}) if one else {} for one in (step.old, step.new))
        there, stands = (dict(one.outputs or {}) if one else {} for one in (step.old, step.new))
        after["rooms"] = settings_in(stands.get("rooms") or {})
        yield from _of_set(step.urn, "update", before, after, there)


def _of_set(
    urn: str, kind: str, before: Mapping[str, Any], after: Mapping[str, Any], outputs: Mapping[str, Any]
) -> Iterator[RoomStep]:
    there: Mapping[str, Any] = outputs.get("rooms") or {} if before else {}
    old, new = _spelled(before.get("rooms") or {}, settings_in(there)), after.get("rooms") or {}
    changed_in_place = in_place(Place.from_state(str(after.get("place") or "")).backend)
    for name in sorted({*old, *new}):
        one = kind
        if kind not in ("same", "left"):
            one = "delete" if name not in new else "create" if name not in old else kind
        if one == "update":
            found = diff(old[name], new[name], changed_in_place)
            one = "replace" if found.replaces else "update" if found.changes else "same"
        yield RoomStep(
            f"{urn}#{name}",
            label_of(urn),
            name,
            one,
            _whole(name, old, before),
            _whole(name, new, after),
            str(there.get(name, {}).get("sid", "")),
        )


def _spelled(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The rooms that the state has, spelled as they were declared where they are so."""
    return {
        name: inputs[name] if name in inputs and not diff(props, inputs[name], ()).changes else props
        for name, props in live.items()
    }


def _whole(name: str, rooms: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A room of a set with what its set says for all, as a room of its own has it."""
    if name not in rooms:
        return {}
    shared = {key: inputs[key] for key in ("project", "place") if inputs.get(key)}
    return {**rooms[name], **shared, "name": name}
