"""The order of things: the virtual environment, the programs, the links."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

from toolchain import build, cache, environment, find, links, programs, say

ROOT = Path(__file__).resolve().parent.parent
NO_GO = "install Go (https://go.dev/dl/) and run `make setup` again, which then builds it"


def host_names(sdks: bool) -> tuple[programs.Program, ...]:
    """The language hosts that are asked for."""
    return (*programs.HOSTS, programs.NODEJS_GO_HOSTS) if sdks else programs.HOSTS


def cached(program: programs.Program, base: Path) -> Path | None:
    """A finished build of the present pins."""
    folder = base / program.name / programs.key(program)
    return folder if cache.complete(folder, program.files) else None


def built(program: programs.Program, base: Path, go: str | None) -> Path:
    """From the cache, else from source."""
    if folder := cached(program, base):
        return folder
    if go is None:
        raise say.SetupError(f"{program.name} is neither on PATH nor in the cache, and Go is missing")
    return build.from_source(program, go, base)


def files_of(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Link name: target."""
    return {name: folder / name for name in names}


def pulumi_links(root: Path, base: Path, path: str, go: str | None, *, sdks: bool) -> dict[str, Path]:
    """pulumi and its hosts: from PATH, the cache, source, or Pulumi's installer, in this order."""
    found = find.pulumi(path)
    problems = [found.reason] if found.reason else []
    for problem in problems:
        say.line(f"not taken: {problem}")
    try:
        if found.path:
            out = {"pulumi": found.path}
            for host in host_names(sdks):
                there = found.hosts.get(host.name)
                out |= there if there else files_of(built(host, base, go), host.files)
            return out
        members = {p: built(p, base, go) for p in (programs.PULUMI, *host_names(sdks))}
        folder = build.together(members, base)
        return files_of(folder, [file for program in members for file in program.files])
    except say.SetupError as error:
        problems.append(str(error))
        say.line(str(error))
    try:
        folder = build.installed_release(root / ".venv" / "bin" / "python", base)
    except say.SetupError as error:
        say.line(str(error))
        raise say.SetupError(
            "pulumi is missing: it is not on PATH in a version that will do, could not be built, and its installer "
            f"failed. Install Pulumi (https://www.pulumi.com/docs/install/), or {NO_GO}."
        ) from None
    return {file.name: file for file in sorted(folder.iterdir()) if file.name.startswith("pulumi")}


def livekit_link(base: Path, path: str, go: str | None) -> dict[str, Path]:
    """livekit-server: from PATH, the cache or source; nothing, with a sentence, where none of these can be."""
    found = find.livekit(path)
    if found.path:
        return {"livekit-server": found.path}
    if found.reason:
        say.line(f"not taken: {found.reason}")
    if go is None and cached(programs.LIVEKIT, base) is None:
        say.line(
            "livekit-server is missing, and what needs a real one is skipped: "
            f"install it (https://docs.livekit.io/home/self-hosting/local/), or {NO_GO}."
        )
        return {}
    return files_of(built(programs.LIVEKIT, base, go), programs.LIVEKIT.files)


def programs_ready(root: Path, *, sdks: bool) -> None:
    """Bring the links up to date; nothing to do takes milliseconds."""
    bin_folder, stamp = root / ".toolchain" / "bin", root / ".toolchain" / "stamp.json"
    base = cache.root()
    path = find.search_path([bin_folder])
    inputs = links.digest([str(base), str(sdks), *map(programs.key, programs.ALL), *find.identity(path)])
    if links.current(stamp, bin_folder, inputs):
        return
    go = shutil.which("go")
    # Once made they stay linked: `make setup` after `make sdks` takes nothing away.
    sdks = sdks or all(cached(program, base) for program in (programs.NODEJS_GO_HOSTS, programs.GEN_SDKS))
    wanted = pulumi_links(root, base, path, go, sdks=sdks)
    # pulumi can be used while the rest is built.
    links.apply(bin_folder, {**existing(bin_folder), **wanted})
    server = livekit_link(base, path, go)
    wanted |= server
    if sdks:
        wanted |= files_of(built(programs.GEN_SDKS, base, go), programs.GEN_SDKS.files)
    links.apply(bin_folder, wanted)
    if server:
        links.write_stamp(stamp, inputs, wanted)


def existing(folder: Path) -> dict[str, Path]:
    """The links as they are."""
    if not folder.is_dir():
        return {}
    return {entry.name: entry.readlink() for entry in folder.iterdir() if entry.is_symlink()}


def interrupt(number: int, frame: FrameType | None) -> None:
    """A polite end is the same as Ctrl-C: commands are ended and half-made folders taken away."""
    raise KeyboardInterrupt


def run(arguments: Sequence[str], root: Path = ROOT) -> int:
    """What `make setup` runs."""
    parser = argparse.ArgumentParser(prog="setup", description="Set up .venv/ and .toolchain/bin/.")
    parser.add_argument("--sdks", action="store_true", help="also what `make sdks` needs")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        environment.ensure(root)
        programs_ready(root, sdks=options.sdks)
    except say.SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(f"setup:{where}: {error.strerror or error}".replace(":  ", ": "), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; what was finished is kept, and the next run goes on from there", file=sys.stderr)
        return 130
    return 0
