"""A plan in a file: what `preview --save` saw and would do, and whether `up --plan` still sees and would do the same.

Both make the plan anew, by the one way there is; a saved one only has to be equal to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from relay_provider.cli.common import counted
from relay_provider.cli.output import write_file
from relay_provider.cli.plan import Change
from relay_provider.cli.state import Deployment, version_of
from relay_provider.errors import RelayError, quoted
from relay_provider.guard import named
from relay_provider.manifest import Project
from relay_provider.model import OWN, SETTINGS, LiveRoom
from relay_provider.place import Home

Data = Mapping[str, Any]
Key = tuple[str, str]

FORMAT: Final = 1
MAX_REASONS: Final = 20
"""Rooms of which is told what became of them."""

_ALONE: Final = {None: "all projects"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is of: equal for two commands that ask the same."""

    manifest: str
    """The name of its stack's project."""
    files: tuple[str, ...]
    """A digest of each file, wherever it lies."""
    stack: str
    project: str | None
    """The only project that counts, by its label."""
    refresh: bool

    @classmethod
    def of(cls, manifest: str, files: Sequence[Path], stack: str, project: str | None, refresh: bool) -> Scope:
        digests = sorted(sha256(file.read_bytes()).hexdigest() for file in {file.resolve() for file in files})
        return cls(manifest, tuple(digests), stack, project, refresh)

    def as_json(self) -> dict[str, Any]:
        return {
            "manifest": {"name": self.manifest, "sha256": list(self.files)},
            "stack": self.stack,
            "project": self.project,
            "refresh": self.refresh,
        }


@dataclass(frozen=True)
class PlanFile:
    """The file of one command: `preview` writes it, and `up` holds itself to what is in it."""

    file: Path
    saved: Data | None
    """What is in it, where it is to be held to."""
    scope: Scope
    state: Deployment
    projects: Sequence[Project]
    homes: Mapping[str, Home]
    live: Callable[[str, str], LiveRoom | None]

    def meet(self, changes: Iterable[Change]) -> None:
        """These changes are the plan by now. Raises where they are not the saved one."""
        now = self._plan(changes)
        if self.saved is None:
            save(self.file, now)
        else:
            check(self.file, self.saved, now)

    def _plan(self, changes: Iterable[Change]) -> dict[str, Any]:
        """Each declared room, and each that changes, as it is live now and with what happens to it."""
        declared = {(one.ref.label, room.name) for one in self.projects for room in one.rooms}
        rooms: list[dict[str, Any]] = []
        touched = set()
        for change in changes:
            touched.add(key := (change.project, change.room))
            live = change.stands or change.live or (self.live(*key) if key in declared else None)
            rooms.append({**change.as_json(), **_seen(live), **_people(change)})
        rooms += [
            {"project": label, "room": room, "change": "same", "fields": [], **_seen(self.live(label, room))}
            for label, room in declared - touched
        ]
        rooms.sort(key=lambda one: (one["project"], one["room"], one["change"]))
        places = {label: place.as_state() for label, (place, _) in sorted(self.homes.items())}
        return {**self.scope.as_json(), "state": _version(self.state), "places": places, "rooms": rooms}


def save(file: Path, plan: Data) -> None:
    """Write the plan, for its owner alone: it names people."""
    text = {"relayRoomsPlan": FORMAT, "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **plan}
    write_file(file, json.dumps(text, indent=2, ensure_ascii=False) + "\n", mode=0o600)


def load(file: Path) -> dict[str, Any]:
    """The plan that `save` wrote. Raises for what is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RelayError(f"The plan {file} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "relayRoomsPlan" not in found:
        raise RelayError(f"{file} is no plan; `relay-rooms preview --save {file}` writes one.")
    if found["relayRoomsPlan"] != FORMAT or not _whole(found):
        raise RelayError(f"The plan {file} is of another version of relay-rooms, or damaged; make a new one.")
    return found


def check_scope(file: Path, saved: Data, scope: Scope) -> None:
    """Raise where a saved plan is of something else, or of a manifest that has changed since."""
    reasons, now = [], scope.as_json()
    if saved["manifest"]["name"] != now["manifest"]["name"]:
        reasons.append(f"it is of the manifest {quoted(str(saved['manifest']['name']))}, not {now['manifest']['name']}")
    elif saved["manifest"] != now["manifest"]:
        reasons.append("the manifest was edited")
    if _short(saved["stack"]) != _short(now["stack"]):
        reasons.append(f"it is of the stack {quoted(str(saved['stack']))}, not {now['stack']}")
    if saved["project"] != now["project"]:
        was, is_ = (_ALONE.get(one) or f"project {quoted(str(one))}" for one in (saved["project"], now["project"]))
        reasons.append(f"it is of {was}, not of {is_}")
    if saved["refresh"] != now["refresh"]:
        reasons.append("it was made with another --refresh or --no-refresh")
    _refuse(file, reasons)


def _short(stack: str) -> str:
    """The stack's own name, whether its organization is said or not."""
    return stack.rpartition("/")[2]


def check_state(file: Path, saved: Data, state: Deployment) -> None:
    """Raise where the state has changed since."""
    _refuse(file, [] if saved["state"] == _version(state) else ["another run changed the state"])


def _version(state: Deployment) -> dict[str, str]:
    return {"sha256": version_of(state)}


def check(file: Path, saved: Data, now: Data) -> None:
    """Raise where the rooms are not as they were, or would not be changed as planned; says what became of each."""
    reasons = []
    if saved["places"] != now["places"]:
        reasons.append("the projects' addresses are others")
    before, after = _by_room(saved), _by_room(now)
    for key in sorted(before.keys() | after.keys()):
        if said := _differing(before.get(key, []), after.get(key, [])):
            reasons.append(f"{'/'.join(key)} {said}")
    _refuse(file, reasons)


def _refuse(file: Path, reasons: Sequence[str]) -> None:
    if reasons:
        told = [quoted(reason, limit=400) for reason in reasons[:MAX_REASONS]]
        more = len(reasons) - len(told)
        told += [f"and {counted(more, 'room')} more"] if more else []
        lines = [f"The plan {file} does not hold any more: {reason}." for reason in told]
        raise RelayError("\n".join([*lines, "Nothing was done. Make a new plan: `relay-rooms preview --save …`."]))


def _whole(found: Data) -> bool:
    texts = [("manifest", dict), ("stack", str), ("refresh", bool), ("state", dict), ("places", dict), ("rooms", list)]
    return (
        all(isinstance(found.get(key), kind) for key, kind in texts)
        and {"name", "sha256"} <= found["manifest"].keys()
        and "project" in found
        and all(isinstance(one, dict) and {"project", "room", "change"} <= one.keys() for one in found["rooms"])
    )


def _seen(room: LiveRoom | None) -> dict[str, Any]:
    settings = room and {
        name: value
        for name, one in sorted(SETTINGS.items())
        if (value := getattr(room, one.field, None)) is not None or not name.startswith(OWN)
    }
    return {"sid": room.sid if room else None, "settings": settings}


def _people(change: Change) -> dict[str, Any]:
    """Everybody in a room that would end."""
    if not (change.ends or change.refused):
        return {}
    return {"people": sorted(change.outlook.people) if change.outlook else [], "refused": change.refused}


def _by_room(plan: Data) -> dict[Key, list[Data]]:
    found: dict[Key, list[Data]] = {}
    for one in plan["rooms"]:
        found.setdefault((str(one["project"]), str(one["room"])), []).append(one)
    return found


def _differing(before: Sequence[Data], after: Sequence[Data]) -> str:
    """What became of a room since, in words that follow its name; nothing where all is as it was."""
    if list(before) == list(after):
        return ""
    if len(before) != 1 or len(after) != 1:
        return "is not in the plan" if not before else "would be left as it is" if not after else "changes otherwise"
    [was], [is_] = before, after
    return "; ".join(_events(was, is_)) or f"would not be changed as planned (now: {is_['change']})"


def _events(was: Data, is_: Data) -> Iterator[str]:
    old, new = was.get("sid"), is_.get("sid")
    if old != new:
        yield "ended" if not new else "was created" if not old else "ended and was recreated"
    elif was.get("settings") != is_.get("settings"):
        one, other = was.get("settings") or {}, is_.get("settings") or {}
        fields = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
        yield "was changed: " + ", ".join(
            f"{name} was {_value(one, name)}, is {_value(other, name)}" for name in fields
        )
    there, now = set(was.get("people") or ()), set(is_.get("people") or ())
    if joined := sorted(now - there):
        yield f"was joined by {named(joined)}"
    if left := sorted(there - now):
        yield f"was left by {named(left)}"


def _value(settings: Data, name: str) -> str:
    return quoted(json.dumps(settings.get(name), ensure_ascii=False), limit=60)
