"""What a declared room is to LiveKit: the one mapping of settings to the fields of its protocol.

A request that makes a room, a join token, the `roomConfig` of a room and a preset of the server all say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic.alias_generators import to_camel, to_snake

from relay_provider.model import AGENTS, PRESET, SETTINGS, flat
from relay_provider.values import UNKNOWN, canonical_json, holds_unknown

KEY: Final = "roomConfig"
"""The output of a room that has it."""
_PRESET: Final = SETTINGS[PRESET].field


def creation(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request that makes the room; what is left to the server is left out."""
    said = flat(inputs)
    values = {one.field: said.get(name) or said.get(one.falls_to) for name, one in SETTINGS.items()}
    found = {field: _spelled(value, to_snake) for field, value in values.items() if value}
    # To say nothing would leave a preset's: this is the dispatch that a room without any has anyhow.
    return {**found, "agents": [{}]} if said.get(AGENTS) == [] else found


def configuration(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a RoomConfiguration, which a preset of the server has; it cannot name another preset."""
    return {field: value for field, value in creation(inputs).items() if field != _PRESET}


def preset(inputs: Mapping[str, Any]) -> str:
    """The server's preset that the room names; a token says it beside the configuration."""
    return str(flat(inputs).get(PRESET) or "")


def room_config(inputs: Mapping[str, Any]) -> str:
    """The configuration as JSON, as LiveKit's server SDKs read it for the `roomConfig` of a token."""
    return canonical_json(_spelled(configuration(inputs), to_camel))


def planned(inputs: Mapping[str, Any]) -> object:
    """The same, as far as a preview knows it."""
    return UNKNOWN if holds_unknown(configuration(inputs)) else room_config(inputs)


def _spelled(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        return {key(name): _spelled(one, key) for name, one in value.items()}
    return [_spelled(one, key) for one in value] if isinstance(value, list | tuple) else value
