"""`relay-rooms token`: a join token for a declared room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from relay_provider import tokens
from relay_provider.cli.common import chosen, connection_options, connections, read_manifest, room_argument
from relay_provider.cli.output import write_json
from relay_provider.config import Connection
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.manifest import Manifest, Project
from relay_provider.model import RoomInputs
from relay_provider.values import did_you_mean


@click.command("token")
@room_argument
@click.option("--identity", required=True, metavar="ID", help="Who it is for, unique in the room.")
@click.option("--name", metavar="NAME", help="What others see them called.")
@click.option(
    "--ttl",
    default=tokens.DEFAULT_TTL,
    show_default=True,
    metavar="TIME",
    help=f"How long it may be used to join: 90s, 15m, 1h, 7d, at most {tokens.MAX_TTL.days}d.",
)
@click.option(
    "--grant",
    "grants",
    multiple=True,
    metavar="GRANT",
    help=f"What else it allows, or with =false denies (may be repeated): {', '.join(tokens.GRANTS)}.",
)
@connection_options
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", show_default=True)
def token_command(
    *,
    room: str,
    identity: str,
    name: str | None,
    ttl: str,
    grants: tuple[str, ...],
    files: Sequence[Path],
    project: str | None,
    stack: str | None,
    output: str,
) -> None:
    """Print a token with which somebody may join a declared room on LiveKit.

    It carries the room's declared settings: where the room has expired, the join recreates it as declared. The token
    is a secret; it is made from the keys alone, and no server is asked.
    """
    who = tokens.holder(identity, name, ttl, list(grants))
    manifest = read_manifest(files)
    of, declared = _declared(manifest, project, room)
    if stack is None:  # before a key is looked for
        tokens.on_livekit(of.ref.without_keys(load_settings()))
    [(_, settings)] = connections(manifest, of.ref.label, stack)
    token = tokens.join_token(settings, room, tokens.Settings.of(declared.props()), who)
    if output == "json":
        write_json({"token": token, **_joining(settings, room), "identity": identity})
    else:
        click.echo(token)


def _joining(settings: Connection, room: str) -> dict[str, str | None]:
    return {"url": settings.livekit_url, "room": tokens.name_on_server(settings, room)}


def _declared(manifest: Manifest, label: str | None, name: str) -> tuple[Project, RoomInputs]:
    """The room of this name, and its project. Raises where there is none, or one in several projects."""
    projects = chosen(manifest, label)
    found = [(project, room) for project in projects for room in project.rooms if room.name == name]
    if not found:
        names = sorted({room.name for project in projects for room in project.rooms})
        raise RelayError(f'The manifest declares no room "{name}"{did_you_mean(name, names, "; declare it first.")}')
    if len(found) > 1:
        labels = ", ".join(project.ref.label for project, _ in found)
        raise RelayError(f'Room "{name}" is declared in {labels}; say with --project LABEL which one is meant.')
    return found[0]
