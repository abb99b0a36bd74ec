"""The provider's own configuration: what is wrong with it, and what a change of it means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from pydantic.alias_generators import to_snake

from relay_provider import config
from relay_provider.changes import Diff, Kind, PropertyChange
from relay_provider.config import OPTIONS
from relay_provider.errors import ConfigError, Problem, RelayError
from relay_provider.place import home_of, place_of
from relay_provider.session import Session
from relay_provider.values import holds_unknown

SECRETS: Final = frozenset(setting.name for setting in OPTIONS if setting.secret)
"""The settings that are secret whether or not the user marked them so."""

_SPELLINGS: Final = {setting.name.lower(): setting.name for setting in OPTIONS}


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The configuration with what the environment says of the place, and everything wrong with it.

    The state keeps the place, so that moving a setting between the environment and the configuration is no change.
    What is unknown passes.
    """
    problems = tuple(
        Problem(key, f"is not a known setting; did you mean {meant}?")
        for key in values
        if (meant := _SPELLINGS.get(key.replace("_", "").replace("-", "").lower())) not in (None, key)
    )
    try:
        settings = config.load(known(values))
    except ConfigError as error:
        return {**values}, (*problems, Problem("", str(error)))
    standard = config.Connection()
    found = {name: getattr(settings, to_snake(name)) for name in _place_settings(settings)}
    of_environment = {name: value for name, value in found.items() if value != getattr(standard, to_snake(name))}
    return {**of_environment, **values}, problems


async def diff(old: Mapping[str, Any], new: Mapping[str, Any], session: Session) -> tuple[Diff, bool]:
    """What a change of the configuration means, and whether it brings a key whose project could not be made sure of.

    Another place, or another project's key, replaces the provider and so its rooms; any other change updates it. A key
    is a rotation when it finds rooms that the old one finds.
    """
    before, after = config.load(known(old)), config.load(known(new))
    moved, unsure = place_of(before) != place_of(after), False
    replacing = _place_settings(after) if moved else set()
    if not moved and home_of(before) != home_of(after) and before.api_key and after.api_key:
        there, here = await _sids(session, before), await _sids(session, after)
        unsure = there is None or here is None
        if there and here is not None and not there & here:
            replacing = {"apiKey"}
    return Diff(tuple(_changes(old, new, before, after, replacing))), unsure


async def _sids(session: Session, settings: config.Connection) -> set[str] | None:
    """The rooms that these settings find; None when they cannot be asked."""
    try:
        return {room.sid for room in await session.rooms(settings).list()}
    except RelayError:
        return None


def _place_settings(settings: config.Connection) -> set[str]:
    return {"backend", *(("livekitUrl", "projectId") if settings.backend == "livekit" else ("baseUrl",))}


def _changes(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: config.Connection,
    after: config.Connection,
    replacing: Collection[str],
) -> Iterator[PropertyChange]:
    for setting in OPTIONS:
        name = setting.name
        unknown = holds_unknown(new.get(name))
        same = getattr(before, to_snake(name)) == getattr(after, to_snake(name))
        if not unknown and (same or (name in _place_settings(after) and name not in replacing)):
            continue
        kind: Kind = "add" if name not in old else "update" if name in new else "delete"
        yield PropertyChange(name, kind, replaces=name in replacing and not unknown)


def of_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings as old engines sent them: `relay:config:apiKey`."""
    return {key.rpartition(":")[2]: value for key, value in variables.items()}


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are known already."""
    return {name: value for name, value in values.items() if not holds_unknown(value)}
