"""The nouns: a room as it is declared, a room as it is live, a participant; and the one table of a room's settings.

The one source of field names, limits and descriptions: diff, drift, outputs, wire bodies, the schemas and the tables of
the documentation come from here. Limits are those of the Rooms API document ("Create a room").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field
from pydantic.alias_generators import to_camel
from pydantic_core import ValidationError

from relay_provider.errors import Problem
from relay_provider.values import (
    MAX_METADATA,
    UNKNOWN,
    boolean,
    canonical_metadata,
    holds_unknown,
    kind_of,
    metadata_meaning,
    shown,
    unknown_key,
    whole_number,
    wrong,
)

NAME_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,128}$"
MAX_PARTICIPANTS: Final = 10_000
MAX_EMPTY_TIMEOUT: Final = 86_400

ROOM_NAME: Final = re.compile(NAME_PATTERN)


def _room_name(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"must be a string, not {kind_of(value)}")
    if not ROOM_NAME.fullmatch(value):
        if not value:
            raise wrong("must not be empty")
        if len(value) > 128:
            raise wrong(f"must have at most 128 characters, not {len(value)}")
        raise wrong(f"may hold letters, digits and . _ - : only, not {shown(value)}")
    if value in (".", ".."):
        raise wrong(f"must not be {shown(value)}: an address cannot hold it, so the room could never be ended")
    return value


@dataclass(frozen=True, slots=True)
class Setting:
    """How a live room has a setting: what stands beside the input's type in `RoomInputs`."""

    absent: object
    """What a live room shows when the input is absent; None where the server chooses, so that nothing is compared."""
    limits: str
    when_absent: str
    in_place_on: frozenset[str] = frozenset()
    """The backends that change it while the room goes on; elsewhere a change replaces the room."""
    unreported_by: frozenset[str] = frozenset()
    """The backends that do not tell how a live room has it."""
    meaning: Callable[[Any], object] = lambda value: value
    """What a value means: two values of one meaning are equal."""
    field: str = ""
    """Its name in Python, of inputs and live rooms; filled in by the table below."""


def _optional(known: Callable[[object], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else known(value))


class RoomInputs(BaseModel):
    """A real-time room: who may be in it, how long it lasts when empty, and what clients are told about it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    name: Annotated[str, BeforeValidator(_room_name)] = Field(
        min_length=1,
        max_length=128,
        pattern=NAME_PATTERN,
        description="The room's name, by which people join it: letters, digits and . _ - : (at most 128). "
        "Defaults to the resource's own name. A change replaces the room.",
    )
    max_participants: Annotated[
        int | None,
        _optional(lambda value: whole_number(value, 1, MAX_PARTICIPANTS)),
        Setting(absent=0, limits="1 to 10000", when_absent="no limit"),
    ] = Field(
        default=None,
        ge=1,
        le=MAX_PARTICIPANTS,
        description="How many participants may be in the room at once, 1 to 10000. Absent: no limit.",
    )
    empty_timeout: Annotated[
        int | None,
        _optional(lambda value: whole_number(value, 1, MAX_EMPTY_TIMEOUT)),
        Setting(
            absent=None,
            limits="1 to 86400 seconds",
            when_absent="the server's default",
            unreported_by=frozenset({"relay"}),
        ),
    ] = Field(
        default=None,
        ge=1,
        le=MAX_EMPTY_TIMEOUT,
        description="Seconds that the room stays alive after the last participant left, 1 to 86400. "
        "Absent: the server's default.",
    )
    metadata: Annotated[
        str | None,
        _optional(canonical_metadata),
        Setting(
            absent="",
            limits="a string, or JSON, of at most 4096 characters",
            when_absent="empty",
            in_place_on=frozenset({"livekit"}),
            meaning=metadata_meaning,
        ),
    ] = Field(
        default=None,
        max_length=MAX_METADATA,
        description="What clients are told about the room: a string, or any JSON object or array, which is "
        "stored as canonical JSON (sorted keys, no spaces). At most 4096 characters.",
    )
    force_destroy: Annotated[bool, BeforeValidator(lambda value: False if value is None else boolean(value))] = Field(
        default=False,
        description="Whether the room may be ended by a delete or a replace while people are in it. "
        "Without it such an operation is refused and nobody is disconnected.",
    )

    def props(self) -> dict[str, Any]:
        """The inputs under their schema names; what is absent is left out."""
        return {
            alias: value
            for field, alias in FIELDS.items()
            if (value := getattr(self, field)) is not None and (field != "force_destroy" or value)
        }

    def wire(self) -> dict[str, Any]:
        """The body of "Create a room": name and settings, without what is only ours."""
        return {key: value for key, value in self.props().items() if key == "name" or key in SETTINGS}


FIELDS: Final[Mapping[str, str]] = {name: to_camel(name) for name in RoomInputs.model_fields}
"""Python name → schema name of every input."""


SETTINGS: Final[Mapping[str, Setting]] = {
    to_camel(field): replace(setting, field=field)
    for field, info in RoomInputs.model_fields.items()
    for setting in info.metadata
    if isinstance(setting, Setting)
}
"""The table: every input that is a setting of the live room, by schema name. A new one is a field of `RoomInputs` with
its `Setting`, and a field of `LiveRoom` of the same name where a server reports it."""

ABSENT: Final[Mapping[str, object]] = {
    **{name: one.absent for name, one in SETTINGS.items()},
    "forceDestroy": False,
}
"""What an absent input is equal to."""


def in_place(backend: str) -> frozenset[str]:
    """The settings that this backend changes while the room goes on."""
    return frozenset(name for name, one in SETTINGS.items() if backend in one.in_place_on)


def unreported(backend: str) -> frozenset[str]:
    """The settings that this backend does not report, so that they cannot be compared."""
    return frozenset(name for name, one in SETTINGS.items() if backend in one.unreported_by)


def same(name: str, one: object, other: object) -> bool:
    """Are two values of an input equal, whatever their spelling? The one equality there is; absent is what it means."""
    one, other = (ABSENT.get(name) if value is None else value for value in (one, other))
    if one == other:
        return True
    setting = SETTINGS.get(name)
    return bool(setting and one and other and setting.meaning(one) == setting.meaning(other))


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: the inputs in their one spelling (unknowns kept), and every problem."""

    inputs: dict[str, Any]
    problems: tuple[Problem, ...]


def check(raw: Mapping[str, Any]) -> Checked:
    """Check inputs (schema names) field by field; reports every wrong one at once, lets `UNKNOWN` pass."""
    unknown = {key: UNKNOWN for key, value in raw.items() if key in FIELDS.values() and holds_unknown(value)}
    known = {key: value for key, value in raw.items() if key not in unknown and value is not None}
    if "name" in unknown:
        known["name"] = "unknown"
    try:
        inputs = RoomInputs.model_validate(known, by_alias=True, by_name=False).props()
    except ValidationError as error:
        return Checked({**raw, **unknown}, problems_of(error, FIELDS.values()))
    return Checked({**inputs, **unknown}, ())


def problems_of(error: ValidationError, known: Iterable[str] = ()) -> tuple[Problem, ...]:
    """A pydantic failure as problems, with a "did you mean" for keys that do not exist."""
    return tuple(
        Problem(
            ".".join(str(part) for part in found["loc"]) or "(root)",
            unknown_key(str(found["loc"][-1]), known)
            if found["type"] == "extra_forbidden"
            else "is required"
            if found["type"] == "missing"
            else found["msg"],
        )
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    )


class LiveRoom(BaseModel):
    """A room as a server reports it. `empty_timeout` is None where the backend does not report it."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, validate_by_name=True)

    name: str = Field(alias="room", description="The room's name.")
    sid: str = Field(description="The session ID of the room; another one after the room was recreated.")
    num_participants: int = Field(default=0, ge=0, description="How many participants are connected; may lag.")
    max_participants: int = Field(ge=0, description="How many participants may be in the room; 0 means no limit.")
    creation_time: int = Field(description="When the room was created, in seconds since 1970 (UTC).")
    metadata: str = Field(description="The room's metadata string; empty if none was set.")
    empty_timeout: int | None = Field(
        default=None,
        exclude=True,
        description="Seconds that the room outlives its last participant, where reported.",
    )


class Participant(BaseModel):
    """Somebody connected to a room."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, validate_by_name=True)

    identity: str = Field(description="The participant's unique identity in the room.")
    name: str = Field(description="The participant's display name.")
    state: int = Field(description="Connection state: 0 joining, 1 joined, 2 active, 3 disconnected.")
    joined_at: int = Field(description="When the participant joined, in seconds since 1970 (UTC).")
    tracks: int = Field(ge=0, description="How many tracks the participant is publishing.")


class RoomDetail(LiveRoom):
    """A live room with the participants in it."""

    participants: Annotated[list[Participant], FailFast()] = Field(description="Who is connected, as of the answer.")


class RoomList(BaseModel):
    """Every active room of the project."""

    rooms: Annotated[list[LiveRoom], FailFast()] = Field(description="The rooms, sorted by name.")


class Removal(BaseModel):
    """What became of a participant who was to be disconnected."""

    model_config = ConfigDict(frozen=True, strict=True)

    removed: bool = Field(description="Whether somebody was disconnected; false in a preview.")

    def __bool__(self) -> bool:
        return self.removed
