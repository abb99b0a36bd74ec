"""Rooms as code: Relay and LiveKit rooms, declared in YAML or in a Pulumi program.

import relay_provider as relay

room = relay.Room("standup", max_participants=12, metadata={"team": "core"})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay_provider.version import __version__

if TYPE_CHECKING:
    from relay_provider.config import KeyRef, ProjectRef
    from relay_provider.dynamic.functions import Removal, get_room, get_sayna_room, list_rooms, remove_participant
    from relay_provider.dynamic.room import Room, declare_rooms
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
    from relay_provider.model import LiveRoom, Participant, RoomDetail
    from relay_provider.sayna import SaynaParticipant, SaynaRoom

_HOMES = {
    "ConfigError": "errors",
    "KeyRef": "config",
    "LiveRoom": "model",
    "NotFound": "errors",
    "Participant": "model",
    "ProjectRef": "config",
    "RateLimited": "errors",
    "Rejected": "errors",
    "RelayError": "errors",
    "Removal": "dynamic.functions",
    "Room": "dynamic.room",
    "RoomDetail": "model",
    "SaynaParticipant": "sayna",
    "SaynaRoom": "sayna",
    "Unauthorized": "errors",
    "Unavailable": "errors",
    "UnexpectedAnswer": "errors",
    "declare_rooms": "dynamic.room",
    "get_room": "dynamic.functions",
    "get_sayna_room": "dynamic.functions",
    "list_rooms": "dynamic.functions",
    "remove_participant": "dynamic.functions",
}

__all__ = [
    "ConfigError",
    "KeyRef",
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
    "SaynaParticipant",
    "SaynaRoom",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "__version__",
    "declare_rooms",
    "get_room",
    "get_sayna_room",
    "list_rooms",
    "remove_participant",
]


def __getattr__(name: str) -> Any:
    # Lazily: the command line and the plugin import this package too, and most need no Pulumi SDK.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
