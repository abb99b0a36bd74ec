"""Where a manifest's stack lives: Pulumi's files in a folder of their own, the state beside it or elsewhere."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click

from relay_provider.cli.installs import pulumi_home
from relay_provider.errors import RelayError
from relay_provider.manifest import Manifest, first_of, name_of_file, namesakes

FOLDER: Final = ".relay"
OLD_PROJECT: Final = "relay-rooms"

# Without files of attributes: a kill between one and its state would leave both unreadable.
_NO_ATTRIBUTES: Final = "?metadata=skip"


_IGNORED: Final = "*\n!*/\n.pulumi/\n!.gitignore\n!Pulumi.*.yaml\n"
"""A stack's configuration is for the repository; all else is written anew where it is needed, or nobody's business."""
_CLOUD: Final = "https://api.pulumi.com"
ENDING: Final = 30.0
"""Seconds that a run whose `relay-rooms` is gone may still take."""
_OURS_ALONE: Final = 0o700
"""Rooms' metadata and people's names are nobody else's business on this machine."""


@dataclass(frozen=True)
class Workspace:
    """Where one manifest's stack lives. Two manifests in one folder share `root`, and nothing else."""

    root: Path
    """`.relay/` beside the manifest; with `local`, its state is in here."""
    project: str
    """The Pulumi project's name."""
    local: bool
    """Did nobody choose a backend?"""

    @classmethod
    def of(cls, manifest: Manifest) -> Workspace:
        """The manifest's own, by its name or else by its first file's. Raises where that tells no manifests apart."""
        first = first_of(manifest.files)
        workspace = cls.beside(first, manifest.name or name_of_file(first))
        if manifest.name is None and workspace.local:
            given = {first_of([file]) for file in manifest.files}
            if others := [other.name for other in namesakes(first) if other not in given]:
                raise RelayError(
                    f"{first.name} and {others[0]} would be one stack, {name_of_file(first)}, and end each other's "
                    "rooms; write a `name: …` at the top of one of them, or name both files."
                )
        return workspace

    @classmethod
    def beside(cls, file: Path, project: str) -> Workspace:
        """That of a project whose manifest is, or was, this file."""
        return cls(file.parent.resolve() / FOLDER, project, local=not backend_chosen())

    def unnamed(self, manifest: Manifest) -> str | None:
        """Why a shared backend can have no stack of a manifest that has no name."""
        if self.local or manifest.name is not None:
            return None
        file = first_of(manifest.files)
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{self.project}-of-{file.parent.name or 'acme'}")[:100]
        return (
            f"{file.name} has no name, and a shared backend tells manifests apart by theirs: write `name: {name}` at "
            "its top."
        )

    @property
    def folder(self) -> Path:
        """For Pulumi's files: the project's, and each stack's configuration."""
        return self.root / self.project

    @property
    def state(self) -> str:
        """The local state's address, for whoever is not in `folder`."""
        return f"file://{quote(str(self.root))}{_NO_ATTRIBUTES}"

    @property
    def whole(self) -> bool:
        """Does the backend take the whole state each time, as all do but Pulumi Cloud?"""
        return self.local or not backend_chosen().startswith(("http://", "https://"))

    @property
    def second_state(self) -> str | None:
        """What to say before a stack is made where a Pulumi project in the manifest's folder may have its rooms."""
        files = (self.root.parent / f"Pulumi{end}" for end in (".yaml", ".yml", ".json"))
        if not (found := next((file for file in files if file.is_file()), None)):
            return None
        return (
            f"Note: {found} is a Pulumi project. If its program declares these rooms too, two states hold them, and "
            "destroying one ends the other's: use `pulumi up` alone, or move the manifest to a folder of its own."
        )

    @property
    def prepared(self) -> bool:
        """Have Pulumi's files been written before?"""
        return (self.folder / "Pulumi.yaml").exists()

    @property
    def old_project(self) -> str:
        """What the project was called before manifests had names, whichever manifest of the folder it was."""
        folder = re.sub(r"[^A-Za-z0-9._-]", "-", self.root.parent.name)
        return OLD_PROJECT if self.local else f"{OLD_PROJECT}-{folder}"[:100]

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

    def config(self, stack: str) -> Path:
        """The file with a stack's configuration."""
        return self.folder / _config_file(stack)

    def old_config(self, stack: str) -> Path:
        """Where that was before manifests had names."""
        return self.root / _config_file(stack)

    def configured(self, stack: str) -> bool:
        """Does that file hold values?"""
        file = self.config(stack)
        return file.exists() and bool(re.search(r"^(?:config|environment):", file.read_text(), re.MULTILINE))

    def state_file(self, stack: str) -> Path:
        """The stack's local state, as a run leaves it."""
        return self.root / ".pulumi" / "stacks" / self.project / f"{stack.rpartition('/')[2]}.json.gz"

    def held(self, stack: str) -> bool:
        """Does a run hold the local state?"""
        locks = self.root / ".pulumi" / "locks" / "organization" / self.project / stack.rpartition("/")[2]
        return any(locks.glob("*.json"))

    def with_stack(self, stack: str) -> list[str]:
        """The projects that have a stack of this name in the local state."""
        name = stack.rpartition("/")[2]
        files = (self.root / ".pulumi" / "stacks").glob("*/*")
        return sorted({file.parent.name for file in files if file.name in (f"{name}.json", f"{name}.json.gz")})

    def prepare(self) -> None:
        """Write the files that Pulumi looks for."""
        files = {self.folder / "Pulumi.yaml": f"name: {json.dumps(self.project)}\nruntime: python\n"}
        if self.local:
            # Relative where it can be, so that it holds in every checkout: Pulumi takes what looks like an escape, a
            # query or a fragment in the rest of the path for one.
            url = "file://.." + _NO_ATTRIBUTES if quote(str(self.root)) == str(self.root) else self.state
            files[self.folder / "Pulumi.yaml"] += f"backend:\n  url: {url}\n"
            files[self.root / ".gitignore"] = _IGNORED
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            there = self.root.lstat()
            if there.st_uid == os.getuid() and stat.S_ISDIR(there.st_mode):
                self.root.chmod(_OURS_ALONE)
            for end in (".json", ".yml"):  # the engine would take one of them for the project
                (self.folder / f"Pulumi{end}").unlink(missing_ok=True)
            for path, text in files.items():
                if not path.exists() or path.read_bytes() != text.encode():
                    new = path.with_name(f"{path.name}.{os.getpid()}")
                    new.write_text(text)
                    new.replace(path)
        except OSError as error:
            raise RelayError(f"{self.folder} cannot be written: {(error.strerror or str(error)).lower()}.") from None

    def unlock(self) -> None:
        """Remove the locks of runs that were killed on this machine; a shared backend's are not ours to judge.

        An engine whose `relay-rooms` was killed ends by itself, as its program is gone; that is waited for.
        """
        if not self.local:
            return
        for lock in (self.root / ".pulumi" / "locks").rglob("*.json"):
            try:
                text = lock.read_text(errors="replace")
                if text.strip("\0"):
                    holder = json.loads(text)
                    if holder["hostname"] != socket.gethostname() or not _over(int(holder["pid"])):
                        continue
                lock.unlink()  # the engine puts a whole file there: an empty one is from a machine that went down
            except (OSError, ValueError, KeyError, TypeError):
                continue  # removed just now, or not the engine's


def backend_chosen() -> str:
    """Where somebody chose that Pulumi keeps its states, if anybody did."""
    if url := os.environ.get("PULUMI_BACKEND_URL"):
        return url
    try:
        current = json.loads((pulumi_home() / "credentials.json").read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        current = None
    return str(current or (os.environ.get("PULUMI_ACCESS_TOKEN") and _CLOUD) or "")


def _config_file(stack: str) -> str:
    return f"Pulumi.{stack.rpartition('/')[2]}.yaml"


def _over(pid: int) -> bool:
    """Has the process ended? One that nobody started any more may take a moment."""
    end, told = time.monotonic() + ENDING, False
    while True:
        state, parent = _process(pid)
        if state in ("", "Z"):  # a zombie has ended, and its parent has not asked about it
            return True
        if sys.platform == "linux" and parent != 1:
            _, parent = _process(parent)  # of the engine's guardian
        if parent != 1 or time.monotonic() > end:
            return False
        if not told:
            click.echo("A run that was killed is still ending; waiting for it.", err=True)
        told = True
        time.sleep(0.1)


def _process(pid: int) -> tuple[str, int]:
    """The state of a process, one letter or none where there is no such process, and its parent."""
    try:
        if sys.platform == "linux":
            state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[:2]
        else:
            command = ["/bin/ps", "-o", "stat=,ppid=", "-p", str(pid)]
            state, parent = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    except (OSError, ValueError):
        return "", 0
    return state[0], int(parent)
