"""Where rooms live: the one identity of a connection, whichever way it was written down.

Spelling out a default, another spelling of an address, or moving a setting between environment, config and manifest
leaves it as it is; a key is not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from relay_provider.address import HTTP_OF, PORTS, is_loopback
from relay_provider.config import DEFAULT_BASE_URL, Connection, Lookup, ProjectRef


@dataclass(frozen=True, slots=True)
class Place:
    """A server, and on LiveKit the project whose prefix the rooms' names have there."""

    backend: str
    address: str
    project: str = ""

    def as_state(self) -> str:
        """The text that a state keeps of it."""
        if self == DEFAULT_PLACE:
            return self.backend
        return " ".join((self.backend, self.address, *([self.project] if self.project else [])))

    @classmethod
    def from_state(cls, text: str) -> Place:
        """The place that `as_state` wrote."""
        return cls(*text.split(" ")) if " " in text else DEFAULT_PLACE

    def settings(self, base: Connection) -> Connection:
        """`base`, leading here."""
        if place_of(base) == self:
            return base
        if self.backend == "livekit":
            return replace(base, backend="livekit", livekit_url=self.address, project_id=self.project or None)
        return replace(base, backend=self.backend, base_url=self.address)


Home = tuple[Place, str]
"""What tells two projects apart while the keys are at hand: at Relay, each project has a key of its own, of which this
has a digest."""


@lru_cache(maxsize=64)  # asked several times for each room
def place_of(settings: Connection) -> Place:
    """The place that these settings lead to."""
    if settings.backend == "livekit":
        return Place("livekit", _address(settings.livekit_url or ""), settings.project_id or "")
    return Place(settings.backend, _address(settings.base_url))


@lru_cache(maxsize=64)
def home_of(settings: Connection) -> Home:
    """The project that these settings lead to."""
    place = place_of(settings)
    key = settings.api_key.get_secret_value() if settings.api_key and place.backend == "relay" else ""
    return place, sha256(key.encode()).hexdigest() if key else ""


def settings_in_state(props: Mapping[str, Any], base: Connection, lookup: Lookup) -> Connection:
    """The connection of a room by its properties: its project's reference, and where that led when it was written.

    Raises ConfigError when a key is not to be had.
    """
    ref, stated = props.get("project"), props.get("place")
    settings = ProjectRef.from_state(ref).settings(base, lookup) if ref else base
    return Place.from_state(stated).settings(settings) if stated else settings


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url  # whoever uses it says what is wrong with it
    scheme = HTTP_OF.get(parts.scheme, parts.scheme)
    shown = "localhost" if is_loopback(host) else host
    return f"{scheme}://{shown}:{port or PORTS.get(scheme, 0)}{parts.path.rstrip('/')}"


DEFAULT_PLACE: Final = place_of(Connection(base_url=DEFAULT_BASE_URL))
"""Where rooms live unless something else is said; a state does not repeat it."""
