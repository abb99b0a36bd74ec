"""A step of the engine as what it does to rooms: to one, or to each of a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from relay_provider.changes import diff
from relay_provider.dynamic.properties import PROVIDER_KEY
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


def named(urn: str) -> tuple[str, str]:
    """The project and the room, which make the resource's name: all after the third `::`, for a label may hold one."""
    label, _, room = urn.split("::", 3)[3].partition("/")
    return label, room


def label_of(urn: str) -> str:
    """The project's label, which alone is the name of a set."""
    return named(urn)[0]


def rooms_of_set(props: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each room of a set, by these inputs or outputs, as a room of its own has them."""
    shared = {key: props[key] for key in ("project", "place", PROVIDER_KEY) if props.get(key)}
    return {name: {**room, **shared, "name": name} for name, room in (props.get("rooms") or {}).items()}


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
        yield RoomStep(step.urn, *named(step.urn), kind, before, after, str(outputs.get("sid", "")))


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
    there = rooms_of_set(outputs) if before else {}
    old, new = _spelled(rooms_of_set(before), there), rooms_of_set(after)
    changed_in_place = in_place(Place.from_state(str(after.get("place") or "")).backend)
    for name in sorted({*old, *new}):
        one, was, will = kind, old.get(name, {}), new.get(name, {})
        if kind not in ("same", "left"):
            one = "delete" if not will else "create" if not was else kind
        if one == "update":
            found = diff(was, will, changed_in_place)
            one = "replace" if found.replaces else "update" if found.changes else "same"
        sid = str(there.get(name, {}).get("sid", ""))
        yield RoomStep(f"{urn}#{name}", label_of(urn), name, one, was, will, sid)


def _spelled(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The rooms that the state has, spelled as they were declared where they are so."""
    settings = settings_in(live)
    return {
        name: inputs[name] if name in inputs and not diff(props, inputs[name], ()).changes else {**live[name], **props}
        for name, props in settings.items()
    }
