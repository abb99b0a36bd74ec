"""A room's values: as the engine has them, and as the life cycle does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from relay_provider.changes import imported_inputs, inputs_as_live, outputs
from relay_provider.checks import check
from relay_provider.errors import InvalidInputs, Problem
from relay_provider.model import ABSENT, FIELDS, LiveRoom, RoomInputs, same
from relay_provider.terraform import codec, schema
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.schema import Attribute
from relay_provider.values import UNKNOWN, holds_unknown


@dataclass(frozen=True, slots=True)
class Values:
    """A room's values as the engine has them (`raw`), and under the life cycle's names and in its spelling."""

    raw: dict[str, Any]
    known: dict[str, Any]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, value: pb.DynamicValue) -> Values | None:
        raw = codec.unpacked(value.msgpack)
        return None if raw is None else cls.of(codec.fields(raw))

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Values:
        read = {one.key: one.read(raw.get(one.name)) for one in schema.room()}
        known = {key: value for key, value in read.items() if value is not None}
        checked = check({key: value for key, value in known.items() if key in FIELDS.values()})
        return cls(raw, known if checked.problems else {**known, **checked.inputs}, checked.problems)

    @property
    def name(self) -> str:
        """The room's name; empty when it is not known."""
        name = self.known.get("name")
        return name if isinstance(name, str) else ""

    @property
    def inputs(self) -> dict[str, Any]:
        return {key: value for key, value in self.known.items() if key in FIELDS.values()}

    @property
    def force(self) -> bool:
        return self.known.get("forceDestroy") is True

    def room(self) -> RoomInputs:
        """The room that these values declare. Raises InvalidInputs where they are wrong, or not all known."""
        problems = self.problems or tuple(
            Problem(key, "must be known") for key, value in self.inputs.items() if holds_unknown(value)
        )
        if problems:
            raise InvalidInputs("The room's values are wrong", problems)
        return RoomInputs.model_validate(self.inputs, by_alias=True, by_name=False)

    def as_live(self, live: LiveRoom) -> Values:
        """What the state has of the room, as it is live; an equal setting keeps its spelling."""
        now = outputs(inputs_as_live(self.inputs, live), live, self.known)
        return Values.of({one.name: self._as_live(one, now.get(one.key)) for one in schema.room()})

    def respelt(self, wanted: Values) -> dict[str, Any]:
        """What `wanted` only says in another way, as it is here."""
        return _respelt(schema.room(), "", self.raw, wanted.raw, (self.known, wanted.known))

    def _as_live(self, one: Attribute, now: Any) -> Any:
        before = self.raw.get(one.name)
        if one.key in FIELDS.values() and same(one.key, self.known.get(one.key), now):
            return before
        if one.type == codec.DYNAMIC and isinstance(one.read(before), dict | list):
            now = codec.json_or(now)  # which was written as an object, and is one still
        shown = one.written(now)
        if one.members and isinstance(before, dict) and isinstance(shown, dict):
            shown |= _respelt(one.members, f"{one.key}.", before, shown, (self.known.get(one.key), now))
        return shown

    @classmethod
    def imported(cls, live: LiveRoom) -> Values:
        """Everything that the server reports of a room; what an absent setting means is left out."""
        inputs = imported_inputs(live)
        known = {**{key: outputs(inputs, live).get(key) for key in ("sid", "creationTime", "roomConfig")}, **inputs}
        return cls.of({one.name: one.written(known.get(one.key)) for one in schema.room()}).with_defaults({})

    def but(self, **raw: Any) -> Values:
        """These values with others for some attributes, as they are on the wire."""
        return Values.of({**self.raw, **raw})

    def with_defaults(self, config: Mapping[str, Any]) -> Values:
        """These values, with what the configuration leaves out as what that means and not as it was before."""
        defaults = {one.name: ABSENT.get(one.key) for one in schema.room() if one.optional and one.computed}
        return self.but(**{name: raw for name, raw in defaults.items() if config.get(name) is None})

    def message(self) -> pb.DynamicValue:
        return pb.DynamicValue(msgpack=codec.packed(self.raw))

    def identity(self) -> pb.ResourceIdentityData | None:
        if not self.name:
            return None
        return pb.ResourceIdentityData(identity_data=pb.DynamicValue(msgpack=codec.packed({"name": self.name})))


NOTHING: Final = pb.DynamicValue(msgpack=codec.packed(None))
NOT_MADE: Final = {"sid": UNKNOWN, "creation_time": UNKNOWN}
"""What is known of a room only when it is made."""


def _respelt(
    attributes: tuple[Attribute, ...], prefix: str, here: Any, there: Any, known: tuple[Any, Any]
) -> dict[str, Any]:
    """The raw values `here` of what means the same as `there`, attribute by attribute."""
    found: dict[str, Any] = {}
    for one in attributes:
        before, after = here.get(one.name), there.get(one.name)
        values = [(each or {}).get(one.key) for each in known]
        if not _is_alike(one.type, before, after) or UNKNOWN in values:
            continue
        if one.members and isinstance(before, dict):
            inner = _respelt(one.members, f"{prefix}{one.key}.", before, after, (values[0], values[1]))
            found[one.name] = {**after, **inner}
        elif same(f"{prefix}{one.key}", *values):
            found[one.name] = before
    return found


def _is_alike(type_: codec.Type, one: Any, other: Any) -> bool:
    """Is each part there in both? The engine does not allow that what is absent is said to be as it was."""
    if one is None or other is None or type_ == codec.DYNAMIC:
        return one is not None and other is not None
    match one, other:
        case dict(), dict():
            return isinstance(type_, list) and type_[0] == "object"
        case list(), list():
            return len(one) == len(other) and all(map(_has_the_same_parts, one, other))
    return True


def _has_the_same_parts(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return all((one[key] is None) == (other.get(key) is None) for key in one)
    return True
