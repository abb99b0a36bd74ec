"""A room's values: as the engine has them, and as the life cycle does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from relay_provider.changes import imported_inputs, inputs_as_live, outputs
from relay_provider.errors import InvalidInputs, Problem
from relay_provider.model import ABSENT, FIELDS, LiveRoom, RoomInputs, check, same
from relay_provider.terraform import codec, schema
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
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
        now = outputs(inputs_as_live(self.inputs, live), live)
        return Values.of({one.name: self._as_live(one, now.get(one.key)) for one in schema.room()})

    def respelt(self, wanted: Values) -> dict[str, Any]:
        """What `wanted` only says in another way, as it is here. The engine does not allow it of what is absent."""
        here = {one.name: self.raw.get(one.name) for one in schema.room() if wanted.raw.get(one.name) is not None}
        keys = {one.name: one.key for one in schema.room()}
        return {
            name: raw
            for name, raw in here.items()
            if raw is not None and same(keys[name], self.known.get(keys[name]), wanted.known.get(keys[name]))
        }

    def _as_live(self, one: schema.Attribute, now: Any) -> Any:
        if one.key in FIELDS.values() and same(one.key, self.known.get(one.key), now):
            return self.raw.get(one.name)
        if one.type == codec.DYNAMIC and isinstance(one.read(self.raw.get(one.name)), dict | list):
            now = codec.json_or(now)  # which was written as an object, and is one still
        return one.written(now)

    @classmethod
    def imported(cls, live: LiveRoom) -> Values:
        """Everything that the server reports of a room; what an absent setting means is left out."""
        known = {**imported_inputs(live), "sid": live.sid, "creationTime": live.creation_time}
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
