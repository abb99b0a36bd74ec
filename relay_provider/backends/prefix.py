"""How a project's rooms are named on a LiveKit server: `p_<projectId>__<name>`, and just `<name>` without a project ID.

A project ID holds no `__` and neither starts nor ends with `_`. So the first `__` after `p_` always ends the ID, no
project's prefix is the beginning of another's (`p_a__` and `p_a___x`, `p_a__b__`), and a name on the server
belongs to one project at most. What begins with a project's prefix is never declared without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from relay_provider.errors import ConfigError, quoted
from relay_provider.place import Place

_LONGEST_ON_SERVER: Final = 256
_LONGEST_NAME: Final = 128
MAX_PROJECT_ID: Final = _LONGEST_ON_SERVER - _LONGEST_NAME - len("p___")

PROJECT_ID_PATTERN: Final = r"^[A-Za-z0-9.-]+(?:_[A-Za-z0-9.-]+)*$"
ALLOWED: Final = f"letters, digits and . - _ (at most {MAX_PROJECT_ID}), no __, and must neither start nor end with _"


def is_project_id(text: str) -> bool:
    """May this be a project's ID?"""
    return len(text) <= MAX_PROJECT_ID and re.fullmatch(PROJECT_ID_PATTERN, text) is not None


def project_prefix(project_id: str) -> str:
    """What the names of this project's rooms begin with on the server. Raises ConfigError for a wrong ID."""
    if not is_project_id(project_id):
        raise ConfigError(f'projectId "{quoted(project_id, limit=60)}" cannot be used: it may hold {ALLOWED}.')
    return f"p_{project_id}__"


def prefix_of(project_id: str | None) -> str:
    """The same, where a project may have no ID: then nothing stands before its rooms' names."""
    return project_prefix(project_id) if project_id else ""


def split_name(full_name: str) -> tuple[str, str] | None:
    """The project ID and the room's own name in a name on the server; None when it has no project's prefix."""
    if not full_name.startswith("p_"):
        return None
    project_id, mark, name = full_name.removeprefix("p_").partition("__")
    return (project_id, name) if mark and is_project_id(project_id) else None


def placed(full_name: str) -> tuple[str, str]:
    """The project that a name on the server is in, "" for one without an ID, and the room's name there."""
    found = split_name(full_name)
    return found if found and found[1] else ("", full_name)


def elsewhere(place: Place, name: str) -> str:
    """Why a room of this name cannot be declared in this place, as it is another project's there; "" where it can."""
    project_id, own = placed(name)
    if place.backend != "livekit" or place.project or not project_id:
        return ""
    return (
        f"is room {own} of projectId {project_id} on that server, which a project without projectId leaves alone; "
        f"declare it as {own} in a project with projectId {project_id}"
    )


def others(place: Place, places: Iterable[Place]) -> set[str]:
    """Patterns of the names that a project without a prefix sees of those other ones that share its server."""
    return {
        f"{project_prefix(other.project)}?*"
        for other in places
        if other.project and (other.backend, other.address, "") == (place.backend, place.address, place.project)
    }
