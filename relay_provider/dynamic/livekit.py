"""`LiveKit` and `Agent` for Python programs: what only a room on LiveKit has, with outputs among it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

    def agent(given: Any) -> Any:
        return _props(given, metadata=lambda told: as_declared(resource, told))

    def agents(given: Any) -> Any:
        return [_known(one, agent) for one in given] if isinstance(given, Sequence) else given

    return _known(given, lambda known: _props(known, agents=lambda said: _known(said, agents)))


def _known(given: Any, work: Callable[[Any], Any]) -> Any:
    """What `work` makes of a value: now, or when an output is known."""
    return Output.from_input(given).apply(work) if holds_output(given, deep=False) else work(given)


def _props(given: Any, **of: Callable[[Any], Any]) -> Any:
    """A mapping, or one of the classes above, without what is absent, and with what is made `of` some; anything else is
    for the check to refuse."""
    if isinstance(given, LiveKit | Agent):
        given = {one.name: getattr(given, one.name) for one in fields(given)}
    if not isinstance(given, Mapping):
        return given
    said = {to_camel(key): value for key, value in given.items() if value is not None}
    return {key: of[key](value) if key in of else value for key, value in said.items()}
