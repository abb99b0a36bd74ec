"""The nouns of the second document: a room under its name on the server, with all that is known of who is in it.

Its field names are the document's own.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field


class SaynaParticipant(BaseModel):
    """A participant with all that the server knows of them."""

    model_config = ConfigDict(frozen=True, strict=True)

    attributes: dict[str, str] = Field(default_factory=dict, description="The participant's attributes.")
    identity: str = Field(description="The participant's unique identity in the room.")
    is_publisher: bool = Field(default=False, description="Whether the participant publishes anything.")
    joined_at: int = Field(default=0, description="When the participant joined, in seconds since 1970 (UTC).")
    kind: str = Field(default="UNKNOWN", description="STANDARD, INGRESS, EGRESS, SIP, AGENT, … or UNKNOWN.")
    # The document's example shows an object; servers, ours too, send the string that LiveKit has.
    metadata: dict[str, Any] | str = Field(
        default="", description="The participant's metadata: a JSON object, or the string it is."
    )
    name: str = Field(default="", description="The participant's display name.")
    sid: str = Field(default="", description="The session ID of the participant.")
    state: str = Field(default="UNKNOWN", description="JOINING, JOINED, ACTIVE, DISCONNECTED or UNKNOWN.")


class SaynaRoom(BaseModel):
    """Detailed information about a LiveKit room including participants."""

    model_config = ConfigDict(frozen=True, strict=True)

    active_recording: bool = Field(description="Whether a recording is currently active.")
    creation_time: int = Field(description="When the room was created, in seconds since 1970 (UTC).")
    max_participants: int = Field(ge=0, description="How many participants may be in the room; 0 means no limit.")
    metadata: str = Field(description="The room's metadata string.")
    name: str = Field(description="The room's name, exactly as on the server.")
    num_participants: int = Field(ge=0, description="How many participants are connected; may lag.")
    participants: Annotated[list[SaynaParticipant], FailFast()] = Field(description="Who is in the room.")
    sid: str = Field(description="The session ID of the room; another one after the room was recreated.")
