"""A container image without a container runtime: the steps of a Containerfile on folders, and programs in the result.

An image that exists elsewhere is a base of this machine: its libraries and its Python, read-only; where a stage runs
commands, its programs too. Root is needed, for mounts and chroot."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

# Python is put where official images have it, too; its own library is looked for where it was built.
LIBRARIES = (sys.base_prefix, "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ssl", "/dev")
PROGRAMS = ("/usr/bin", "/usr/sbin")
PYTHON = "/usr/local/bin/python3"
ETC = ("passwd", "group", "shadow", "gshadow", "login.defs", "hosts", "resolv.conf", "nsswitch.conf", "ld.so.cache")
CHROOT = shutil.which("chroot", path="/usr/sbin:/usr/bin")
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
MOUNT = """
for place in {binds}; do mount --rbind -o ro "$place" {root}"$place"; done
mount --bind -o ro {python} {root}/usr/local
mount -t proc proc {root}/proc
exec {chroot} {user} {root} "$@"
"""


@dataclass
class Image:
    """A root file system, and what its Containerfile says of running it."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"})
    user: str = "0:0"
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    programs: bool = False

    def made(self) -> Image:
        """With what every image has."""
        for place in (*self.places(), "/proc", "/etc", "/usr/local", "/opt", "/home", "/root"):
            (self.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name in ("lib", "lib64", *(("bin", "sbin") if self.programs else ())):
            if not (self.root / name).is_symlink():
                (self.root / name).symlink_to(f"usr/{name}")
        for name in ETC:
            if Path("/etc", name).exists() and not (self.root / "etc" / name).exists():
                shutil.copy(Path("/etc", name), self.root / "etc" / name)
        (self.root / "tmp").mkdir(exist_ok=True)
        (self.root / "tmp").chmod(0o1777)
        return self

    def places(self) -> list[str]:
        """What is this machine's, read-only."""
        return [place for place in (*LIBRARIES, *(PROGRAMS if self.programs else ())) if Path(place).is_dir()]

    def start(self, *command: str, **env: str) -> subprocess.Popen[str]:
        """Run a program in it, as its user and in its folder."""
        user = "" if self.user == "0:0" else f"--userspec={self.user}"
        # chroot begins in the root; Python is what is there to change the folder with.
        enter = f"import os, sys; os.chdir({self.folder!r}); os.execvpe(sys.argv[1], sys.argv[1:], os.environ)"
        binds, python, root = shlex.join(self.places()), shlex.quote(sys.base_prefix), shlex.quote(str(self.root))
        script = MOUNT.format(binds=binds, python=python, root=root, user=user, chroot=CHROOT)
        return subprocess.Popen(
            [*UNSHARE, "sh", "-euc", script, "sh", PYTHON, "-I", "-c", enter, *command],
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, **env: str) -> str:
        process = self.start(*command, **env)
        said = process.communicate(timeout=600)[0]
        assert process.returncode == 0, f"{command}: {said}"
        return said


def ended(process: subprocess.Popen[str]) -> int:
    """As a container is stopped: its first process is told to end. The status that it ends with."""
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGTERM)  # unshare itself passes nothing on
    process.communicate(timeout=60)
    return process.returncode


def built(containerfile: Path, context: Path, elsewhere: dict[str, Path], folder: Path, **env: str) -> Image:
    """The last stage. `elsewhere` has the files of images that are copied from; `env` is for what stages run."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", containerfile.read_text()))
    stages: dict[str, Image] = {}
    image = Image(folder)
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, rest = line.partition(" ")
        words = shlex.split(rest)
        match instruction:
            case "FROM":
                name = words[2] if len(words) > 1 else "last"
                image = stages[name] = Image(folder / name, programs=name != "last").made()
            case "COPY":
                options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
                *sources, target = [word for word in words if not word.startswith("--")]
                source = options.get("from", "")
                copy(
                    stages[source].root if source in stages else elsewhere.get(source, context), sources, image, target
                )
                if owner := options.get("chown"):
                    subprocess.run(["chown", "-R", owner, str(image.root / target.lstrip("/"))], check=True)
            case "RUN":
                image.run("sh", "-euc", rest, **env)
            case "ENV":
                image.env |= dict(word.split("=", 1) for word in words)
            case "USER":
                image.user = rest
            case "WORKDIR":
                image.folder = rest
            case "CMD":
                image.command = json.loads(rest)
            case _:
                raise AssertionError(f"not known here: {line}")
    return image


def copy(root: Path, sources: list[str], image: Image, target: str) -> None:
    place = image.root / target.lstrip("/")
    found = [path for source in sources for path in sorted(root.glob(source.lstrip("/")))]
    assert len(found) >= len(sources), f"COPY {sources}: not all are there"
    for path in found:
        if path.is_dir():
            shutil.copytree(path, place, symlinks=True, dirs_exist_ok=True)
        else:
            into = place / path.name if target.endswith("/") else place
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into)
