"""The provider's own configuration: what is wrong with it, and what a change of it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from relay_provider import config
from relay_provider.changes import Diff, Kind, PropertyChange
from relay_provider.config import OPTIONS
from relay_provider.errors import ConfigError, Problem, RelayError
from relay_provider.place import home_of, place_of
from relay_provider.session import Session
from relay_provider.values import holds_unknown, respelled

SECRETS: Final = frozenset(setting.name for setting in OPTIONS if setting.secret)
"""The settings that are secret whether or not the user marked them so."""


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The configuration with what the environment says of the place, and everything wrong with it.

    The state keeps the place, so that moving a setting between the environment and the configuration is no change.
    What is unknown passes.
    """
    defaults = {one.name: one.default for one in OPTIONS}
    problems = tuple(
        Problem(key, f"is not a known setting; did you mean {meant}?")
        for key in values
        if (meant := respelled(key, defaults)) not in (None, key)
    )
    try:
        settings = config.load(known(values))
    except ConfigError as error:
        return {**values}, (*problems, Problem("", str(error)))
    found = {one.name: getattr(settings, one.field) for one in OPTIONS if one.name in _place_settings(settings)}
    of_environment = {name: value for name, value in found.items() if value != defaults[name]}
    return {**of_environment, **values}, problems


def loaded(values: Mapping[str, Any]) -> config.Connection:
    """The settings of a configuration that was checked. It has its place whole: one without a project ID has none,
    whatever the environment says by now."""
    settings = config.load(known(values))
    return replace(settings, project_id=None) if "livekitUrl" in values and "projectId" not in values else settings


async def diff(old: Mapping[str, Any], new: Mapping[str, Any], session: Session) -> tuple[Diff, bool]:
    """What a change of the configuration means, and whether it brings a key whose project could not be made sure of.

    Another place, or another project's key, replaces the provider and so its rooms; any other change updates it. A key
    is a rotation when it finds rooms that the old one finds.
    """
    before, after = loaded(old), loaded(new)
    moved, unsure = place_of(before) != place_of(after), False
    replacing = _place_settings(after) if moved else set()
    if not moved and home_of(before) != home_of(after) and before.api_key and after.api_key:
        there, here = await _sids(session, before), await _sids(session, after)
        unsure = there is None or here is None
        if there and here is not None and not there & here:
            replacing = {"apiKey"}
    changes = []
    for setting in OPTIONS:
        name, unknown = setting.name, holds_unknown(new.get(setting.name))
        same = getattr(before, setting.field) == getattr(after, setting.field)
        if unknown or not (same or (name in _place_settings(after) and name not in replacing)):
            kind: Kind = "add" if name not in old else "update" if name in new else "delete"
            changes.append(PropertyChange(name, kind, replaces=name in replacing and not unknown))
    return Diff(tuple(changes)), unsure


async def _sids(session: Session, settings: config.Connection) -> set[str] | None:
    """The rooms that these settings find; None when they cannot be asked."""
    try:
        return {room.sid for room in await session.rooms(settings).list()}
    except RelayError:
        return None


def _place_settings(settings: config.Connection) -> set[str]:
    return {"backend", *(("livekitUrl", "projectId") if settings.backend == "livekit" else ("baseUrl",))}


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are known already."""
    return {name: value for name, value in values.items() if not holds_unknown(value)}
