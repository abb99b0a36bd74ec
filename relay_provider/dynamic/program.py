"""What a Pulumi program knows of itself: its settings, and how it is told of failures."""

from __future__ import annotations

from functools import cache

import pulumi
from pulumi import RunError

from relay_provider.config import OPTIONS, Connection, ProjectRef, load
from relay_provider.errors import RelayError
from relay_provider.place import home_of


def home(project: ProjectRef | None) -> object:
    """What tells projects apart: where the settings lead, or the reference where its key is not set in this process."""
    try:
        return home_of(program_settings(project))
    except RelayError:
        return project


def program_settings(project: ProjectRef | None) -> Connection:
    """The settings of the stack's config and the environment, or those of a manifest's project."""
    config = pulumi.Config("relay")
    base = load({setting.name: config.get(setting.name) for setting in OPTIONS})
    return project.settings(base, pulumi.Config().get) if project else base


@cache
def _program_error(kind: type[RelayError]) -> type[RelayError]:
    return type(kind.__name__, (kind, RunError), {"__module__": kind.__module__})


def for_program(error: RelayError) -> RelayError:
    """The same error, which Pulumi shows as its sentence alone, without a traceback."""
    error.__class__ = _program_error(type(error))  # type: ignore[arg-type]
    return error
