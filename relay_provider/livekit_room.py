"""What only a room on LiveKit has, by LiveKit's own names: the timeout after the last leave, agents, preset, delays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from relay_provider.setting import LIVEKIT, Setting, optional
from relay_provider.values import boolean, canonical_metadata, kind_of, metadata_meaning, shown, whole_number, wrong

MAX_TIMEOUT: Final = 86_400
MAX_DELAY: Final = 40_950
"""Milliseconds: the most that WebRTC's playout delay can say."""
MAX_AGENT_METADATA: Final = 65_536
MAX_TEXT: Final = 128
PLAIN: Final = ConfigDict(
    frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"must be a string, not {kind_of(value)}")
    if not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise wrong(f"must be 1 to {MAX_TEXT} printable characters, not {shown(value)}")
    return value


def an_object(value: object, what: str) -> object:
    """`value`, if it can be read as an object; it is described as `what` in a message."""
    if not isinstance(value, Mapping | BaseModel):
        raise wrong(f"must be {what}, not {kind_of(value)}")
    return value


class Agent(BaseModel):
    """An agent that is dispatched to a room."""

    model_config = PLAIN

    agent_name: Annotated[str, BeforeValidator(_text)] = Field(
        min_length=1,
        max_length=MAX_TEXT,
        description="The name under which the agent's workers are registered, at most 128 characters.",
    )
    metadata: Annotated[str | None, optional(lambda value: canonical_metadata(value, MAX_AGENT_METADATA))] = Field(
        default=None,
        max_length=MAX_AGENT_METADATA,
        description="What the agent is told when it is dispatched: a string, or any JSON object or array, which is "
        "sent as canonical JSON. At most 65536 characters.",
    )


def dispatched(agents: Iterable[Mapping[str, Any]]) -> object:
    """What agents of a room mean: which are dispatched and what they are told, in any order."""
    if not isinstance(agents, list | tuple):
        return agents  # not known yet
    return sorted((one.get("agentName") or "", metadata_meaning(one.get("metadata") or "")) for one in agents)


def _agents(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise wrong(f"must be a list of agents, such as [{{agentName: notes}}], not {kind_of(value)}")
    return value


_Delay = Annotated[
    int | None,
    optional(lambda value: whole_number(value, 1, MAX_DELAY)),
    Setting(absent=0, limits="1 to 40950 ms", when_absent="the server's default", unreported_by=LIVEKIT),
]
_DELAY: Final = "The {} delay of playback in milliseconds, 1 to 40950. Absent: the server's default."


class LiveKit(BaseModel):
    """Settings that only rooms on LiveKit have."""

    model_config = PLAIN

    departure_timeout: Annotated[
        int | None,
        optional(lambda value: whole_number(value, 1, MAX_TIMEOUT)),
        Setting(
            absent=None,
            limits="1 to 86400 seconds",
            when_absent="as `emptyTimeout`",
            falls_to="emptyTimeout",
        ),
    ] = Field(
        default=None,
        ge=1,
        le=MAX_TIMEOUT,
        description="Seconds that the room outlives the last person who left, 1 to 86400. Absent: as emptyTimeout.",
    )
    agents: Annotated[
        tuple[
            Annotated[Agent, BeforeValidator(lambda value: an_object(value, "an agent, such as {agentName: notes}"))],
            ...,
        ]
        | None,
        optional(_agents),
        Setting(
            absent=None,
            limits="a list of `{agentName, metadata}`",
            when_absent="not looked at",
            in_place_on=LIVEKIT,
            meaning=dispatched,
        ),
    ] = Field(
        default=None,
        description="The agents that are dispatched to the room. A change dispatches and withdraws, and nobody leaves. "
        "Absent: whatever agents the room has are left alone.",
    )
    room_preset: Annotated[
        str | None,
        optional(_text),
        Setting(
            absent=None,
            limits="a name in `room.room_configurations` of the server",
            when_absent="none",
            unreported_by=LIVEKIT,
        ),
    ] = Field(
        default=None,
        min_length=1,
        max_length=MAX_TEXT,
        description="A named configuration of the server (room.room_configurations), which says what the room leaves "
        "out. What only the preset says is not compared.",
    )
    min_playout_delay: _Delay = Field(default=None, ge=1, le=MAX_DELAY, description=_DELAY.format("least"))
    max_playout_delay: _Delay = Field(default=None, ge=1, le=MAX_DELAY, description=_DELAY.format("greatest"))
    sync_streams: Annotated[
        bool | None,
        optional(boolean),
        Setting(absent=False, limits="true or false", when_absent="the server's default", unreported_by=LIVEKIT),
    ] = Field(
        default=None,
        description="Whether audio and video of a participant are kept in step. Absent: the server's default.",
    )

    @model_validator(mode="after")
    def _delays_in_order(self) -> LiveKit:
        low, high = self.min_playout_delay, self.max_playout_delay
        if low and high and low > high:
            raise wrong(f"has a minPlayoutDelay of {low} ms, which is more than its maxPlayoutDelay of {high} ms")
        return self

    def props(self) -> dict[str, Any]:
        """The settings under their schema names; what is absent is left out."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")
