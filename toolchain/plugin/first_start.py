"""The first start of an installed plugin: its environment, from the wheel beside this file and a package index.

first_start.py HERE CACHE [ARGUMENTS…]: in HERE/env, else (where that cannot be written) in CACHE. Only standard error
is written to: the engine reads the port from standard output. Starts that come at once wait for the first; one that was
killed leaves no `ready`, and the next makes the environment anew."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

SELF = "pulumi-resource-relay"


class Failed(Exception):
    """What went wrong and the way out, in a sentence."""


def main(here: Path, cache: Path, arguments: list[str]) -> str:
    """Becomes the plugin; what it returns is why it could not."""
    made = here / "env" if os.access(here, os.W_OK) else cache
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        # Every process that is started here holds the lock as well: a killed start leaves a pip behind.
        lock = os.open(f"{made}.lock", os.O_CREAT | os.O_WRONLY, 0o600)
        os.set_inheritable(lock, True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ((made / "ready").exists() and os.access(made / "bin" / "python", os.X_OK)):
            make(made, here)
    except Failed as failed:
        return f"{SELF}: {failed}"
    except OSError as error:
        return f"{SELF}: its environment cannot be made: {error}. It has to be able to write to {here} or to {cache}."
    os.set_inheritable(lock, False)  # the plugin itself does not hold it
    python = str(made / "bin" / "python")
    return os.execv(python, [python, "-I", str(made / "bin" / SELF), *arguments])


def make(made: Path, here: Path) -> None:
    print(f"{SELF}: first start, its Python packages are being installed, once …", file=sys.stderr, flush=True)
    shutil.rmtree(made, ignore_errors=True)
    # By the Python behind a virtual environment, under its full name: another version's would not find the packages.
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    run([base, "-I", "-m", "venv", str(made)], "install Python's venv module (python3-venv on Debian)")
    pip = [str(made / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    wheels = sorted(map(str, here.glob("*.whl")))
    run([*pip, "-q", "-c", str(here / "constraints.txt"), *wheels], "let pip reach a package index (PIP_INDEX_URL)")
    (made / "ready").touch()


def run(command: list[str], way_out: str) -> None:
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, close_fds=False, text=True, errors="replace", check=False, **options)
    if done.returncode:
        said = done.stdout.strip().rpartition("\n")[2] or f"status {done.returncode}"
        raise Failed(f"its environment cannot be made with {command[0]}: {said} ({way_out}, and run this again).")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
