"""What a place where rooms live can do.

Names are the users' own names: a backend that needs a prefix adds and strips it. Every method raises the errors of
`relay_provider.errors` only, and None or False is a definite answer, never a guess from a failure.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection
from typing import Final, Protocol

from relay_provider.model import LiveRoom, RoomDetail, RoomInputs

CONCURRENCY: Final = 16
"""Requests at once: more only queue at the server (measured: no gain beyond 8)."""


class Backend(Protocol):
    """One project's rooms in one place. Safe for concurrent use within one event loop."""

    address: str
    """Where this is, for messages: an address without secrets."""

    in_place: frozenset[str]
    """The settings (schema names) that a live room can change without ending."""

    unreported: frozenset[str]
    """The settings (schema names) that the place does not report, so that they cannot be compared."""

    @property
    def ahead(self) -> float | None:
        """Seconds by which the place's clock was ahead at its last answer, to a second; None where it did not say."""

    async def create(self, room: RoomInputs) -> LiveRoom:
        """Create the room; a live room of that name is left as it is, and returned. Tells nothing of its agents."""

    async def list(self) -> list[LiveRoom]:
        """Every live room of the project, sorted by name. One request."""

    async def get(self, name: str) -> RoomDetail | None:
        """One room with its participants; None when it is definitely not live."""

    async def delete(self, name: str) -> None:
        """End the room; success when it is gone already."""

    async def remove_participant(self, name: str, identity: str) -> bool:
        """Disconnect one participant; False when they, or the room, are definitely not there."""

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        """Change these settings of a live room (only those of `in_place`) to what the inputs say; None when it is
        gone. Tells nothing of its agents."""

    async def agents(self, name: str) -> builtins.list[dict[str, str]] | None:
        """The agents that are dispatched to a live room (`agentName`, `metadata`); None when it is gone."""

    async def aclose(self) -> None:
        """Close every connection."""
