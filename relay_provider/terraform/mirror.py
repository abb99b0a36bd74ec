"""A filesystem mirror for this machine, from which `tofu init` and `terraform init` install the provider.

An engine locks a provider by a hash of its package, which is a folder here. Everything in that folder is therefore the
same on every machine: a launcher of a few lines. Where the program is says a file beside the folder, which no hash
covers, so that a virtual environment may move and a lock file may be shared.
"""

from __future__ import annotations

import os
import platform
import re
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from relay_provider.errors import RelayError
from relay_provider.terraform.server import REGISTRIES, SOURCE
from relay_provider.version import __version__

PACKAGE: Final = "relay-provider"
PROGRAM: Final = "terraform-provider-relay"
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm"}

# What it says goes to standard output, of which engines show the first line when a provider does not start.
_LAUNCHER: Final = """\
#!/bin/sh
# Starts the provider that `relay-rooms terraform install` found; the file beside this folder says where.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
{ IFS= read -r program && IFS= read -r version; } 2>/dev/null <"$here.program"
if [ ! -x "$program" ] || [ ! -f "$version" ]; then
  echo "relay-provider VERSION is no longer where it was installed (${program:-nothing is known of it});" \\
    "run relay-rooms terraform install, and init -upgrade where that lays another version."
  exit 1
fi
exec "$program" "$@"
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """This Python's package: the console script, and the file that is there as long as this version is."""

    program: Path
    version: Path


def installed() -> Installed:
    """Where this package is. Raises RelayError where it was not installed by an installer."""
    try:
        files = distribution(PACKAGE).files or ()
    except PackageNotFoundError:
        files = ()
    found = {file.name: Path(str(file.locate())).resolve() for file in files if file.name in (PROGRAM, "METADATA")}
    if len(found) != 2:
        raise RelayError(f"This Python has no {PROGRAM}; install it: pip install '{PACKAGE}[terraform]'.")
    return Installed(found[PROGRAM], found["METADATA"])


def implied() -> Path:
    """The folder where both engines look by themselves.

    OpenTofu keeps its logins in `~/.terraform.d` if that is there, and else where `XDG_CONFIG_HOME` says: a folder that
    is made here must not hide them.
    """
    home = Path.home()
    if os.environ.get("XDG_CONFIG_HOME") and not (home / ".terraform.d").exists():
        if platform.system() == "Darwin":
            return home / "Library" / "Application Support" / "io.terraform" / "plugins"
        return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins"
    return home / ".terraform.d" / "plugins"


def version() -> str:
    """This version as engines write it: 0.2.0rc1 is 0.2.0-rc1 to them."""
    return re.sub(r"^(\d+\.\d+\.\d+)[.-]?(?=[a-z])", r"\1-", __version__)


def machine() -> str:
    """This machine as engines call it, such as `linux_amd64`."""
    name = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(name, name)}"


def lay(folder: Path, package: Installed) -> bool:
    """Lay the provider into a mirror, for the registries of both engines; False where all was so already."""
    changed = False
    for registry in REGISTRIES:
        here = folder / registry / SOURCE / version() / machine()
        here.mkdir(parents=True, exist_ok=True)
        where = f"{package.program}\n{package.version}\n"
        changed |= _write(here.with_name(f"{here.name}.program"), where, 0o644, folder)
        launcher = _LAUNCHER.replace("VERSION", version())
        changed |= _write(here / f"{PROGRAM}_v{version()}", launcher, 0o755, folder)
    return changed


def requirement() -> str:
    """What a configuration says to have this version."""
    source = f'source = "{SOURCE}", version = "{version()}"'
    return f"terraform {{\n  required_providers {{\n    relay = {{ {source} }}\n  }}\n}}"


def installation(folder: Path) -> str:
    """What an engine's own configuration says to take the provider from a mirror."""
    path = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f"""\
provider_installation {{
  filesystem_mirror {{
    path    = "{path}"
    include = ["{SOURCE}"]
  }}
  direct {{
    exclude = ["{SOURCE}"]
  }}
}}"""


def _write(file: Path, text: str, mode: int, beside: Path) -> bool:
    """Write in one step: an engine may be starting this very file, and hashes all that is in its folder."""
    if file.exists() and file.read_text() == text and file.stat().st_mode & 0o777 == mode:
        return False
    with tempfile.NamedTemporaryFile("w", dir=beside, delete=False) as new:
        new.write(text)
    Path(new.name).chmod(mode)
    Path(new.name).replace(file)
    return True
