"""The programs, what each is built from, and the key that a build is cached under."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

BUILD_FLAGS = ("-trimpath",)
# Without a C compiler the same files come out as with one, and they run on any release of the system.
BUILD_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}

SDK = "github.com/pulumi/pulumi/sdk/v3"
SDK_VERSION = f"-X {SDK}/go/common/version.Version=v{{version}}"


@dataclass(frozen=True, eq=False)
class Program:
    """One Go module folder under toolchain/, and the files that come out of it."""

    name: str
    module: str
    """The module whose required version is the program's version."""
    binaries: Mapping[str, str]
    """File name: Go package."""
    duration: str
    """How long a first build takes, in words."""
    ldflags: str = ""
    copies: Mapping[str, str] = field(default_factory=dict)
    """File name: path in the Pulumi SDK module of the version that toolchain/pulumi pins."""

    @property
    def files(self) -> tuple[str, ...]:
        """Everything a finished build holds."""
        return (*self.binaries, *self.copies)


PULUMI = Program(
    name="pulumi",
    module="github.com/pulumi/pulumi/pkg/v3",
    binaries={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
    duration="about 4 minutes",
    ldflags=SDK_VERSION,
)
PYTHON_HOST = Program(
    name="pulumi-language-python",
    module=SDK,
    binaries={"pulumi-language-python": f"{SDK}/python/cmd/pulumi-language-python"},
    duration="about half a minute",
    ldflags=SDK_VERSION,
    copies={
        "pulumi-language-python-exec": "python/cmd/pulumi-language-python-exec",
        "pulumi-resource-pulumi-python": "python/dist/pulumi-resource-pulumi-python",
    },
)
YAML_HOST = Program(
    name="pulumi-language-yaml",
    module="github.com/pulumi/pulumi-yaml",
    binaries={"pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"},
    duration="about a minute",
    ldflags="-X github.com/pulumi/pulumi-yaml/pkg/version.Version=v{version}",
)
NODEJS_GO_HOSTS = Program(
    name="pulumi-language-nodejs-go",
    module=SDK,
    binaries={
        "pulumi-language-nodejs": f"{SDK}/nodejs/cmd/pulumi-language-nodejs",
        "pulumi-language-go": f"{SDK}/go/pulumi-language-go",
    },
    duration="about half a minute",
    ldflags=SDK_VERSION,
)
LIVEKIT = Program(
    name="livekit-server",
    module="github.com/livekit/livekit-server",
    binaries={"livekit-server": "github.com/livekit/livekit-server/cmd/server"},
    duration="about 2 minutes",
)
GEN_SDKS = Program(
    name="gen-sdks",
    module="github.com/pulumi/pulumi/pkg/v3",
    binaries={"gen-sdks": "."},
    duration="about half a minute",
)

HOSTS = (PYTHON_HOST, YAML_HOST)
ALL = (PULUMI, PYTHON_HOST, YAML_HOST, NODEJS_GO_HOSTS, LIVEKIT, GEN_SDKS)


def version(program: Program, here: Path = HERE) -> str:
    """The pinned version, without its v."""
    text = (here / program.name / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(program.module)} v(\S+)", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{program.name}/go.mod does not require {program.module}")
    return found[1]


def system() -> str:
    """Like Go's GOOS-GOARCH; asked of Python, since a cached build is used without Go too."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def key(program: Program, here: Path = HERE, target: str | None = None) -> str:
    """The hash of all that decides what a build contains."""
    digest = hashlib.sha256()

    def add(*parts: str | bytes) -> None:
        for part in parts:
            raw = part.encode() if isinstance(part, str) else part
            digest.update(f"{len(raw)}:".encode() + raw)

    add(target or system(), *BUILD_FLAGS, *sorted(f"{k}={v}" for k, v in BUILD_ENVIRONMENT.items()))
    add(program.name, program.ldflags)
    add(*(f"{name}={source}" for name, source in sorted({**program.binaries, **program.copies}.items())))
    folders = [here / program.name]
    if program.copies:
        folders.append(here / PULUMI.name)
    for folder in folders:
        for file in sorted(folder.iterdir()):
            if file.name in ("go.mod", "go.sum") or file.suffix == ".go":
                add(file.name, file.read_bytes())
    return digest.hexdigest()[:16]
