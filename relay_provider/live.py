"""What a server reports: a live room, who is in it, and what became of somebody who was to be disconnected."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field
from pydantic.alias_generators import to_camel


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
        description="Seconds that the room lasts while nobody is in it, where reported.",
    )
    departure_timeout: int | None = Field(
        default=None,
        exclude=True,
        description="On LiveKit, seconds that the room outlives the last person who left; emptyTimeout is then how "
        "long it waits for the first.",
    )
    agents: list[dict[str, str]] | None = Field(default=None, exclude=True)
    """The agents that are dispatched to the room, where that was asked."""

    @property
    def on_livekit(self) -> bool:
        """Does it live on LiveKit? Nobody else tells this timeout."""
        return self.departure_timeout is not None


class Participant(BaseModel):
    """Somebody connected to a room."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, validate_by_name=True)

    identity: str = Field(description="The participant's unique identity in the room.")
    name: str = Field(description="The participant's display name.")
    state: int = Field(description="Connection state: 0 joining, 1 joined, 2 active, 3 disconnected.")
    joined_at: int = Field(description="When the participant joined, in seconds since 1970 (UTC).")
    tracks: int = Field(ge=0, description="How many tracks the participant is publishing.")
    serves: bool = Field(default=False, exclude=True)
    """Is it an agent or a recorder, and nobody who is in the call? Where that is reported."""


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
