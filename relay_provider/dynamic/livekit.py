"""`LiveKit` and `Agent` for Python programs: what only a room on LiveKit has, with outputs among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pulumi import Input, Output
from pydantic.alias_generators import to_camel

from relay_provider.dynamic.metadata import as_declared, holds_output


@dataclass(frozen=True)
class Agent:
    """An agent that is dispatched to a room, and what it is told: text, or an object that becomes JSON."""

    agent_name: Input[str]
    metadata: Input[str | Mapping[str, Any] | list[Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class LiveKit:
    """Settings that only rooms on LiveKit have; limits as in `relay_provider.livekit_room.LiveKit`.

    `departure_timeout` is in seconds, the playout delays in milliseconds.
    """

    departure_timeout: Input[int] | None = None
    agents: Input[Sequence[Input[Agent | Mapping[str, Any]]]] | None = None
    room_preset: Input[str] | None = None
    min_playout_delay: Input[int] | None = None
    max_playout_delay: Input[int] | None = None
    sync_streams: Input[bool] | None = None


def livekit_props(resource: str, given: Any) -> Any:
    """What a program says under `livekit`, under its names in the state."""
    if holds_output(given, deep=False):
        return Output.from_input(given).apply(lambda known: livekit_props(resource, known))
    props = _props(given)
    if isinstance(props, dict) and "agents" in props:
        props["agents"] = _agents(resource, props["agents"])
    return props


def _agents(resource: str, given: Any) -> Any:
    if holds_output(given, deep=False):
        return Output.from_input(given).apply(lambda known: _agents(resource, known))
    return [_agent(resource, one) for one in given] if isinstance(given, Sequence) else given


def _agent(resource: str, given: Any) -> Any:
    if holds_output(given, deep=False):
        return Output.from_input(given).apply(lambda known: _agent(resource, known))
    props = _props(given)
    if isinstance(props, dict) and "metadata" in props:
        props["metadata"] = as_declared(resource, props["metadata"])
    return props


def _props(given: Any) -> Any:
    """A mapping, or one of the classes above, without what is absent; anything else is for the check to refuse."""
    if isinstance(given, LiveKit | Agent):
        given = {one.name: getattr(given, one.name) for one in fields(given)}
    if not isinstance(given, Mapping):
        return given
    return {to_camel(key): value for key, value in given.items() if value is not None}
