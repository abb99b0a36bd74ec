"""The nouns: a room as it is declared, a room as it is live, a participant; and the one table of a room's settings.

The one source of field names, limits and descriptions: diff, drift, outputs, wire bodies, the schemas and the tables of
the documentation come from here. Limits are those of the Rooms API document ("Create a room").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field
from pydantic.alias_generators import to_camel

from relay_provider.live import LiveRoom as LiveRoom  # noqa: PLC0414, and the others: the nouns are had from here
from relay_provider.live import Participant as Participant  # noqa: PLC0414
from relay_provider.live import Removal as Removal  # noqa: PLC0414
from relay_provider.live import RoomDetail as RoomDetail  # noqa: PLC0414
from relay_provider.live import RoomList as RoomList  # noqa: PLC0414
from relay_provider.livekit_room import PLAIN, LiveKit, an_object
from relay_provider.setting import LIVEKIT, Setting, optional
from relay_provider.values import (
    MAX_METADATA,
    Unknown,
    boolean,
    canonical_metadata,
    kind_of,
    metadata_meaning,
    shown,
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


class RoomInputs(BaseModel):
    """A real-time room: who may be in it, how long it lasts when empty, and what clients are told about it."""

    model_config = PLAIN

    name: Annotated[str, BeforeValidator(_room_name)] = Field(
        min_length=1,
        max_length=128,
        pattern=NAME_PATTERN,
        description="The room's name, by which people join it: letters, digits and . _ - : (at most 128). "
        "Defaults to the resource's own name. A change replaces the room.",
    )
    max_participants: Annotated[
        int | None,
        optional(lambda value: whole_number(value, 1, MAX_PARTICIPANTS)),
        Setting(absent=0, limits="1 to 10000", when_absent="no limit"),
    ] = Field(
        default=None,
        ge=1,
        le=MAX_PARTICIPANTS,
        description="How many participants may be in the room at once, 1 to 10000. Absent: no limit.",
    )
    empty_timeout: Annotated[
        int | None,
        optional(lambda value: whole_number(value, 1, MAX_EMPTY_TIMEOUT)),
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
        optional(canonical_metadata),
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
    livekit: Annotated[
        LiveKit | None,
        optional(lambda value: an_object(value, "an object of settings, such as {departureTimeout: 60}")),
    ] = Field(
        default=None,
        description="Settings that only rooms on LiveKit have; refused where rooms live on Relay.",
    )
    force_destroy: Annotated[bool, BeforeValidator(lambda value: False if value is None else boolean(value))] = Field(
        default=False,
        description="Whether the room may be ended by a delete or a replace while people are in it. "
        "Without it such an operation is refused and nobody is disconnected.",
    )

    def props(self) -> dict[str, Any]:
        """The inputs under their schema names; what is absent is left out."""
        found = {
            alias: value
            for field, alias in FIELDS.items()
            if (value := getattr(self, field)) is not None and (field != "force_destroy" or value)
        }
        if self.livekit is not None:
            found["livekit"] = self.livekit.props()
            if not found["livekit"]:
                del found["livekit"]
        return found

    def settings(self) -> dict[str, Any]:
        """The settings that are said, by their names in the table."""
        if self.livekit is None:  # as most, and ten thousand of them are compared at once
            plain = ((name, getattr(self, SETTINGS[name].field)) for name in PLAIN_SETTINGS)
            return {name: value for name, value in plain if value is not None}
        return {name: value for name, value in flat(self.props()).items() if name in SETTINGS}

    def wire(self) -> dict[str, Any]:
        """The body of "Create a room": name and settings, without what is only ours."""
        return {key: value for key, value in self.props().items() if key == "name" or key in SETTINGS}


FIELDS: Final[Mapping[str, str]] = {name: to_camel(name) for name in RoomInputs.model_fields}
"""Python name → schema name of every input."""


def _table(model: type[BaseModel], prefix: str = "") -> dict[str, Setting]:
    return {
        f"{prefix}{to_camel(field)}": replace(setting, field=field)
        for field, info in model.model_fields.items()
        for setting in info.metadata
        if isinstance(setting, Setting)
    }


OWN: Final = "livekit."
"""What the names of LiveKit's own settings begin with: `livekit.agents`."""
SETTINGS: Final[Mapping[str, Setting]] = {
    **_table(RoomInputs),
    **{name: replace(one, only_on=LIVEKIT) for name, one in _table(LiveKit, OWN).items()},
}
"""The table: every input that is a setting of the live room, by schema name. A new one is a field of `RoomInputs` (or
of `LiveKit`) with its `Setting`, and a field of `LiveRoom` of the same name where a server reports it."""

AGENTS: Final = f"{OWN}agents"
DEPARTURE: Final = f"{OWN}departureTimeout"
PRESET: Final = f"{OWN}roomPreset"

ABSENT: Final[Mapping[str, object]] = {
    **{name: one.absent for name, one in SETTINGS.items()},
    "forceDestroy": False,
}
"""What an absent input is equal to."""


def settings_of(backend: str) -> tuple[str, ...]:
    """The names of the settings that rooms of this backend have."""
    return tuple(name for name, one in SETTINGS.items() if backend in one.only_on)


PLAIN_SETTINGS: Final = settings_of("relay")


def names_in(*of: Mapping[str, Any]) -> Collection[str]:
    """The settings that these properties of rooms can have: LiveKit's own only where one of them says some."""
    return SETTINGS if any(props.get("livekit") for props in of) else PLAIN_SETTINGS


def flat(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """Properties of a room by their names in the table: what stands in `livekit` as `livekit.agents` and so on."""
    own = props.get("livekit")
    if own is None:
        return props
    found = {key: value for key, value in props.items() if key != "livekit"}
    if isinstance(own, Unknown):
        return {**found, **{name: own for name in SETTINGS if name.startswith(OWN)}}
    if not isinstance(own, Mapping):
        return props
    return {**found, **{f"{OWN}{key}": value for key, value in own.items()}}


def nested(named: Mapping[str, Any]) -> dict[str, Any]:
    """The same the other way."""
    found = {key: value for key, value in named.items() if not key.startswith(OWN)}
    own = {key.removeprefix(OWN): value for key, value in named.items() if key.startswith(OWN)}
    return {**found, "livekit": own} if own else found


def absent(name: str, given: Mapping[str, Any]) -> object:
    """What a setting that a room leaves out is equal to, beside those `given` (by their names in the table); None where
    nothing is compared: the server chooses it, or a preset that says what is left out."""
    setting = SETTINGS[name]
    if setting.falls_to:
        return given.get(setting.falls_to)
    return None if given.get(PRESET) else setting.absent


def reported(name: str, live: LiveRoom, given: Mapping[str, Any]) -> Any:
    """How a live room has a setting, beside those `given`; None where that is not known.

    LiveKit has two timeouts, until the first join and after the last leave. Both are emptyTimeout where no
    departureTimeout is given; the second is what the Rooms API means by it.
    """
    if name == SETTINGS[DEPARTURE].falls_to and live.departure_timeout and given.get(DEPARTURE) is None:
        return live.departure_timeout
    return getattr(live, SETTINGS[name].field, None)


def in_place(backend: str) -> frozenset[str]:
    """The settings that this backend changes while the room goes on."""
    return frozenset(name for name, one in SETTINGS.items() if backend in one.in_place_on)


def unreported(backend: str) -> frozenset[str]:
    """The settings that this backend does not report, so that they cannot be compared."""
    return frozenset(name for name in settings_of(backend) if backend in SETTINGS[name].unreported_by)


def same(name: str, one: object, other: object) -> bool:
    """Are two values of an input equal, whatever their spelling? The one equality there is; absent is what it means."""
    one = ABSENT.get(name) if one is None else one
    other = ABSENT.get(name) if other is None else other
    if one == other:
        return True
    setting = SETTINGS.get(name)
    return bool(setting and one and other and setting.meaning(one) == setting.meaning(other))
