"""A stack's state, read where the engine is not started: what is in it, and does it stand as a program declares it?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from relay_provider.changes import diff
from relay_provider.cli.steps import ROOM_TYPE, SET_TYPE, label_of, named, rooms_of_set
from relay_provider.cli.strangers import check_config, check_links, check_states
from relay_provider.cli.tags import NOTES, local_tags
from relay_provider.cli.workspace import Workspace
from relay_provider.config import Connection
from relay_provider.dynamic.properties import PROVIDER, PROVIDER_KEY, ours, own, read, registered
from relay_provider.manifest import Project
from relay_provider.model import LiveRoom

Deployment = Mapping[str, Any]
"""The state as the engine writes it, of which a file has more around it."""

_STACK: Final = "pulumi:pulumi:Stack"
_PROVIDER: Final = "pulumi:providers:pulumi-python"
_PARTS: Final = frozenset({"manifest", "secrets_providers", "resources", "metadata"})
_PLAIN: Final = frozenset(
    {"urn", "custom", "id", "type", "inputs", "outputs", "parent", "provider", "propertyDependencies"}
    | {"created", "modified", "sourcePosition", "stackTrace"}
)
"""What a resource has whose last run ended well. Anything else means something to the engine."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A room that a state has: what a program registered, and what became of it."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    grouped: bool = False
    """Is it one of a set?"""


def read_states(workspace: Workspace, stack: str) -> dict[Path, Deployment]:
    """The local states of a stack, of the manifest's own project and of the one of before. Raises for files that a
    checkout may have brought, and for damaged ones; removes the locks of the dead."""
    check_links(workspace.root)
    workspace.unlock()
    check_config(workspace.config(stack), workspace.old_config(stack))
    projects = (workspace.project, workspace.old_project)
    found = check_states(workspace.root, projects, _short(stack)) if workspace.local else {}
    return {file: _deployment(content) for file, content in found.items()}


def own_state(workspace: Workspace, stack: str) -> Deployment | None:
    """The stack's local state, where nothing but the engine's last word is there: no run that goes on, no
    configuration, no other state."""
    states = read_states(workspace, stack)
    own = workspace.state_file(stack)
    noted = any(name.startswith(NOTES) for name in local_tags(workspace, stack))
    if states.keys() != {own} or workspace.held(stack) or noted:
        return None
    plain = workspace.config(stack).exists() and not workspace.configured(stack)
    # An empty passphrase is the local state's own; whether another one is right, only the engine knows.
    given = any(os.environ.get(f"PULUMI_CONFIG_PASSPHRASE{end}") for end in ("", "_FILE"))
    return states[own] if plain and not given else None


def pending(states: Iterable[Deployment]) -> bool:
    """Is there something that a killed run had begun?"""
    return any(state.get("pending_operations") for state in states)


def written(state: Deployment) -> str:
    """When the engine wrote the state: another time after each of its runs, whatever became of it."""
    return str((state.get("manifest") or {}).get("time", ""))


def rooms_in(state: Deployment) -> dict[tuple[str, str], Entry]:
    """The rooms that a state has, by label and name."""
    found: dict[tuple[str, str], Entry] = {}
    for one in state.get("resources") or ():
        inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
        if one.get("type") == ROOM_TYPE:
            found[named(one["urn"])] = Entry(inputs, outputs)
        elif one.get("type") == SET_TYPE:
            declared, label = rooms_of_set(inputs), label_of(one["urn"])
            found |= {
                (label, name): Entry(declared.get(name, {}), props, grouped=True)
                for name, props in rooms_of_set(outputs).items()
            }
    return found


def lacking(state: Deployment, projects: Iterable[Project]) -> list[Project]:
    """The projects with those of their rooms that the state does not have."""
    there = rooms_in(state)
    left = (
        replace(one, rooms=tuple(room for room in one.rooms if (one.ref.label, room.name) not in there))
        for one in projects
    )
    return [one for one in left if one.rooms]


def at_rest(state: Deployment, project: str, stack: str) -> bool:
    """Is the state what a run leaves that ended well, of rooms alone and of a provider without configuration?"""
    manifest, resources = state.get("manifest") or {}, list(state.get("resources") or [])
    magic = sha256(str(manifest.get("version")).encode()).hexdigest()
    if not _PARTS.issuperset(state) or manifest.get("magic") != magic or len(resources) < 2:
        return False
    urn = f"urn:pulumi:{_short(stack)}::{project}::"
    root, provider, *rooms = resources
    by = f"{urn}{_PROVIDER}::default"
    parents = {"parent": root["urn"], "provider": f"{by}::{provider.get('id')}", "custom": True}
    return (
        all(_PLAIN.issuperset(one) for one in resources)
        and (root["urn"], root["type"]) == (f"{urn}{_STACK}::{project}-{_short(stack)}", _STACK)
        and (provider["urn"], provider["type"]) == (by, _PROVIDER)
        and not any(one.get(part) for one in (root, provider) for part in ("inputs", "outputs"))
        and all(parents.items() <= one.items() for one in rooms)
        and all(_id(one, urn) == one.get("id") for one in rooms)
        and len({one["urn"] for one in rooms}) == len(rooms)
    )


@dataclass(frozen=True)
class Wanted:
    """What projects declare, beside what is live."""

    projects: Collection[Project]
    base: Connection
    live: Callable[[str, str], LiveRoom | None]
    """A room of a label, as it was live when it was looked at."""
    alone: bool
    """Do other projects in a state not count?"""

    @cached_property
    def declared(self) -> Mapping[tuple[str, str], tuple[dict[str, Any], bool]]:
        """What a program registers of each declared room, and whether that is part of a set."""
        return {
            (project.ref.label, room.name): (
                {**registered(room.props(), {"project": project.ref.as_state()}, self.base), PROVIDER_KEY: PROVIDER},
                project.grouped,
            )
            for project in self.projects
            for room in project.rooms
        }

    def unsettled(self, state: Deployment) -> Iterator[tuple[str, str]]:
        """The rooms that do not stand, in the state and live, as a run would leave them; and those in the state that
        are no longer declared."""
        there = rooms_in(state)
        labels = {project.ref.label for project in self.projects}
        for key, (inputs, grouped) in self.declared.items():
            found = there.get(key)
            if not found or (found.inputs, found.grouped) != (inputs, grouped) or not stands(found, self.live(*key)):
                yield key
        yield from (key for key in there.keys() - self.declared.keys() if not self.alone or key[0] in labels)

    def endable(self, state: Deployment) -> Iterator[tuple[str, str]]:
        """Those of the unsettled rooms that a run may end: not what is only to be made, since it is gone. What an
        earlier run has left over counts, too."""
        there = rooms_in(state)
        yield from left_over(state)
        for key in self.unsettled(state):
            before = there.get(key)
            here = key in self.declared and (before is None or ours(before.inputs) == ours(self.declared[key][0]))
            if not here or self.live(*key):
                yield key


def left_over(state: Deployment) -> Iterator[tuple[str, str]]:
    """What earlier runs should have ended, and did not."""
    yield from (named(one["urn"]) for one in state.get("resources") or () if one.get("delete"))


def version_of(state: Deployment) -> str:
    """What tells this state from one with other rooms, or others' facts, in it: not when it was written."""
    parts = {part: state.get(part) or [] for part in ("resources", "pending_operations")}
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def stands(entry: Entry, live: LiveRoom | None) -> bool:
    """Would a look at the live room find what the state has, and a run then have nothing to change?"""
    if live is None or ours(entry.outputs) != ours(entry.inputs):
        return False
    now, inputs = read(entry.outputs, live)
    as_before = inputs is None and {**now, PROVIDER_KEY: PROVIDER} == entry.outputs
    return as_before and not diff(own(now), own(entry.inputs), ()).changes


def _id(resource: Mapping[str, Any], stack: str) -> str | None:
    """The ID that a resource of ours has by its URN."""
    urn = resource["urn"]
    if resource["type"] == ROOM_TYPE and urn.startswith(f"{stack}{ROOM_TYPE}::"):
        return named(urn)[1]
    return label_of(urn) if resource["type"] == SET_TYPE and urn.startswith(f"{stack}{SET_TYPE}::") else None


def _deployment(content: Any) -> Deployment:
    try:
        return content["checkpoint"]["latest"] or {}
    except (KeyError, TypeError):
        return {}


def _short(stack: str) -> str:
    return stack.rpartition("/")[2]
