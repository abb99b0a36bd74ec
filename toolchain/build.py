"""Building a program from its pinned modules, and Pulumi's own installer where there is no Go."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolchain import cache, programs, say


def go_environment() -> Mapping[str, str]:
    """The caller's, with what the recipe fixes; always for this machine."""
    return {
        **{k: v for k, v in os.environ.items() if k not in ("GOOS", "GOARCH")},
        **programs.BUILD_ENVIRONMENT,
    }


def from_source(program: programs.Program, go: str, base: Path, here: Path = programs.HERE) -> Path:
    """The folder with the program's files: from the cache, or built now."""
    version = programs.version(program, here)
    label = f"{program.name} {version}"
    log = base / "logs" / f"{program.name}.log"

    def make(folder: Path) -> None:
        say.line(f"building {label} from source, {program.duration}, once …")
        beat = say.Heartbeat(f"building {label}")
        log.unlink(missing_ok=True)
        environment = go_environment()
        for file, package in program.binaries.items():
            ldflags = f"-s -w {program.ldflags.format(version=version)}".strip()
            say.command(
                [go, "build", *programs.BUILD_FLAGS, "-ldflags", ldflags, "-o", str(folder / file), package],
                log=log,
                beat=beat,
                cwd=here / program.name,
                env=environment,
            )
        if program.copies:
            source = module_folder(go, programs.SDK, here / programs.PULUMI.name, environment)
            for file, path in program.copies.items():
                shutil.copyfile(source / path, folder / file)
                (folder / file).chmod(0o755)
        say.line(f"built {label} in {say.elapsed(beat.seconds)}")

    return cache.ensure(base, program.name, programs.key(program, here), program.files, make)


def module_folder(go: str, module: str, where: Path, environment: Mapping[str, str]) -> Path:
    """Where Go keeps a module's files, downloaded (and checked against go.sum) when they are not there yet."""
    answer = subprocess.run(
        [go, "mod", "download", "-json", module],
        cwd=where,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return Path(json.loads(answer.stdout)["Dir"])
    except (ValueError, KeyError):
        detail = (answer.stderr or answer.stdout).strip()
        raise say.CommandError(f"go mod download {module} failed:\n{detail}") from None


def installed_release(python: Path, base: Path) -> Path:
    """The folder of Pulumi's own release of the pinned version: from the cache, or downloaded now."""
    version = programs.version(programs.PULUMI)
    log = base / "logs" / "pulumi-release.log"

    def make(folder: Path) -> None:
        say.line(f"downloading the release of pulumi {version}, once …")
        beat = say.Heartbeat(f"downloading pulumi {version}")
        log.unlink(missing_ok=True)
        inner = folder / "unpacked"
        say.command(
            [str(python), "-P", str(programs.HERE / "release.py"), str(inner), version], log=log, beat=beat, cwd=folder
        )
        for file in (inner / "bin").iterdir():
            file.rename(folder / file.name)
        shutil.rmtree(inner)
        say.line(f"downloaded pulumi {version} in {say.elapsed(beat.seconds)}")

    files = ("pulumi", "pulumi-language-python", "pulumi-language-yaml")
    return cache.ensure(base, "pulumi-release", f"{version}-{programs.system()}", files, make, doing="downloading")


def together(folders: Mapping[programs.Program, Path], base: Path) -> Path:
    """One folder with pulumi and its hosts in it: pulumi warns of a host that is not its neighbour."""
    key = "-".join(sorted(folder.name for folder in folders.values()))
    files = [file for program in folders for file in program.files]

    def make(target: Path) -> None:
        for program, folder in folders.items():
            for file in program.files:
                cache.hard_link(folder / file, target / file)

    return cache.ensure(base, "pulumi-with-hosts", short(key), files, make, doing="linking")


def short(text: str) -> str:
    """A key of the usual length."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
