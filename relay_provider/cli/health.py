"""What `relay-rooms doctor` looks at on this machine: the pulumi program, the plugin, the state, what is allowed."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from relay_provider.allowed import HOSTS, KEYS
from relay_provider.cli.completion import DEFAULT_FILE
from relay_provider.cli.installs import pulumi_home
from relay_provider.cli.workspace import Workspace, backend_chosen
from relay_provider.errors import RelayError, quoted, redacted
from relay_provider.manifest import Manifest
from relay_provider.version import __version__

PLUGIN: Final = "pulumi-resource-relay"
_LOGIN: Final = re.compile(r"(?<=//)[^/:@]*(?::([^/]*))?@")
"""What an address may have of a user and a password."""
_IGNORE: Final = "PULUMI_IGNORE_AMBIENT_PLUGINS"
_INSTALL: Final = f"pulumi plugin install resource relay {__version__} --file"

CHECKS: Final = ("pulumi", "plugin", "state", "allowed", "settings", "manifest", "key", "api", "clock")
Status = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing, and where it is wrong, the way out."""

    check: str
    status: Status
    found: str
    project: str = ""


def of_the_machine(manifest: Manifest | None) -> Iterator[Finding]:
    """All that is the same for every project."""
    yield _pulumi()
    yield plugin()
    yield _state(manifest)
    for variable, what in ((HOSTS, "host"), (KEYS, "key")):
        patterns = os.environ.get(variable)
        allowed = f"any {what}, as {variable} is not set" if patterns is None else f"{variable}={quoted(patterns)}"
        yield Finding("allowed", "ok", allowed)


def _pulumi() -> Finding:
    from relay_provider.cli.pulumi_program import Command  # and Pulumi's SDK, which takes half a second

    try:
        command = Command()
    except RelayError as error:
        return Finding("pulumi", "wrong", f"{error} Only preview, up and destroy need it.")
    return Finding("pulumi", "ok", f"{command.version or 'of unknown version'} at {shutil.which(command.command)}")


def plugin() -> Finding:
    """Never wrong: Python programs and manifests do without it."""
    on_path = shutil.which(PLUGIN)
    installed = {
        folder.name.removeprefix("resource-relay-v")
        for folder in (pulumi_home() / "plugins").glob("resource-relay-v*")
        if (folder / PLUGIN).exists()
    }
    ignored = os.environ.get(_IGNORE, "").lower() in ("true", "1")
    if __version__ in installed and (ignored or not on_path):
        return Finding("plugin", "ok", f"{__version__}, installed in {pulumi_home()}")
    if on_path and not ignored:
        way = "" if __version__ in installed else f"`{_INSTALL} {on_path}` and "
        return Finding("plugin", "note", f"{on_path}, of which Pulumi warns in each run; {way}{_IGNORE}=true end that.")
    beside = Path(sys.executable).with_name(PLUGIN)
    way = f"`{_INSTALL} {beside}` installs it." if beside.exists() else "This package has it."
    there = (
        f"version {', '.join(sorted(installed))} is installed, but not {__version__}" if installed else "not installed"
    )
    return Finding(
        "plugin", "note", f"{there}, which only programs in YAML and other languages than Python need. {way}"
    )


def _state(manifest: Manifest | None) -> Finding:
    try:
        if chosen := backend_chosen():
            return Finding("state", "ok", _shared(manifest, chosen))
        if manifest is None:
            return Finding("state", "ok", "local, in .relay/ beside the manifest; `pulumi login` chooses another place")
        return Finding("state", "ok", _local(Workspace.of(manifest)))
    except RelayError as error:
        return Finding("state", "wrong", str(error))


def _shared(manifest: Manifest | None, url: str) -> str:
    from pulumi.automation import CommandError

    from relay_provider.cli.plan import sentences
    from relay_provider.cli.pulumi_program import Command

    workspace = Workspace.of(manifest) if manifest else Workspace.beside(DEFAULT_FILE.absolute(), DEFAULT_FILE.stem)
    if manifest and (why := workspace.unnamed(manifest)):
        raise RelayError(why)
    shown, password = quoted(_LOGIN.sub("", url).partition("?")[0]), [found[1] for found in _LOGIN.finditer(url)]
    try:
        who = Command().output(workspace, "whoami")
    except CommandError as error:
        # The program repeats the address as it is.
        text = redacted(str(error).partition(" stderr: ")[2].replace(url, shown), password)
        said = "; ".join(sentences(text)) or "pulumi whoami fails"
        raise RelayError(f"{shown} cannot be used: {said}. `pulumi login` chooses a backend.") from None
    return f"{shown}, as {quoted(who)}"


def _local(workspace: Workspace) -> str:
    from relay_provider.cli.strangers import check_links

    check_links(workspace.root)
    place = workspace.root if workspace.root.exists() else workspace.root.parent
    if not os.access(place, os.W_OK):
        raise RelayError(f"{place} cannot be written, and the state is there; `pulumi login` chooses another place.")
    return f"local, in {workspace.root}, as no backend was chosen"
