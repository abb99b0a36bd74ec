"""What is said of one project's rooms: each thing once, however often it is seen."""

from __future__ import annotations

from dataclasses import replace

from relay_provider.drift import ChangedRoom, FieldDifference
from relay_provider.errors import RelayError, RoomDiffers, RoomOccupied, RoomUnsure, in_words
from relay_provider.keep.log import Event
from relay_provider.keep.state import ProjectState, State


class Telling:
    """Tells the state, and the log, of one project."""

    def __init__(self, project: ProjectState, state: State) -> None:
        self._project = project
        self._state = state
        self._failures: dict[str, str] = {}
        self._changes: dict[str, ChangedRoom] = {}

    def answers(self) -> None:
        """The project's list was had."""
        if self._project.problem:
            self._project.problem = ""
            self._tell(Event("reachable", f"{self._project.label}: the API answers again"))

    def unreachable(self, error: RelayError) -> None:
        """The project's list was not to be had."""
        if self._project.problem != str(error):
            self._project.problem = str(error)
            self._tell(Event("unreachable", f"{self._project.label}: {error}", "error"))

    def compared(self) -> None:
        """There is a new comparison: say what became of the rooms that are not as declared."""
        found, project = self._project.found, self._project
        changes = {one.room: one for one in found.changed} if found else {}
        for name, change in changes.items():
            if self._changes.get(name) != change:
                fields = [{"field": f.field, "declared": f.declared, "live": f.live} for f in change.fields]
                said = f"{project.label}/{name} is not as declared: {_said(change.fields)}"
                self._tell(Event("changed", said, "warning", room=name, more={"fields": fields}))
        for name in self._changes.keys() - changes.keys():
            if name in project.live and name in project.declared:
                self._tell(Event("as_declared", f"{project.label}/{name} is as declared again", room=name))
        self._changes = changes
        self._failures = {name: told for name, told in self._failures.items() if name in project.declared}

    def created(self, name: str, sid: str) -> None:
        """The room was missing, and was made."""
        self._tell(Event("created", f"created {self._project.label}/{name}", room=name, more={"sid": sid}))

    def repaired(self, name: str, sid: str, fields: tuple[FieldDifference, ...]) -> None:
        """The room was changed, and was made as declared."""
        self._changes.pop(name, None)
        said = f"repaired {self._project.label}/{name}: {_said(fields)}"
        self._tell(Event("repaired", said, room=name, more={"sid": sid}))

    def done(self, name: str) -> None:
        """What had failed with this room may be told again."""
        self._failures.pop(name, None)

    def failed(self, name: str, error: RelayError) -> None:
        """The room could not be made, or repaired."""
        # Somebody else made or changed the room just now: the next look tells how it is.
        if self._failures.get(name) == str(error) or isinstance(error, RoomDiffers):
            return
        self._failures[name] = str(error)
        said = f"{self._project.label}/{name}: {error}"
        refused = isinstance(error, RoomOccupied | RoomUnsure)
        event = Event("refused", said, "warning") if refused else Event("failed", said, "error")
        self._tell(replace(event, room=name))

    def _tell(self, event: Event) -> None:
        self._state.tell(replace(event, project=self._project.label))


def _said(fields: tuple[FieldDifference, ...]) -> str:
    return "; ".join(f"{one.field} is {in_words(one.live)}, declared {in_words(one.declared)}" for one in fields)
