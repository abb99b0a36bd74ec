"""The rooms of a manifest as presets for a LiveKit server's own configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from relay_provider.cli.common import chosen, one_of, read_manifest
from relay_provider.cli.output import shown
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.room_config import configuration, preset

HEAD: Final = "# Presets for the configuration file of a LiveKit server.\n"


def presets(files: Sequence[Path], label: str | None) -> Mapping[str, Any]:
    """The declared settings of the meant project's rooms, by the names that the server's configuration has for them.

    Nobody is asked for a key. Raises where the rooms live on Relay.
    """
    project = one_of(chosen(read_manifest(files), label))
    if project.ref.without_keys(load_settings()).backend != "livekit":
        raise RelayError(f"The rooms of project {project.ref.label} live on Relay, and presets are for LiveKit.")
    for room in project.rooms:
        if other := preset(room.props()):
            click.echo(shown(f'Room "{room.name}": what its own preset {other} says is not in this one.'), err=True)
    return {room.name: configuration(room.props()) for room in project.rooms}


def check_replaced(out: Path) -> None:
    """Raise where the file has something else than presets, such as the rest of the configuration and its keys."""
    if out.exists() and not out.read_text(encoding="utf-8", errors="replace").startswith(HEAD):
        raise RelayError(f"{out} is there and has more than presets; it was left as it is. Name another file.")
