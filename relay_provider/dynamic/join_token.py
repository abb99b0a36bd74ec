"""`join_token` for Python programs: a join token as a secret output, with the settings that the program declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi import Input, Output

from relay_provider import tokens
from relay_provider.config import ProjectRef
from relay_provider.dynamic.functions import in_sentences, program_settings
from relay_provider.dynamic.room import IN_STATE, Room, declared_by
from relay_provider.dynamic.room_set import RoomSet
from relay_provider.room_config import KEY, preset, room_config

Grants = Mapping[str, bool] | Sequence[str]


def join_token(
    room: Room | str,
    identity: Input[str],
    *,
    name: Input[str] | None = None,
    ttl: Input[str | int] = tokens.DEFAULT_TTL,
    grants: Input[Grants] | None = None,
    project: ProjectRef | None = None,
) -> Output[str]:
    """A token with which `identity` may join the room on LiveKit, as a secret.

    `room` is a `Room`, or the name of one that this program has declared before, in a set too (of `project`). The token
    carries its declared settings, so that a join which recreates an expired room makes it as declared.

    `ttl` says how long it may be used to join: `90s`, `15m`, `1h`, `7d`, or seconds, at most 365 days. `grants` are
    names as LiveKit has them, such as `["hidden", "canPublish=false"]` or `{"canPublish": False}`. A preview makes it
    as well, unless the room is still to be created. Raises RelayError where the room is not declared or lives on Relay.
    """
    with in_sentences():
        declared = room if isinstance(room, Room) else declared_by(room, project)
        settings = tokens.on_livekit(program_settings(declared.project_ref))

    def made(parts: Sequence[Any]) -> str:
        props, *asked = parts
        # A preview has a set's rooms as they are declared, and an older version's state has no roomConfig.
        made_with = tokens.Settings(props.get(KEY) or room_config(props), preset(props))
        with in_sentences():
            return tokens.join_token(settings, props["name"], made_with, tokens.holder(*asked))

    props = _of_set(declared, room) if isinstance(declared, RoomSet) else _of_room(declared)
    token: Output[str] = Output.all(props, identity, name, ttl, grants).apply(made)
    return cast("Output[str]", Output.secret(token))


def _of_room(room: Room) -> Mapping[str, Any]:
    return {alias: getattr(room, field) for field, alias in IN_STATE.items()}


def _of_set(rooms: RoomSet, name: Any) -> Output[Mapping[str, Any]]:
    def props(live: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        return {**{IN_STATE.get(key, key): value for key, value in live[name].items()}, "name": name}

    return rooms.rooms.apply(props)
