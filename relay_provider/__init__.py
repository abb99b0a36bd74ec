"""Rooms as code: Relay and LiveKit rooms, declared in YAML or in a Pulumi program.

import relay_provider as relay

room = relay.Room("standup", max_participants=12, metadata={"team": "core"})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay_provider.version import __version__

if TYPE_CHECKING:
    from relay_provider.config import KeyRef, ProjectRef
    from relay_provider.dynamic.declared import declare_rooms
    from relay_provider.dynamic.functions import get_room, get_sayna_room, list_rooms, remove_participant
    from relay_provider.dynamic.join_token import join_token
    from relay_provider.dynamic.livekit import Agent, LiveKit
    from relay_provider.dynamic.room import Room
    from relay_provider.dynamic.room_set import RoomSet, RoomSettings
    from relay_provider.errors import (
        ConfigError,
        NotFound,
        RateLimited,
        Rejected,
        RelayError,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
    )
    from relay_provider.live import LiveRoom, Participant, Removal, RoomDetail
    from relay_provider.sayna import SaynaParticipant, SaynaRoom

__all__ = [
    "Agent",
    "ConfigError",
    "KeyRef",
    "LiveKit",
    "LiveRoom",
    "NotFound",
    "Participant",
    "ProjectRef",
    "RateLimited",
    "Rejected",
    "RelayError",
    "Removal",
    "Room",
    "RoomDetail",
    "RoomSet",
    "RoomSettings",
    "SaynaParticipant",
    "SaynaRoom",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "__version__",
    "declare_rooms",
    "get_room",
    "get_sayna_room",
    "join_token",
    "list_rooms",
    "remove_participant",
]


_HOMES = (
    "errors",
    "config",
    "live",
    "sayna",
    "dynamic.functions",
    "dynamic.livekit",
    "dynamic.room",
    "dynamic.room_set",
    "dynamic.declared",
    "dynamic.join_token",
)


def __getattr__(name: str) -> Any:
    # Lazily: the command line and the plugin import this package too, and most need no Pulumi SDK.
    from importlib import import_module

    for home in _HOMES if name in __all__ else ():
        module = import_module(f"{__name__}.{home}")
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
