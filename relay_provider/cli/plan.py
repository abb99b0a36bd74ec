"""What the engine would do or did to rooms, from its events; and its errors as sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from relay_provider.changes import diff
from relay_provider.cli.steps import ROOM_TYPE, SET_TYPE, label_of, room_steps, stood_steps
from relay_provider.drift import FieldDifference
from relay_provider.errors import redacted
from relay_provider.guard import NAMED
from relay_provider.lifecycle import Outlook
from relay_provider.model import SETTINGS, LiveRoom, flat

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent, StepEventMetadata

DONE: Final = {
    "create": "created",
    "takeOver": "taken over",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "forget": "forgotten",
}

RARE: Final = ("takeOver", "forget")
"""What is counted only where there is any."""
ENDING: Final = ("replace", "delete")

_PROGRESS: Final = re.compile(r"([\d,]+) of ([\d,]+) rooms")
_TAGS: Final = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*[A-Za-z]")
_NOISE: Final = re.compile(r"^(?:error: |\* |Exception calling application: |python inline source runtime error: )+")
_GENERIC: Final = re.compile(
    r"^(?:(?:update|preview|destroy|refresh) failed|resource .*failed|\d+ errors? occurred:)\.?$"
)
"""What the engine adds to the real error."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one room."""

    project: str
    room: str
    kind: str
    fields: tuple[FieldDifference, ...] = ()
    """What is declared otherwise than it is there by now; None is absent."""
    old: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The inputs that the state has."""
    new: Mapping[str, Any] = field(default_factory=dict, compare=False)
    sid: str = ""
    """The session ID that the state has."""
    live: LiveRoom | None = None
    """The room that stands in the way of a create, with other settings."""
    stands: LiveRoom | None = None
    """The live room that would end."""
    outlook: Outlook | None = None
    refused: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.project}/{self.room}"

    @property
    def ends(self) -> bool:
        """Does a live room end by this?"""
        return self.kind in ENDING or (self.live is not None and not self.refused)

    @property
    def would_end(self) -> bool:
        """Does a room end that is known to be live, be it that people who are in it leave before? (Once planned.)"""
        return self.ends and self.stands is not None

    @property
    def forced(self) -> bool:
        """May it end with people in it? What is declared counts, and for what is not, the state."""
        return (self.new or self.old).get("forceDestroy") is True

    def as_json(self, planned: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "project": self.project,
            "room": self.room,
            "change": self.kind,
            "fields": [{"field": f.field, "before": f.live, "after": f.declared} for f in self.fields],
        }
        if planned and (self.ends or self.refused):
            people = self.outlook.people if self.outlook else ()
            shown |= {"people": len(people), "identities": list(people[:NAMED]), "refused": self.refused}
        return shown


@dataclass(slots=True)
class Watcher:
    """Follows a run of the engine: the changes, planned or done, and the errors."""

    project: str | None = None
    """Only this project's rooms count: the engine tells of the others too when it is to leave them alone."""
    seen: Callable[[Change], Change] = lambda change: change
    """What a change is in truth, which the engine cannot know."""
    on_change: Callable[[Change], None] = lambda _: None
    on_step: Callable[[str, int, int], None] = lambda *_: None
    """Told of progress: the phase, how many rooms are through it, and how many entered it."""
    changes: dict[str, Change] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failure: Exception | None = None
    _same: set[str] = field(default_factory=set)
    _begun: Counter[str] = field(default_factory=Counter)
    _ended: Counter[str] = field(default_factory=Counter)

    def __call__(self, event: EngineEvent) -> None:
        """An event of the engine."""
        # The Automation API only warns when this fails, and a plan without its changes must not pass for one.
        try:
            self._follow(event)
        except Exception as error:
            self.failure = self.failure or error

    def _follow(self, event: EngineEvent) -> None:
        if (begun := event.resource_pre_event) and self._counts(begun.metadata):
            self._step(begun.metadata, self._begun)
        if (ended := event.res_outputs_event) and self._counts(ended.metadata):
            self._step(ended.metadata, self._ended)
            self._changed(ended.metadata)
        if (failed := event.res_op_failed_event) and self._counts(failed.metadata):
            self._changed(failed.metadata, failed=True)
        if event.diagnostic_event and (far := _PROGRESS.search(event.diagnostic_event.message)):
            done, total = (int(number.replace(",", "")) for number in far.groups())
            self.on_step("rooms", done, total)
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            for sentence in sentences(event.diagnostic_event.message):
                if sentence not in self.errors:
                    self.errors.append(sentence)

    @property
    def counts(self) -> dict[str, int]:
        """How many rooms there are of each kind of change, and how many stay as they are."""
        found = Counter(change.kind for change in self.changes.values())
        return {
            **{kind: found[kind] for kind in DONE if found[kind] or kind not in RARE},
            "same": len(self._same - self.changes.keys()),
        }

    def _counts(self, step: StepEventMetadata) -> bool:
        return step.type in (ROOM_TYPE, SET_TYPE) and self.project in (None, label_of(step.urn))

    def _step(self, step: StepEventMetadata, counter: Counter[str]) -> None:
        phase = "refresh" if step.op.value == "refresh" else "rooms"
        counter[phase] += 1
        self.on_step(phase, self._ended[phase], self._begun[phase])

    def _changed(self, step: StepEventMetadata, failed: bool = False) -> None:
        for one in stood_steps(step) if failed else room_steps(step):
            kind, key = one.kind, one.key
            if kind == "left":  # the second half of a replacement, or what an earlier run has left over
                if key in self.changes:
                    continue
                kind, key = "delete", f"{key}#old"
            if kind == "same":
                self._same.add(key)
            elif kind in DONE:
                fields = _fields(kind, one.before, one.after)
                change = self.seen(Change(one.project, one.room, kind, fields, one.before, one.after, one.sid))
                told = self.changes.get(key)  # a replacement comes in two halves
                self.changes[key] = change
                if told is None or told.kind != change.kind:
                    self.on_change(change)


def _fields(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    if kind == "delete":
        return ()
    if kind == "create":
        given = {name: flat(after).get(name) for name in sorted((*SETTINGS, "forceDestroy"))}
        return tuple(FieldDifference(name, value, None) for name, value in given.items() if value not in (None, False))
    changed = [one.field for one in diff(before, after, ()).changes]
    found = [FieldDifference(name, flat(after).get(name), flat(before).get(name)) for name in changed]
    if before.get("project") != after.get("project"):
        found.append(FieldDifference("project", _connection(after), _connection(before)))
    return tuple(sorted(found, key=lambda change: change.field))


def _connection(inputs: Mapping[str, Any]) -> str:
    """The connection of a room's project, in one line."""
    ref = inputs.get("project") or {}
    return ", ".join(f"{key}: {value}" for key, value in sorted(ref.items()) if key != "label")


def sentences(text: str) -> list[str]:
    """The engine's words for a failure without colour, prefixes, tracebacks and what only repeats that it failed."""
    text = redacted(_TAGS.sub("", text))
    text, _, trace = text.partition("Traceback (most recent call last):")
    lines = [line.strip() for line in text.splitlines()]
    if trace and not any(lines):
        lines = [trace.strip().splitlines()[-1].strip()]
    if any(line.startswith("error: ") for line in lines):
        lines = [line for line in lines if line.startswith("error: ")]
    lines = [_NOISE.sub("", line) for line in lines]
    return list(dict.fromkeys(line for line in lines if line and not _GENERIC.match(line)))
