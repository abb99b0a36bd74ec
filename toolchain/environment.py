"""The virtual environment .venv/ with the package (editable) and what the tests need, at pinned versions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from toolchain import cache, say

# The first pip that knows --group.
PIP_NEEDED = (25, 1)


def wanted(root: Path) -> str:
    """What the environment is made from."""
    digest = hashlib.sha256()
    for file in (root / "pyproject.toml", root / "toolchain" / "constraints.txt"):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def ready(root: Path) -> bool:
    """Whether the environment is there and was made from the present files."""
    stamp = root / ".venv" / ".relay-setup"
    try:
        made_from = stamp.read_text()
    except OSError:
        return False
    return made_from == wanted(root) and os.access(root / ".venv" / "bin" / "python", os.X_OK)


def ensure(root: Path) -> None:
    """Make or bring up to date the environment; nothing to do takes milliseconds."""
    if ready(root):
        return
    with cache.lock(root / ".toolchain" / "venv.lock", "it is installing the Python packages"):
        if not ready(root):
            install(root)


def install(root: Path) -> None:
    """Create what is missing, install, and only then leave the stamp."""
    folder, log = root / ".venv", root / ".toolchain" / "logs" / "python.log"
    python = folder / "bin" / "python"
    inputs = wanted(root)
    log.unlink(missing_ok=True)
    (folder / ".relay-setup").unlink(missing_ok=True)
    say.line("installing the Python packages into .venv, about a minute, once …")
    beat = say.Heartbeat("installing the Python packages")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if pip_version(python) is None:
        # Not there, or left half-made, or its Python is gone.
        shutil.rmtree(folder, ignore_errors=True)
        try:
            say.command([base_python(), "-m", "venv", str(folder)], log=log, beat=beat, cwd=root)
        except say.CommandError as error:
            raise say.SetupError(
                f"{error}\nThis Python cannot make a virtual environment. Debian and Ubuntu have that in a package "
                "of its own: apt-get install python3-venv"
            ) from None
    if (pip_version(python) or (0,)) < PIP_NEEDED:
        newer = f"pip>={'.'.join(map(str, PIP_NEEDED))}"
        say.command([*pip, "install", "--upgrade", newer], log=log, beat=beat, cwd=root)
    say.command(
        [*pip, "install", "-e", ".", "--group", "dev", "-c", "toolchain/constraints.txt"],
        log=log,
        beat=beat,
        cwd=root,
    )
    (folder / ".relay-setup").write_text(inputs)
    say.line(f"installed the Python packages in {say.elapsed(beat.seconds)}")


def base_python() -> str:
    """The Python behind a virtual environment: one made from .venv itself would lose its own ground."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def pip_version(python: Path) -> tuple[int, ...] | None:
    """Of the environment's pip; None when the environment does not work or is too old a Python."""
    if not os.access(python, os.X_OK):
        return None
    check = "import sys, pip; assert sys.version_info >= (3, 11); print(pip.__version__)"
    done = subprocess.run([str(python), "-c", check], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return tuple(int(part) for part in done.stdout.strip().split(".")[:2] if part.isdigit())
