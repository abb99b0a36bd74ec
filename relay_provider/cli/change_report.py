"""Changes, planned or done, as a report: for programs, for people on a terminal, and for a pull request's comment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from relay_provider.cli.common import counted
from relay_provider.cli.output import Block, Cell, Code, Report, Table, field_rows
from relay_provider.cli.plan import DONE, Change
from relay_provider.errors import quoted
from relay_provider.guard import NAMED

_SAID: Final = {
    "takeOver": "take over",
    "forget": "forget (the room stays)",
    "differs": "live with other settings",
}
_OVER: Final = "As it is, this will not be done. If these rooms are meant to end, raise the limit in the manifest, or: "
_PLAIN: Final = re.compile(r"[A-Za-z0-9-]+")
_ENDING: Final = {"replace": "replace (ends the room)", "delete": "delete (ends the room)"}


def as_report(
    result: str,
    changes: Iterable[Change],
    counts: Mapping[str, int],
    summary: str,
    *,
    planned: str = "",
    errors: Sequence[str] = (),
    over: Sequence[str] = (),
    about: str = "",
) -> Report:
    """Changes as something to show; what is `planned` (up or destroy) also shows who is in the rooms that would
    end, and a failure every error. `over` says which limits it would pass, and last what to type; `about` is what was
    planned or done, for comments to be told apart."""
    ordered = sorted(changes, key=lambda change: (change.project, change.room))
    data: dict[str, Any] = {
        "result": result,
        "changes": dict(counts),
        "rooms": [change.as_json(bool(planned)) for change in ordered],
    }
    peopled = bool(planned) and any(map(_people, ordered))
    after: list[Block] = []
    undeclared = sum(change.kind == "delete" for change in ordered) if planned == "up" else 0
    if undeclared:
        data["noLongerDeclared"] = undeclared
        are = "room is" if undeclared == 1 else "rooms are"
        after.append((f"{undeclared:,} {are} no longer declared.", None))
    if over:
        data["overLimit"] = list(over[:-1])
        after += [*((one, None) for one in over[:-1]), ((_OVER, Code(over[-1].strip("`"))), None)]
    if errors:
        data["errors"] = list(errors)
        after += [(Code(error), None) for error in errors]
    table = _table(ordered, peopled, lambda change: change.name)
    return Report(
        data,
        summary,
        [*([("", table)] if ordered else []), *after],
        about,
        f"No changes. {summary}" if result == "unchanged" else summary,
        [*(_disconnected(ordered) if planned else ()), *_by_project(ordered, peopled), *after],
    )


def summed(counts: Mapping[str, int]) -> str:
    """What would happen to how many rooms: `replace 2 rooms, delete 1 room`."""
    done = [(kind, n) for kind, n in counts.items() if n and kind in DONE]
    return ", ".join(f"{_SAID.get(kind, kind)} {counted(n, 'room')}" for kind, n in done)


def _by_project(changes: Sequence[Change], peopled: bool) -> Iterable[Block]:
    """A table for each project; what ends, and with people in it, comes first."""
    for project, group in groupby(changes, key=lambda change: change.project):
        found = sorted(group, key=lambda one: (not one.outlook, not one.ends, one.room))
        kinds = Counter(one.kind for one in found)
        head = (Code(project), f": {summed({kind: kinds[kind] for kind in DONE})}")
        yield head, _table(found, peopled, lambda change: change.room)


def _disconnected(changes: Sequence[Change]) -> Iterable[Block]:
    """Who would be thrown out, and who keeps a room from being ended."""
    for refused in (False, True):
        rooms = [one.outlook for one in changes if one.outlook and one.refused == refused]
        people = sum(len(outlook.people) for outlook in rooms)
        persons = f"{people:,} {'person' if people == 1 else 'people'}"
        if rooms and refused:
            yield f"{counted(len(rooms), 'room')} with {persons} would not be ended, and fail the run.", None
        elif rooms:
            yield f"{persons} in {counted(len(rooms), 'room')} would be disconnected.", None


def _table(changes: Sequence[Change], peopled: bool, named: Callable[[Change], str]) -> Table:
    rows = [row for change in changes for row in _rows(change, named(change), peopled)]
    return Table(("Room", "Change", *(["People"] if peopled else []), "Field", "Before", "After"), rows)


def _rows(change: Change, name: str, peopled: bool) -> list[tuple[Cell, ...]]:
    kind = _ENDING.get(change.kind, _SAID.get(change.kind, change.kind))
    head: tuple[Cell, ...] = (Code(name), kind, *([_people(change)] if peopled else []))
    if change.kind in ("create", "takeOver") and change.live is None:
        settings = ", ".join(f"{one.field}: {_shown(one.declared)}" for one in change.fields)
        return [(*head, "", "", Code(settings))]
    fields = ((one.field, _shown(one.live), _shown(one.declared)) for one in change.fields)
    return field_rows(head, fields) or [(*head, "", "", "")]


def _people(change: Change) -> Cell:
    """What becomes of those in the room."""
    if change.outlook is None:
        return Code(change.note) or ("refused: live with other settings" if change.refused else "")
    number, people = str(change.outlook).partition(": ")[0], change.outlook.people
    names = [part for one in people[:NAMED] for part in (", ", _named(quoted(one, limit=60)))]
    more = [f" and {len(people) - NAMED} more"] if len(people) > NAMED else []
    return (f"{number}: ", *names[1:], *more)


def _named(identity: str) -> str:
    """Somebody's identity, in code unless it is a plain word."""
    return identity if _PLAIN.fullmatch(identity) else Code(identity)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
