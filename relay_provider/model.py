"""The nouns: a room as it is declared, a room as it is live, a participant.

The one source of field names, limits and descriptions; the Pulumi schema and the manifest's JSON Schema are
generated from here. Limits are those of the Rooms API document ("Create a room").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, ValidationError

from relay_provider.errors import Problem, redacted

NAME_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,128}$"
MAX_PARTICIPANTS: Final = 10_000
MAX_EMPTY_TIMEOUT: Final = 86_400
MAX_METADATA: Final = 4096

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class _Unknown:
    """Stands for a value that a preview does not know yet; passes every check, equals nothing but itself."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def wrong(message: str) -> PydanticCustomError:
    """A validation failure with exactly this message (braces and all)."""
    return PydanticCustomError("relay", "{message}", {"message": message})


def kind_of(value: object) -> str:
    """A value's type in the words of YAML and JSON, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
    return f"a {type(value).__name__}"


def _shown(value: object) -> str:
    match value:
        case str():
            text = redacted(value)
            text = json.dumps(text if len(text) <= 40 else text[:39] + "…", ensure_ascii=False)
            return text.encode(errors="backslashreplace").decode()
        case int() if not isinstance(value, bool):
            return str(value) if abs(value) < 10**21 else "a number of more than 20 digits"
        case float():
            return str(value)
    return kind_of(value)


def _room_name(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"must be a string, not {kind_of(value)}")
    if not _NAME.fullmatch(value):
        if not value:
            raise wrong("must not be empty")
        if len(value) > 128:
            raise wrong(f"must have at most 128 characters, not {len(value)}")
        raise wrong(f"may hold letters, digits and . _ - : only, not {_shown(value)}")
    return value


def whole_number(value: object, low: int, high: int) -> int:
    """`value` as an integer within limits. Pulumi's numbers are floats, so 50.0 is 50; true is no number."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, bool) or not isinstance(whole, int) or not low <= whole <= high:
        raise wrong(f"must be a whole number from {low} to {high}, not {_shown(value)}")
    return whole


def _plain(value: object) -> object:
    """JSON data in its one spelling: whole floats as integers; nothing JSON cannot say."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise wrong("must not hold NaN or Infinity, which JSON cannot say")
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise wrong(f"must have strings as keys, not {kind_of(key)} ({_shown(key)})")
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    raise wrong(f"must hold JSON data only, not {kind_of(value)}")


def canonical_json(value: object) -> str:
    """The one spelling of JSON data: sorted keys, no spaces, UTF-8 kept, 50.0 as 50."""
    try:
        return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise wrong("is nested too deeply") from None
    except PydanticCustomError:
        raise
    except ValueError:  # Python writes no integer of more than 4300 digits
        raise wrong("must not hold a number of thousands of digits") from None


def canonical_metadata(value: object) -> str:
    """Metadata as the string that is stored: a string as it is, an object or array as canonical JSON."""
    if isinstance(value, Mapping | list | tuple):
        text = canonical_json(value)
    elif isinstance(value, str):
        text = value
    else:
        raise wrong(f"must be a string, or an object or list that becomes JSON, not {kind_of(value)}")
    if len(text) > MAX_METADATA:
        raise wrong(f"must have at most {MAX_METADATA} characters, not {len(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise wrong("must be valid Unicode: it holds half of a surrogate pair") from None
    return text


def metadata_meaning(text: str) -> str:
    """What a metadata string means, for comparison: two spellings of one JSON object or array are equal."""
    if text[:1] not in "{[" and text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {_shown(value)}")
    return value


RoomName = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN),
    BeforeValidator(_room_name),
]


class RoomInputs(BaseModel):
    """A real-time room: who may be in it, how long it lasts when empty, and what clients are told about it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    name: Annotated[RoomName, Field(min_length=1, max_length=128)] = Field(
        description="The room's name, by which people join it: letters, digits and . _ - : (at most 128). "
        "Defaults to the resource's own name. A change replaces the room."
    )
    max_participants: Annotated[
        int | None, BeforeValidator(lambda v: None if v is None else whole_number(v, 1, MAX_PARTICIPANTS))
    ] = Field(
        default=None,
        ge=1,
        le=MAX_PARTICIPANTS,
        description="How many participants may be in the room at once, 1 to 10000. Absent: no limit.",
    )
    empty_timeout: Annotated[
        int | None, BeforeValidator(lambda v: None if v is None else whole_number(v, 1, MAX_EMPTY_TIMEOUT))
    ] = Field(
        default=None,
        ge=1,
        le=MAX_EMPTY_TIMEOUT,
        description="Seconds that the room stays alive after the last participant left, 1 to 86400. "
        "Absent: the server's default.",
    )
    metadata: Annotated[str | None, BeforeValidator(lambda v: None if v is None else canonical_metadata(v))] = Field(
        default=None,
        max_length=MAX_METADATA,
        description="What clients are told about the room: a string, or any JSON object or array, which is "
        "stored as canonical JSON (sorted keys, no spaces). At most 4096 characters.",
    )
    force_destroy: Annotated[bool, BeforeValidator(lambda v: False if v is None else _boolean(v))] = Field(
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


FIELDS: Final[Mapping[str, str]] = {name: to_camel(name) for name in RoomInputs.model_fields}
"""Python name → schema name of every input."""

SETTINGS: Final = ("maxParticipants", "emptyTimeout", "metadata")
"""The inputs that are settings of the live room, under their schema names."""


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


def holds_unknown(value: object) -> bool:
    """Is the value unknown, or any part of it?"""
    try:
        match value:
            case _Unknown():
                return True
            case Mapping():
                return any(holds_unknown(item) for item in value.values())
            case list() | tuple():
                return any(holds_unknown(item) for item in value)
    except RecursionError:
        pass  # whoever uses the value will say that it is too deep
    return False


def problems_of(error: ValidationError, known: Iterable[str] = ()) -> tuple[Problem, ...]:
    """A pydantic failure as problems, with a "did you mean" for keys that do not exist."""
    return tuple(
        Problem(
            ".".join(str(part) for part in found["loc"]) or "(root)",
            unknown_key(str(found["loc"][-1]), known)
            if found["type"] == "extra_forbidden"
            else _sentence(found["type"], found["msg"]),
        )
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _sentence(kind: str, message: str) -> str:
    return "is required" if kind == "missing" else message


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key that does not exist."""
    known = list(known)
    close = get_close_matches(key, known, n=1) or [
        name for name in known if name.lower() == key.lower().replace("_", "").replace("-", "")
    ]
    if close:
        return f"is not a known key; did you mean {close[0]}?"
    return f"is not a known key; known are {', '.join(known)}" if known else "is not a known key"


class LiveRoom(BaseModel):
    """A room as a server reports it. `empty_timeout` is None where the backend does not report it."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, validate_by_name=True)

    name: str = Field(alias="room", description="The room's name.")
    sid: str = Field(description="The session ID of the room; another one after the room was made anew.")
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

    participants: list[Participant] = Field(description="Who is connected, as of the answer.")
