"""Where a manifest's stack lives: Pulumi's files beside the manifest, and the state there or in a chosen backend."""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from relay_provider.errors import RelayError

PROJECT: Final = "relay-rooms"
FOLDER: Final = ".relay"


@dataclass(frozen=True)
class Workspace:
    """Where a manifest's stack lives: the folder for Pulumi's files, and the backend if it is that folder too."""

    folder: Path
    local: bool

    @classmethod
    def beside(cls, manifest: Path) -> Workspace:
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
        return bool(json.loads((pulumi_home() / "credentials.json").read_text()).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


def pulumi_home() -> Path:
    """The folder where Pulumi keeps logins and plugins."""
    if chosen := os.environ.get("PULUMI_HOME"):
        return Path(chosen)
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # as pulumi finds it, whatever HOME says
    except KeyError:
        home = Path.home()
    return home / ".pulumi"
