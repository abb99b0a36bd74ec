"""Which resource declares which room, as far as one run of the engine shows.

A delete must not end a room that the same run has just declared again: by a renamed resource without an alias
(created first, the old one deleted afterwards), or by a replacement that creates before it deletes and took the
live room over.
"""

from __future__ import annotations


class Claims:
    """What this run has created, by resource (URN) and room."""

    def __init__(self) -> None:
        self._existing: set[str] = set()
        self._owners: dict[str, str] = {}
        self._replaced: set[str] = set()

    def exists(self, urn: str) -> None:
        """The state has this resource."""
        self._existing.add(urn)

    def created(self, urn: str, room: str) -> None:
        """The resource has just declared the room."""
        self._owners[room] = urn
        if urn in self._existing:  # and was not deleted first
            self._replaced.add(urn)

    def outlives(self, urn: str, room: str) -> bool:
        """Does the room belong to a newer declaration than the one that is deleted?"""
        owner = self._owners.get(room, urn)
        return owner != urn or (room in self._owners and urn in self._replaced)

    def deleted(self, urn: str, room: str) -> None:
        """The resource's room is gone, or was left to its new declaration."""
        if self._owners.get(room) == urn and urn not in self._replaced:
            del self._owners[room]
        self._existing.discard(urn)
        self._replaced.discard(urn)
