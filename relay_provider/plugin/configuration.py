"""The provider's own configuration: what is wrong with it, and what a change of it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic.alias_generators import to_snake

from relay_provider import config
from relay_provider.config import SETTINGS
from relay_provider.errors import ConfigError, Problem
from relay_provider.lifecycle import Diff, PropertyChange
from relay_provider.model import holds_unknown

SECRETS: Final = frozenset(setting.name for setting in SETTINGS if setting.secret)
"""The settings that are secret whether or not the user marked them so."""

_SPELLINGS: Final = {setting.name.lower(): setting.name for setting in SETTINGS}


def problems(values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything wrong with the provider's configuration; what is unknown passes."""
    misspelt = tuple(
        Problem(key, f"is not a known setting; did you mean {meant}?")
        for key in values
        if (meant := _SPELLINGS.get(key.replace("_", "").replace("-", "").lower())) not in (None, key)
    )
    try:
        config.load(known(values))
    except ConfigError as error:
        return (*misspelt, Problem("", str(error)))
    return misspelt


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """A change of the place where rooms live replaces the provider, and so its rooms; any other updates it.

    What counts is what the settings come to: spelling the default out, or moving a setting between the environment
    and the configuration, is no change.
    """
    return Diff(tuple(_changes(old, new)))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[PropertyChange]:
    before, after = config.load(known(old)), config.load(known(new))
    place = {"backend", *(("livekitUrl", "projectId") if after.backend == "livekit" else ("baseUrl",))}
    for setting in SETTINGS:
        name = setting.name
        unknown = holds_unknown(new.get(name))
        if not unknown and _effective(before, name) == _effective(after, name):
            continue
        kind: Literal["add", "update", "delete"] = "add" if name not in old else "update" if name in new else "delete"
        yield PropertyChange(name, kind, replaces=name in place and not unknown)


def _effective(settings: config.Settings, name: str) -> object:
    value = getattr(settings, to_snake(name))
    return value.rstrip("/") if name.endswith("Url") and isinstance(value, str) else value


def of_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings as old engines sent them: `relay:config:apiKey`."""
    return {key.rpartition(":")[2]: value for key, value in variables.items()}


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are known already."""
    return {name: value for name, value in values.items() if not holds_unknown(value)}
