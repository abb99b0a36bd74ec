"""Stacks that were made before manifests had names: found, and taken over under the manifest's own name.

The engine's rename does it: no room is touched. A stack is taken over by a manifest that declares one of its rooms,
with the same connection; another manifest's is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import click
from pulumi.automation import StackAlreadyExistsError, StackNotFoundError

from relay_provider.cli.pulumi_program import Command
from relay_provider.cli.steps import ROOM_TYPE
from relay_provider.cli.workspace import Workspace
from relay_provider.errors import RelayError
from relay_provider.manifest import Manifest


def find(workspace: Workspace, project: str, stack: str, pulumi: Command) -> str | None:
    """The full name of a project's stack in the workspace's backend, if there is one."""
    *owner, name = stack.split("/")
    if workspace.local:
        return f"organization/{project}/{name}" if project in workspace.with_stack(stack) else None
    there = [
        one["name"].split("/")
        for one in json.loads(pulumi.output(workspace, "stack", "ls", "--project", project, "--json", "-Q"))
    ]
    found = [one for one in there if one[-1] == name and (not owner or one[0] == owner[0])]
    return "/".join(found[0]) if len(found) == 1 else None


def take_over(workspace: Workspace, stack: str, manifest: Manifest, pulumi: Command) -> bool:
    """Make the folder's old stack the manifest's own, with its configuration, if it is the manifest's. Is it?"""
    old = find(workspace, workspace.old_project, stack, pulumi)
    if old is None:
        return False
    owner, project, name = old.split("/")
    try:
        if not _is_of(manifest, state := exported(old, workspace, pulumi)):
            return False
        workspace.prepare()
        # First, and beside what is there, so that a kill loses nothing.
        _copy_config(workspace, name)
        if _copy_keys(state, project, workspace.project):
            put_back(old, state, workspace, pulumi)
        new = f"{owner}/{workspace.project}/{name}"
        pulumi.output(workspace, "stack", "rename", new, "--stack", old, folder=workspace.folder)
    except (StackNotFoundError, StackAlreadyExistsError):  # another run was faster
        return find(workspace, workspace.project, stack, pulumi) is not None
    _forget_old_files(workspace, name)
    click.echo(f"The stack {project}, made before manifests had names, is now {workspace.project}.", err=True)
    return True


def find_config(workspace: Workspace, stack: str, pulumi: Command) -> None:
    """Bring the configuration of a stack that was taken over elsewhere: in another checkout it is in its old place."""
    if workspace.config(stack).exists() or not workspace.old_config(stack).exists():
        return
    if workspace.project != workspace.old_project:
        secrets = exported(stack, workspace, pulumi, workspace.folder)["deployment"].get("secrets_providers") or {}
        salt = (secrets.get("state") or {}).get("salt")
        if not salt or salt not in workspace.old_config(stack).read_text():
            return
    _copy_config(workspace, stack)
    _forget_old_files(workspace, stack)


def exported(stack: str, workspace: Workspace, pulumi: Command, folder: Path | None = None) -> dict[str, Any]:
    """The state, with secrets encrypted as they are."""
    found: dict[str, Any] = json.loads(pulumi.output(workspace, "stack", "export", "--stack", stack, folder=folder))
    return {**found, "deployment": found.get("deployment") or {}}


def put_back(stack: str, state: Mapping[str, Any], workspace: Workspace, pulumi: Command) -> None:
    """Import a state, without what was pending in it."""
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(state, file)
        file.flush()
        pulumi.output(workspace, "stack", "import", "--stack", stack, "--file", file.name, folder=workspace.folder)


def _is_of(manifest: Manifest, state: Mapping[str, Any]) -> bool:
    declared = {
        f"{project.ref.label}/{room.name}": project.ref.as_state()
        for project in manifest.projects
        for room in project.rooms
    }
    return any(
        declared.get(one["urn"].split("::", 3)[3]) == one["inputs"]["project"]
        for one in state["deployment"].get("resources") or ()
        if one["type"] == ROOM_TYPE and one.get("inputs", {}).get("project")
    )


def _copy_keys(state: Mapping[str, Any], old: str, new: str) -> bool:
    """Give a provider the config keys that it has of the old project under the new one's name too.

    A refresh asks the provider of the state, with the configuration that it had last. Were there any?
    """
    copied = False
    for one in state["deployment"].get("resources") or ():
        if one["type"].startswith("pulumi:providers:"):
            for values in (one.get("inputs") or {}, one.get("outputs") or {}):
                keys = {key: f"{new}:{key.removeprefix(f'{old}:')}" for key in values if key.startswith(f"{old}:")}
                values.update({keys[key]: values[key] for key in keys})
                copied = copied or bool(keys)
    return copied


def _copy_config(workspace: Workspace, stack: str) -> None:
    """The old configuration under the new name, by which its keys begin too; the encryption's salt goes with it."""
    try:
        text = workspace.old_config(stack).read_text()
        key = re.compile(rf"^(\s+[\"']?){re.escape(workspace.old_project)}:(?=\S)", re.MULTILINE)
        workspace.config(stack).write_text(key.sub(lambda found: f"{found[1]}{workspace.project}:", text))
    except FileNotFoundError:
        return
    except OSError as error:
        raise RelayError(f"{workspace.config(stack)} cannot be written: {(error.strerror or '?').lower()}.") from None


def _forget_old_files(workspace: Workspace, stack: str) -> None:
    """Remove what lies in the old place and would mislead; other stacks' configuration stays."""
    workspace.old_config(stack).unlink(missing_ok=True)
    if not list(workspace.root.glob("Pulumi.*.yaml")):
        (workspace.root / "Pulumi.yaml").unlink(missing_ok=True)
