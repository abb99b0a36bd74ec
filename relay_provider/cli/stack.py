"""A manifest's stack on the Pulumi engine, and what can be done with it."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    InvalidVersionError,
    LocalWorkspace,
    OutputMap,
    Stack,
    StackNotFoundError,
)

from relay_provider.cli.plan import sentences
from relay_provider.cli.pulumi_program import Command
from relay_provider.cli.workspace import Workspace
from relay_provider.config import Lookup, Settings, load
from relay_provider.errors import RelayError, quoted


class NoStack(RelayError):
    """There is no stack of that name."""


class _QuietWorkspace(LocalWorkspace):
    """Does not ask for outputs, which these stacks do not have; that takes most of a second."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        return {}


class RoomStack:
    """A stack, and what can be done with it. Failures are sentences."""

    def __init__(self, workspace: Workspace, stack: str, program: Callable[[], None] | None, *, create: bool) -> None:
        workspace.prepare()
        workspace.unlock()
        warnings.filterwarnings("ignore", module=r"pulumi\.automation")  # about what ends in an error anyway
        self.workspace = workspace
        self._name = stack
        self._command = Command()
        automation = _QuietWorkspace(
            work_dir=str(workspace.folder), program=program, env_vars=workspace.env, pulumi_command=self._command
        )
        with self.failing("stack"):
            self.stack = (Stack.create_or_select if create else Stack.select)(stack, automation)

    def tell(self, variables: Mapping[str, str]) -> None:
        """Put these into the environment of the engine, and so of the provider."""
        self.stack.workspace.env_vars = {**self.stack.workspace.env_vars, **variables}

    @contextmanager
    def failing(self, what: str, errors: list[str] | None = None) -> Iterator[None]:
        """Turn what the Automation API raises into sentences; `errors` are those the engine reported as events."""
        with self._command.stoppable():
            try:
                yield
            except StackNotFoundError:
                raise NoStack(
                    f"There is no stack {self._name} in {self.workspace.folder}; `relay-rooms up` makes it."
                ) from None
            except ConcurrentUpdateError as error:
                raise RelayError(self._locked(str(error))) from None
            except InvalidVersionError as error:
                raise RelayError(f"This pulumi program is too old: {quoted(str(error))}") from None
            except CommandError as error:
                found = list(errors or ()) or sentences(str(error).partition(" stderr: ")[2])
                code = re.search(r"code: (-?\d+)", str(error))
                silent = f"pulumi {what} ended (exit code {code[1] if code else '?'}) without saying why; try again."
                raise RelayError("\n".join(found) or silent) from None

    def config(self) -> dict[str, str]:
        """The stack's config, decrypted."""
        file = self.workspace.folder / f"Pulumi.{self._name.rpartition('/')[2]}.yaml"
        if not file.exists() or not re.search(r"^(?:config|environment):", file.read_text(), re.MULTILINE):
            return {}  # without asking the program, which takes a while
        with self.failing("config"):
            return {key: found.value for key, found in self.stack.get_all_config().items()}

    def urn(self, kind: str) -> str:
        """The beginning of the URNs of this stack's resources of one type."""
        return f"urn:pulumi:{self._name.rpartition('/')[2]}::{self.workspace.project}::{kind}"

    def _locked(self, text: str) -> str:
        who = re.search(r"created by (.+)", text)
        holder = f" (by {quoted(who[1])})" if who else ""
        way = f"pulumi cancel --yes --stack {self._name} --cwd {shlex.quote(str(self.workspace.folder))}"
        return (
            f"Another run holds the stack {self._name}{holder}; wait until it has ended. If it was killed, "
            f"run `{way}` and try again."
        )

    def settings(self) -> tuple[Settings, Lookup]:
        """The settings that the stack's config and the environment make, and how to find other keys of the config."""
        config, project = self.config(), self.workspace.project
        base = load({key.removeprefix("relay:"): value for key, value in config.items() if key.startswith("relay:")})
        return base, lambda key: config.get(key if ":" in key else f"{project}:{key}")
