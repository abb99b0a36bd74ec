"""Join tokens for rooms on LiveKit, which carry the declared settings: a join that recreates an expired room makes it
as declared. (For a room that is live the server leaves them unread.)

Made from the keys alone: no server is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic.alias_generators import to_camel, to_snake

from relay_provider.backends.prefix import prefix_of
from relay_provider.config import Connection, required
from relay_provider.errors import InvalidInputs, Problem, Rejected
from relay_provider.room_config import preset, room_config
from relay_provider.values import did_you_mean, kind_of, shown, valid_text

DEFAULT_TTL: Final = "1h"
GRANTS: Final = (
    "canPublish",
    "canSubscribe",
    "canPublishData",
    "canUpdateOwnMetadata",
    "canSubscribeMetrics",
    "canManageAgentSession",
    "hidden",
    "recorder",
    "roomAdmin",
)
"""What a token may allow or deny in its room; nothing that reaches beyond it."""
MAX_IDENTITY: Final = 256
MAX_TTL: Final = timedelta(days=365)
_ALL_GRANTS: Final = f"; there are {', '.join(GRANTS)}"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TTL: Final = re.compile(r"([0-9]{1,9})([smhd])")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a room is made with when the join makes it: `roomConfig`'s JSON, and a preset of the server."""

    config: str = "{}"
    preset: str = ""

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Settings:
        """Those of a declared room."""
        return cls(room_config(inputs), preset(inputs))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a token is for, how long it may be used to join, and what it allows beside joining. See `holder`."""

    identity: str
    name: str
    ttl: timedelta
    grants: Mapping[str, bool]


def holder(identity: object, name: object = None, ttl: object = None, grants: object = None) -> Holder:
    """Check what was asked of a token. `ttl` is `90s`, `15m`, `1h` or `7d`, or seconds; `grants` names of `GRANTS` as
    a list (`canPublish=false` denies) or a map. Raises InvalidInputs with every problem."""
    problems: list[Problem] = []

    def checked(path: str, check: Any, value: object) -> Any:
        try:
            return check(value)
        except ValueError as error:
            problems.append(Problem(path, str(error)))

    found = Holder(
        checked("identity", _identity, identity),
        checked("name", _text, "" if name is None else name),
        checked("ttl", _ttl, DEFAULT_TTL if ttl is None else ttl),
        checked("grants", _grants, {} if grants is None else grants),
    )
    if problems:
        raise InvalidInputs("The join token cannot be made", problems)
    return found


def on_livekit(settings: Connection) -> Connection:
    """These settings, if rooms live on LiveKit. Raises Rejected."""
    if settings.backend != "livekit":
        whose = f"those of project {settings.label} live" if settings.label else "these rooms live"
        raise Rejected(f"Join tokens are made for rooms on LiveKit, and {whose} on Relay.")
    return settings


def join_token(settings: Connection, room: str, made_with: Settings, who: Holder) -> str:
    """A token with which `who` may join the room of this name in the project: a secret. Raises ConfigError without
    keys, and Rejected where rooms live on Relay."""
    key, secret = (required(on_livekit(settings), name) for name in ("livekit_api_key", "livekit_api_secret"))
    from livekit.api import AccessToken, VideoGrants  # which no other command needs

    allowed: dict[str, Any] = {to_snake(one): on for one, on in who.grants.items()}
    grants = VideoGrants(room_join=True, room=name_on_server(settings, room), **allowed)
    token = AccessToken(key, secret).with_identity(who.identity).with_name(who.name).with_ttl(who.ttl)
    token = token.with_room_preset(made_with.preset).with_room_config(_message(made_with.config))
    return token.with_grants(grants).to_jwt()


def name_on_server(settings: Connection, room: str) -> str:
    """What the project's room of this name is called on the server."""
    return prefix_of(settings.project_id) + room


def _message(config: str) -> Any:
    from google.protobuf.json_format import Parse, ParseError
    from livekit.protocol.room import RoomConfiguration

    try:
        return Parse(_text(config), RoomConfiguration())
    except (ParseError, ValueError, RecursionError):
        problem = Problem("roomConfig", "must be the roomConfig of a room: JSON of LiveKit's RoomConfiguration")
        raise InvalidInputs("The join token cannot be made", [problem]) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {kind_of(value)}")
    return valid_text(value)


def _identity(value: object) -> str:
    if not 0 < len(text := _text(value)) <= MAX_IDENTITY:
        raise ValueError(f"must be 1 to {MAX_IDENTITY} characters, not {len(text)}")
    return text


def _ttl(value: object) -> timedelta:
    found = None
    if isinstance(value, str) and (said := _TTL.fullmatch(value)):
        found = timedelta(**{_UNITS[said[2]]: int(said[1])})
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TTL.total_seconds():
        found = timedelta(seconds=value)
    if found is None or not timedelta(seconds=1) <= found <= MAX_TTL:
        raise ValueError(f"must be a time such as 90s, 15m, 1h or 7d, from 1s to {MAX_TTL.days}d, not {shown(value)}")
    return found


def _grants(value: object) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, on in _said(value):
        known = to_camel(name)
        if known not in GRANTS:
            raise ValueError(f"must not hold {shown(name)}" + did_you_mean(known, GRANTS, _ALL_GRANTS))
        if not isinstance(on, bool):
            raise ValueError(f"{known} must be true or false, not {shown(on)}")
        found[known] = on
    return found


def _said(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [(str(name), on) for name, on in value.items()]
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"must be names of grants, or a map from them to true or false, not {kind_of(value)}")
    parts = [one.partition("=") for one in value]
    return [(name, {"true": True, "false": False}.get(on, on) if mark else True) for name, mark, on in parts]
