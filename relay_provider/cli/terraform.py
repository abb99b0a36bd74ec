"""`relay-rooms terraform install`: the provider for OpenTofu and Terraform, where they find it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from relay_provider.errors import RelayError

_CONFIGURED: Final = re.compile(r"^\s*provider_installation\b", re.MULTILINE)


@click.group("terraform")
def terraform_command() -> None:
    """The provider for OpenTofu and Terraform."""


@terraform_command.command("install", short_help="Lay the provider where engines find it.")
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Lay the mirror into this folder, and say what to write into the engines' configuration.",
)
def install_command(folder: Path | None) -> None:
    """Lay a mirror from which `tofu init` and `terraform init` install this Python's provider.

    Without --dir it is laid where both engines look by themselves. May be repeated; it is to be repeated when the
    package was upgraded, or its virtual environment has moved.
    """
    try:
        from relay_provider.terraform import certificate, codec, mirror  # noqa: F401, two for what they import
    except ImportError as missing:
        way = "install what it needs: pip install 'relay-provider[terraform]'"
        raise RelayError(f"The provider for OpenTofu and Terraform does not start ({missing}); {way}.") from None

    package = mirror.installed()
    chosen = mirror.implied() if folder is None else folder.absolute()
    try:
        changed = mirror.lay(chosen, package)
    except OSError as error:
        why = f"{error.strerror}: {error.filename}"
        raise RelayError(f"The mirror cannot be written ({why}); name a folder that can be: --dir FOLDER.") from None
    what = f"relay {mirror.version()} ({mirror.machine()})"
    click.echo(f"{what} is {'now' if changed else 'already'} in {chosen}, and starts {package.program}.")
    if folder is not None:
        _show("In ~/.tofurc or ~/.terraformrc, or the file that TF_CLI_CONFIG_FILE names:", mirror.installation(chosen))
    elif configured := [*_with_installation()]:
        where = ", ".join(configured)
        _show(
            f"{where} says where providers come from, and engines look nowhere else: add there",
            mirror.installation(chosen),
        )
    _show(
        "In each configuration, and then `tofu init` or `terraform init` (with -upgrade where it had another version):",
        mirror.requirement(),
    )


def _show(said: str, text: str) -> None:
    click.echo(f"\n{said}\n\n{text}")


def _with_installation() -> Iterator[str]:
    """The engines' configuration files that have a `provider_installation` block."""
    home, xdg = Path.home(), os.environ.get("XDG_CONFIG_HOME")
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    usual = [home / ".tofurc", home / ".terraformrc", *([Path(xdg, "opentofu", "tofurc")] if xdg else [])]
    for file in [Path(named)] if named else usual:
        try:
            if _CONFIGURED.search(file.read_text(errors="replace")):
                yield str(file)
        except OSError:
            continue
