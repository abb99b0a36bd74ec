"""The Pulumi engine for one manifest: where its program is found, where its state lives, and how it is interrupted."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

from pulumi.automation import (
    CommandError,
    CommandResult,
    ConcurrentUpdateError,
    InvalidVersionError,
    LocalWorkspace,
    OutputMap,
    PulumiCommand,
    Stack,
    StackNotFoundError,
)
from pulumi.automation.errors import create_command_error

from relay_provider.backends import connect
from relay_provider.cli.common import resolved
from relay_provider.cli.plan import sentences
from relay_provider.config import Lookup, Settings, load
from relay_provider.errors import RelayError, quoted
from relay_provider.manifest import Project

PROJECT: Final = "relay-rooms"
FOLDER: Final = ".relay"

_NO_PULUMI: Final = "The pulumi program was not found; run `make setup` in a checkout, or install it (https://www.pulumi.com/docs/install)."
_WAITING: Final = b"\nInterrupted: finishing what has begun. Once more to stop at once.\n"
_STOPPED: Final = (
    "Interrupted. The state is consistent; run the same command again to finish.",
    "Stopped at once. The state may lack what was being changed; run the same command again to put that right.",
)


class Interrupted(RelayError):
    """A person, or whoever runs this, asked to stop."""

    exit_code = 130


class NoStack(RelayError):
    """There is no stack of that name."""


class Command(PulumiCommand):
    """The pulumi program in a process group of its own, so that Ctrl-C reaches it once, and from here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._interruptions = 0
        for root in (None, *_install_roots()):
            try:
                super().__init__(root=str(root) if root else None)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
            except (subprocess.CalledProcessError, InvalidVersionError) as error:
                raise RelayError(f"The pulumi program cannot be used: {quoted(str(error))}") from None
            return
        raise RelayError(_NO_PULUMI)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        if self._interruptions:
            raise Interrupted(_STOPPED[self._interruptions > 1])
        process = subprocess.Popen(  # noqa: S603
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=self._env({**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}),
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        with process:
            self._process = process
            try:
                out, err = _drained(process.stdout, on_output), _drained(process.stderr, on_error)
                for reader, _ in (out, err):
                    reader.join()
                code = process.wait()
            finally:
                self._process = None
        result = CommandResult(stdout="\n".join(out[1]), stderr="\n".join(err[1]), code=code)
        if code == 0:
            return result
        if self._interruptions:
            raise Interrupted(_STOPPED[self._interruptions > 1])
        raise create_command_error(result)

    def _env(self, env: dict[str, str]) -> dict[str, str]:
        if Path(self.command).is_absolute():  # plugins lie beside it
            env["PATH"] = os.pathsep.join([env["PATH"], str(Path(self.command).parent)])
        return env

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Within this, SIGINT, SIGTERM and SIGHUP let the engine finish what it has begun, and then stop."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        stopping = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as it is under nohup
            stopping.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._stop) for number in stopping}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: object) -> None:
        process = self._process
        if process is None:
            raise KeyboardInterrupt
        if not self._interruptions:
            os.write(2, _WAITING)
        self._interruptions += 1
        process.send_signal(signal.SIGINT)


def _drained(stream: IO[str] | None, tell: Callable[[str], Any] | None) -> tuple[threading.Thread, list[str]]:
    """A thread that reads the stream to its end, and the lines it finds."""
    lines: list[str] = []

    def read() -> None:
        for line in stream or ():
            lines.append(line.rstrip())
            if tell:
                tell(lines[-1])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return reader, lines


def _install_roots() -> Iterator[Path]:
    """Where pulumi lies when it is not on PATH: this checkout's tools, and its own installers' folders."""
    yield Path(__file__).parents[2] / ".toolchain"
    home = _pulumi_home()
    yield home
    if (home / "versions").is_dir():
        yield from sorted((home / "versions").iterdir(), reverse=True)


def _pulumi_home() -> Path:
    if chosen := os.environ.get("PULUMI_HOME"):
        return Path(chosen)
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # as pulumi finds it, whatever HOME says
    except KeyError:
        home = Path.home()
    return home / ".pulumi"


@dataclass(frozen=True)
class Place:
    """Where a manifest's stack lives: the folder for Pulumi's files, and the backend if it is that folder too."""

    folder: Path
    local: bool

    @classmethod
    def beside(cls, manifest: Path) -> Place:
        """`.relay/` beside the manifest; its state as well, unless somebody chose a backend."""
        return cls(manifest.parent.resolve() / FOLDER, local=not _backend_chosen())

    @property
    def project(self) -> str:
        """The Pulumi project's name. A backend that is shared tells manifests apart by their folders."""
        if self.local:
            return PROJECT
        return f"{PROJECT}-{re.sub(r'[^A-Za-z0-9._-]', '-', self.folder.parent.name)}"[:100]

    @property
    def env(self) -> dict[str, str]:
        """What the pulumi program needs to know."""
        env = {
            # The dynamic provider's process has to be this very Python.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        if self.local:
            env["PULUMI_DIY_BACKEND_GZIP"] = "true"
            if "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ:
                env["PULUMI_CONFIG_PASSPHRASE"] = os.environ.get("PULUMI_CONFIG_PASSPHRASE", "")
        return env

    def prepare(self) -> None:
        """Write the files that Pulumi looks for."""
        files = {"Pulumi.yaml": f"name: {self.project}\nruntime: python\n"}
        if self.local:
            # Without files of attributes: a kill between one and its state would leave both unreadable.
            files["Pulumi.yaml"] += f"backend:\n  url: file://{quote(str(self.folder))}?metadata=skip\n"
            files[".gitignore"] = ".pulumi/\n"
        try:
            self.folder.mkdir(exist_ok=True)
            for name, text in files.items():
                path = self.folder / name
                if not path.exists() or path.read_text() != text:
                    new = path.with_name(f"{name}.{os.getpid()}")
                    new.write_text(text)
                    new.replace(path)
        except OSError as error:
            raise RelayError(f"{self.folder} cannot be written: {(error.strerror or str(error)).lower()}.") from None

    def unlock(self) -> None:
        """Remove the locks of runs that were killed on this machine; a shared backend's are not ours to judge."""
        if not self.local:
            return
        for lock in (self.folder / ".pulumi" / "locks").rglob("*.json"):
            try:
                holder = json.loads(lock.read_text())
                if holder["hostname"] == socket.gethostname() and not _alive(int(holder["pid"])):
                    lock.unlink()
            except (OSError, ValueError, KeyError, TypeError):
                continue  # being made or removed just now


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _backend_chosen() -> bool:
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    try:
        return bool(json.loads((_pulumi_home() / "credentials.json").read_text()).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


class _Workspace(LocalWorkspace):
    """A workspace that does not ask for outputs, which these stacks do not have; that takes most of a second."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        return {}


class Engine:
    """A stack, and what can be done with it. Failures are sentences."""

    def __init__(self, place: Place, stack: str, program: Callable[[], None] | None, *, create: bool) -> None:
        place.prepare()
        place.unlock()
        warnings.filterwarnings("ignore", module=r"pulumi\.automation")  # about what ends in an error anyway
        self.place = place
        self._name = stack
        self._command = Command()
        workspace = _Workspace(
            work_dir=str(place.folder), program=program, env_vars=place.env, pulumi_command=self._command
        )
        with self.failing("stack"):
            self.stack = (Stack.create_or_select if create else Stack.select)(stack, workspace)

    @contextmanager
    def failing(self, what: str, errors: list[str] | None = None) -> Iterator[None]:
        """Turn what the Automation API raises into sentences; `errors` are those the engine reported as events."""
        with self._command.stoppable():
            try:
                yield
            except StackNotFoundError:
                raise NoStack(
                    f"There is no stack {self._name} in {self.place.folder}; `relay-rooms up` makes it."
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
        file = self.place.folder / f"Pulumi.{self._name.rpartition('/')[2]}.yaml"
        if not file.exists() or not re.search(r"^(?:config|environment):", file.read_text(), re.MULTILINE):
            return {}  # without asking the program, which takes a while
        with self.failing("config"):
            return {key: found.value for key, found in self.stack.get_all_config().items()}

    def urn(self, kind: str) -> str:
        """The beginning of the URNs of this stack's resources of one type."""
        return f"urn:pulumi:{self._name.rpartition('/')[2]}::{self.place.project}::{kind}"

    def _locked(self, text: str) -> str:
        who = re.search(r"created by (.+)", text)
        holder = f" (by {quoted(who[1])})" if who else ""
        way = f"pulumi cancel --yes --stack {self._name} --cwd {shlex.quote(str(self.place.folder))}"
        return (
            f"Another run holds the stack {self._name}{holder}; wait until it has ended. If it was killed, "
            f"run `{way}` and try again."
        )


def stack_settings(engine: Engine) -> tuple[Settings, Lookup]:
    """The settings that the stack's config and the environment make, and how to find other keys of the config."""
    config, project = engine.config(), engine.place.project
    base = load({key.removeprefix("relay:"): value for key, value in config.items() if key.startswith("relay:")})
    return base, lambda key: config.get(key if ":" in key else f"{project}:{key}")


def check_connections(engine: Engine, projects: Sequence[Project]) -> None:
    """Can every project be connected to, as far as that is known without a request?"""
    for _, settings in resolved(projects, *stack_settings(engine)):
        connect(settings)
