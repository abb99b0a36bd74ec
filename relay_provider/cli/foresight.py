"""The plan held against what is live: which rooms are there already, and who is in those that would end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from relay_provider.cli.plan import Change
from relay_provider.config import Connection, Lookup
from relay_provider.drift import differences
from relay_provider.errors import ConfigError, Unauthorized
from relay_provider.manifest import Project
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.place import Home, home_of, settings_in_state
from relay_provider.session import Session, run_in_session


class Foresight:
    """What one command knows before the engine works: the declared rooms, and what was live when it began."""

    def __init__(
        self,
        projects: Sequence[tuple[Project, Connection]],
        base: Connection,
        lookup: Lookup,
        others: Sequence[Project] = (),
    ) -> None:
        """`others` are declared too, and left alone by this command."""
        self._base, self._lookup = base, lookup
        homes = {project.ref.label: home_of(settings) for project, settings in projects}
        self._connections = {homes[project.ref.label]: settings for project, settings in projects}
        self._declared: dict[tuple[str, str], tuple[Home, RoomInputs]] = {
            (project.ref.label, room.name): (homes[project.ref.label], room)
            for project, _ in projects
            for room in project.rooms
        }
        self._homes = {(home, name) for (_, name), (home, _) in self._declared.items()}
        for project in others:
            with suppress(ConfigError):
                home = home_of(project.ref.settings(base, lookup))
                self._homes |= {(home, room.name) for room in project.rooms}
        self._live: dict[Home, Mapping[str, LiveRoom]] = {}

    def look(self) -> None:
        """One list of each project. Raises when one cannot be had: nothing is planned blindly."""
        if self._connections:
            declared = {at: [room for home, room in self._declared.values() if home == at] for at in self._connections}
            asked = [(settings, declared[home]) for home, settings in self._connections.items()]
            lists = run_in_session(lambda session: asyncio.gather(*(session.rooms(at).listed(of) for at, of in asked)))
            self._live = dict(zip(self._connections, lists, strict=True))

    def live(self, project: str, room: str) -> LiveRoom | None:
        """The declared room as it was live, if it was."""
        home, _ = self._declared[project, room]
        return self._live[home].get(room)

    def seen(self, change: Change) -> Change:
        """A create of a room that was live already takes it over; a delete of a declared one ends nothing."""
        if change.kind == "delete" and (self._home(change) in self._homes or self._stands(change)):
            return replace(change, kind="forget")
        if change.kind != "create" or (change.project, change.room) not in self._declared:
            return change
        home, declared = self._declared[change.project, change.room]
        live = self._live.get(home, {}).get(change.room)
        if live is None:
            return change
        found = differences(declared, live)
        if not found:
            return replace(change, kind="takeOver")
        return replace(change, fields=found, refused=not declared.force_destroy, live=live)

    def _stands(self, change: Change) -> bool:
        """Is the very room declared, with another key?"""
        return any(
            live.sid == change.sid
            for home, rooms in self._live.items()
            if (home, change.room) in self._homes and (live := rooms.get(change.room))
        )

    def planned(self, found: Mapping[str, Change]) -> dict[str, Change]:
        """The changes with what becomes of the people in the rooms, and of rooms that only change hands."""
        own = {self._home(change) for change in found.values() if change.kind == "forget"}
        settled = [
            replace(change, kind="replace", refused=False) if change.live and self._home(change) in own else change
            for change in found.values()  # what stands in the way is the state's own, under another label
        ]
        if any(change.ends for change in settled):
            changes = settled
            settled = run_in_session(lambda session: asyncio.gather(*(self._foreseen(one, session) for one in changes)))
        return dict(zip(found, settled, strict=True))

    def _home(self, change: Change) -> tuple[Home, str] | None:
        """The room that would end, by its project; None where its connection is not to be had."""
        if change.live is not None or not change.old:
            home = self._declared.get((change.project, change.room))
            return (home[0], change.room) if home else None
        try:
            return home_of(settings_in_state(change.old, self._base, self._lookup)), change.room
        except ConfigError:
            return None

    async def _foreseen(self, change: Change, session: Session) -> Change:
        if not change.ends:
            return change
        try:
            if change.live is None:
                settings = settings_in_state(change.old, self._base, self._lookup)
            else:
                settings = self._connections[self._declared[change.project, change.room][0]]
            rooms = session.rooms(settings)
            outlook, stands = await rooms.outlook(change.room, force=change.forced), await rooms.witness(change.room)
        except (ConfigError, Unauthorized) as error:
            return replace(change, note=f"stays where it is: {error}")
        return replace(change, stands=stands, outlook=outlook, refused=bool(outlook and outlook.refused))
