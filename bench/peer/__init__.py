"""The Go programs that the measurements need: the provider that is compared with, and the API that all talk to."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
from pathlib import Path

from toolchain.programs import CACHE, SetupError, command

HERE = Path(__file__).parent


@functools.cache
def programs() -> Path:
    """The folder with `pulumi-resource-peer` and `rooms-api`, which are built once."""
    sources = sorted(file for file in HERE.rglob("*") if file.suffix in (".go", ".mod", ".sum"))
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    made = CACHE / f"bench-{key}"
    if made.exists():
        return made
    if not (go := shutil.which("go")):
        sys.exit("Go is needed to build what is compared with: https://go.dev/dl/.")
    folder = CACHE / f"tmp-bench-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
        build = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{folder}/", "./..."]
        command("building the Go peer", build, " from source, once", cwd=HERE, env=env)
        folder.replace(made)
    except SetupError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return made
