"""Where finished builds lie: outside the checkout, a folder per program and key, published whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from toolchain import say


def root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for all checkouts of one person."""
    if chosen := environ.get("RELAY_TOOLCHAIN_CACHE"):
        return Path(chosen).expanduser().absolute()
    xdg = environ.get("XDG_CACHE_HOME", "")
    if xdg.startswith("/"):
        return Path(xdg) / "relay-provider"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "relay-provider"
    return Path.home() / ".cache" / "relay-provider"


@contextlib.contextmanager
def lock(file: Path, waiting_for: str) -> Iterator[None]:
    """Hold a lock between processes; say so when another one has it. The system lets go of a dead one's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        beat = None
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if beat is None:
                        say.line(f"waiting for another run: {waiting_for}")
                        beat = say.Heartbeat("waiting for another run")
                    beat.tick()
                    time.sleep(0.1)
        finally:
            if beat:
                beat.close()
        yield


def complete(folder: Path, files: Iterable[str]) -> bool:
    """Whether a published folder still holds all that it was published with."""
    return all(os.access(folder / name, os.X_OK) for name in files)


def ensure(
    base: Path, name: str, key: str, files: Iterable[str], make: Callable[[Path], None], *, doing: str = "building"
) -> Path:
    """The folder with the files of `name` under `key`; `make` fills it, in another place, when it is not there."""
    folder = base / name / key
    if complete(folder, files):
        return folder
    with lock(base / name / "lock", f"it is {doing} {name}"):
        if complete(folder, files):
            return folder
        for left in (base / name).glob("tmp-*"):
            # Whoever made it is dead: the living one holds the lock.
            shutil.rmtree(left, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=base / name))
        try:
            make(temporary)
            if not complete(temporary, files):
                missing = [file for file in files if not os.access(temporary / file, os.X_OK)]
                raise say.SetupError(f"{doing} {name} left out {', '.join(missing)}")
            temporary.chmod(0o755)
            if folder.exists():
                # Somebody took files out of it by hand.
                folder.rename(temporary.with_name(temporary.name + "-old"))
            temporary.rename(folder)
        finally:
            for left in (base / name).glob("tmp-*"):
                shutil.rmtree(left, ignore_errors=True)
    return folder


def hard_link(source: Path, target: Path) -> None:
    """The same file in a second place; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
