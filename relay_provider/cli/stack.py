"""A manifest's stack on the Pulumi engine, and what can be done with it; also that of one that is broken or gone."""

from __future__ import annotations

import os
import re
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    InvalidVersionError,
    LocalWorkspace,
    OutputMap,
    Stack,
    StackAlreadyExistsError,
    StackNotFoundError,
    UpdateSummary,
)
from pulumi.automation._stack import StackInitMode

from relay_provider.cli.common import DEFAULT_FILE, read_manifest
from relay_provider.cli.plan import sentences
from relay_provider.cli.pulumi_program import Command
from relay_provider.cli.state import Deployment, pending, read_states
from relay_provider.cli.steps import ROOM_TYPE, SET_TYPE
from relay_provider.cli.takeover import exported, find, find_config, put_back, take_over
from relay_provider.cli.workspace import Workspace, backend_chosen
from relay_provider.config import Connection, Lookup, load
from relay_provider.errors import RelayError, quoted
from relay_provider.manifest import (
    ENDINGS,
    Manifest,
    ManifestError,
    declared_name,
    first_of,
    is_name,
    name_of_file,
)
from relay_provider.manifest import load as load_manifest


class NoStack(RelayError):
    """There is no stack of that name."""

    def __init__(self, workspace: Workspace, stack: str) -> None:
        self.project = workspace.project
        self.others = workspace.with_stack(stack) if workspace.local else []
        super().__init__(f"There is no stack {stack} of {workspace.project}; `relay-rooms up` makes it.")


class Held(RelayError):
    """Another run has the stack."""


class _QuickWorkspace(LocalWorkspace):
    """Does not ask for outputs, which these stacks do not have, nor selects what every command names anyway: the engine
    takes a quarter of a second to start."""

    known = False
    """Is it known that the stack is there?"""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        return {}

    def select_stack(self, stack_name: str) -> None:
        if not self.known:
            super().select_stack(stack_name)


class _QuickStack(Stack):
    """Does not ask for the history after each update, of which nothing is read."""

    def info(self, show_secrets: bool = True) -> UpdateSummary:
        return UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")


class RoomStack:
    """A stack, and what can be done with it. Failures are sentences."""

    def __init__(
        self,
        workspace: Workspace,
        stack: str,
        program: Callable[[], None] | None,
        manifest: Manifest | None = None,
        *,
        create: bool,
    ) -> None:
        """Open the stack. `manifest` is whose it is, where that is known: a stack of before may be taken over then."""
        self._pending = pending(read_states(workspace, stack).values())
        warnings.filterwarnings("ignore", module=r"pulumi\.automation")  # about what ends in an error anyway
        self.workspace = workspace
        self.name = stack
        self.projects = manifest.projects if manifest else ()
        """What the manifest declares, where that is known."""
        self._program = program
        self.command = Command()
        with self.failing("stack"):
            self.stack = self._opened(manifest, create)
            find_config(workspace, stack, self.command)

    @classmethod
    def of(cls, manifest: Manifest, stack: str, program: Callable[[], None] | None, *, create: bool) -> RoomStack:
        """The manifest's stack."""
        workspace = Workspace.of(manifest)
        if why := workspace.unnamed(manifest):
            old = None
            with suppress(RelayError, CommandError):
                old = find(workspace, workspace.old_project, stack, Command())
            more = f" The stack {old}, made before manifests had names, will be taken over." if old else ""
            raise RelayError(why + more)
        return cls(workspace, stack, program, manifest, create=create)

    def _opened(self, manifest: Manifest | None, create: bool) -> Stack:
        if found := self._found(create):
            return found
        if manifest and take_over(self.workspace, self.name, manifest, self.command):
            return self._select()
        if not create:
            raise NoStack(self.workspace, self.name)
        if note := self.workspace.second_state:
            click.echo(note, err=True)
        try:
            return self._select(StackInitMode.CREATE)
        except StackAlreadyExistsError:  # another run was faster
            return self._select()

    def _found(self, create: bool) -> Stack | None:
        """The stack, if there is one; nothing is written for one that there is not."""
        if self.workspace.local or not (create or self.workspace.prepared):
            there = find(self.workspace, self.workspace.project, self.name, self.command)
            return self._select(known=self.workspace.local) if there else None
        try:
            return self._select()
        except StackNotFoundError:
            return None

    def _select(self, how: StackInitMode = StackInitMode.SELECT, *, known: bool = False) -> Stack:
        folder, env = self.workspace.folder, self.workspace.env
        self.workspace.prepare()
        workspace = _QuickWorkspace(
            work_dir=str(folder), program=self._program, env_vars=env, pulumi_command=self.command
        )
        workspace.known = known
        return _QuickStack(self.name, workspace, how)

    def tell(self, variables: Mapping[str, str]) -> None:
        """Put these into the environment of the engine, and so of the provider."""
        self.stack.workspace.env_vars = {**self.stack.workspace.env_vars, **variables}

    def read(self) -> Deployment:
        """The state as it lies there now."""
        if self.workspace.local:
            states = read_states(self.workspace, self.name)
            return next((one for file, one in states.items() if file.parent.name == self.workspace.project), {})
        with self.failing("stack export"):
            found: Deployment = exported(self.name, self.workspace, self.command, self.workspace.folder)["deployment"]
        return found

    def judges(self, state: Deployment) -> bool:
        """Would the engine read the state? Can that be told without it: is there no configuration, and a passphrase at
        hand where one is needed?"""
        asks = (state.get("secrets_providers") or {}).get("type") == "passphrase"
        env = {**os.environ, **self.workspace.env}
        there = any(f"PULUMI_CONFIG_PASSPHRASE{end}" in env for end in ("", "_FILE"))
        return not self.workspace.configured(self.name) and (there or not asks)

    def settle(self) -> None:
        """Forget what a killed run had begun, which the engine would keep for ever: what came of it is seen at the
        rooms. Not before those that it was just making are in the state, or declared."""
        if self._pending:
            with self.failing("stack import"):
                state = exported(self.name, self.workspace, self.command, self.workspace.folder)
                put_back(self.name, state, self.workspace, self.command)

    def drop(self, unwanted: Callable[[Mapping[str, Any]], bool]) -> None:
        """Take resources out of the state, and what was pending of them."""
        with self.failing("stack import"):
            found = exported(self.name, self.workspace, self.command, self.workspace.folder)
            there, pending = (found["deployment"].get(key) or [] for key in ("resources", "pending_operations"))
            left = {
                "resources": [one for one in there if not unwanted(one)],
                "pending_operations": [one for one in pending if not unwanted(one["resource"])],
            }
            state = {**found, "deployment": {**found["deployment"], **left}}
            put_back(self.name, state, self.workspace, self.command)

    @contextmanager
    def failing(self, what: str, errors: list[str] | None = None) -> Iterator[None]:
        """Turn what the Automation API raises into sentences; `errors` are those the engine reported as events."""
        with self.command.stoppable():
            try:
                yield
            except StackNotFoundError:
                raise NoStack(self.workspace, self.name) from None
            except ConcurrentUpdateError as error:
                raise Held(self._locked(str(error))) from None
            except InvalidVersionError as error:
                raise RelayError(f"This pulumi program is too old: {quoted(str(error))}") from None
            except CommandError as error:
                found = list(errors or ()) or sentences(str(error).partition(" stderr: ")[2])
                code = re.search(r"code: (-?\d+)", str(error))
                silent = f"pulumi {what} ended (exit code {code[1] if code else '?'}) without saying why; try again."
                raise RelayError("\n".join(found) or silent) from None

    def urn(self, label: str, room: str = "**") -> str:
        """The URN of a room, or those of all in one project, as the engine has patterns."""
        return f"{self._urns}::{ROOM_TYPE}::{label}/{room}"

    def urns(self, label: str) -> list[str]:
        """Those of the rooms and of the set of one project; a pattern may match nothing."""
        return [self.urn(label), f"{self._urns}::{SET_TYPE}*::{label}"]

    @property
    def _urns(self) -> str:
        return f"urn:pulumi:{self.name.rpartition('/')[2]}::{self.workspace.project}"

    def _locked(self, text: str) -> str:
        who = re.search(r"created by (.+)", text)
        holder = f" (by {quoted(who[1])})" if who else ""
        way = f"pulumi cancel --yes --stack {self.name} --cwd {shlex.quote(str(self.workspace.folder))}"
        return (
            f"Another run holds the stack {self.name}{holder}; wait until it has ended. If it was killed, "
            f"run `{way}` and try again."
        )

    def settings(self) -> tuple[Connection, Lookup]:
        """The settings that the stack's config and the environment make, and how to find other keys of the config."""
        config: dict[str, str] = {}
        project = self.workspace.project
        if self.workspace.configured(self.name):  # otherwise without asking the program, which takes a while
            with self.failing("config"):
                config = {key: found.value for key, found in self.stack.get_all_config().items()}
        base = load({key.removeprefix("relay:"): value for key, value in config.items() if key.startswith("relay:")})
        return base, lambda key: config.get(key if ":" in key else f"{project}:{key}")


def stack_to_end(files: Sequence[Path], stack: str) -> RoomStack:
    """The stack of these files, or of the manifest of this name, which may be broken or gone by now.

    Raises NoStack when there is none.
    """
    named = tuple(files) or (DEFAULT_FILE,)
    try:
        manifest = load_manifest(named)
    except ManifestError:
        pass
    else:
        return RoomStack.of(manifest, stack, None, create=False)
    there = [file for file in named if file.is_file()]
    if workspace := _of_broken(named, there) if there else _of_gone(named):
        try:
            return RoomStack(workspace, stack, None, create=False)
        except NoStack:
            if files and not there:
                raise
    read_manifest(files)  # says what is wrong with it
    raise RelayError("The manifest has just been changed; try again.")


def _of_broken(files: Sequence[Path], there: Sequence[Path]) -> Workspace | None:
    names = {name for file in there if (name := declared_name(file))}
    first = first_of(files)
    if len(names) == 1:
        return Workspace.beside(first, names.pop())
    return None if names or backend_chosen() else Workspace.beside(first, name_of_file(first))


def _of_gone(files: Sequence[Path]) -> Workspace:
    if len(files) > 1:
        raise RelayError(
            "None of these files is there; a manifest that is gone is ended by its name alone, or by that of its "
            f"first file: `relay-rooms destroy {first_of(files).name}`."
        )
    [file] = files
    if is_name(file.name) and not file.name.endswith(ENDINGS):
        return Workspace.beside(first_of(files), file.name)
    if backend_chosen():
        raise RelayError(
            f"There is no {file}, and a shared backend knows a manifest by its name only; "
            "end its rooms with `relay-rooms destroy NAME`."
        )
    return Workspace.beside(first_of(files), name_of_file(file))
