"""The pulumi program: where it is found, how it is run, and how it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from pulumi.automation import CommandResult, InvalidVersionError, PulumiCommand
from pulumi.automation.errors import create_command_error

from relay_provider.cli.guardian import guarded
from relay_provider.cli.installs import roots
from relay_provider.cli.strangers import safe
from relay_provider.cli.workspace import Workspace
from relay_provider.errors import RelayError, quoted

_NO_PULUMI: Final = "The pulumi program was not found; run `make setup` in a checkout, or install it (https://www.pulumi.com/docs/install)."
_WITH_PROVIDERS: Final = ("preview", "up", "refresh", "destroy")
_WAITING: Final = b"\nInterrupted: finishing what has begun. Once more to stop at once.\n"
_STOPPED: Final = (
    "Interrupted. The state is consistent; run the same command again to finish.",
    "Stopped at once. The state may lack what was being changed; run the same command again to put that right.",
)


class Interrupted(RelayError):
    """A person, or whoever runs this, asked to stop; twice, to stop `at_once`."""

    exit_code = 130

    def __init__(self, times: int) -> None:
        self.at_once = times > 1
        super().__init__(_STOPPED[self.at_once])


class Command(PulumiCommand):
    """The pulumi program in a process group of its own, so that Ctrl-C reaches it once, and from here."""

    def __init__(self) -> None:
        self._signal: Callable[[int], object] | None = None  # while the program runs
        self._interruptions = 0
        for root in roots():
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
            raise Interrupted(self._interruptions)
        env = safe({**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"})
        if Path(self.command).is_absolute():  # plugins lie beside it
            env["PATH"] = os.pathsep.join([env["PATH"], str(Path(self.command).parent)])
        command = [self.command, "--non-interactive", *args]
        if sys.platform == "linux" and args[0] in _WITH_PROVIDERS:
            command = guarded(command)
        early: list[int] = []
        self._signal = early.append
        try:
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=env,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
            with process:
                self._signal = process.send_signal
                for number in early:
                    process.send_signal(number)
                out, err = _drained(process.stdout, on_output), _drained(process.stderr, on_error)
                for reader, _ in (out, err):
                    reader.join()
                code = process.wait()
        finally:
            self._signal = None
        result = CommandResult(stdout="\n".join(out[1]), stderr="\n".join(err[1]), code=code)
        if code == 0:
            return result
        if self._interruptions:
            raise Interrupted(self._interruptions)
        raise create_command_error(result)

    def output(self, workspace: Workspace, *arguments: str, folder: Path | None = None) -> str:
        """What the program says on the workspace's backend, in `folder` or nowhere."""
        env = {**workspace.env, "PULUMI_BACKEND_URL": workspace.state} if workspace.local else workspace.env
        with TemporaryDirectory() as nowhere:  # where no Pulumi.yaml says something else
            return self.run(list(arguments), str(folder or nowhere), env).stdout

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
        if not self._signal:
            raise KeyboardInterrupt
        if not self._interruptions:
            os.write(2, _WAITING)
        self._interruptions += 1
        self._signal(signal.SIGINT)


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
