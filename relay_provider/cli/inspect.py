"""`relay-rooms list`, `get` and `remove-participant`: the API, by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from relay_provider.cli.common import chosen, connections, counted, project_option, read_manifest, stack_option
from relay_provider.cli.output import Code, Report, Table, output_option, shown, waiting, write
from relay_provider.cli.sayna import sayna_room
from relay_provider.cli.times import utc
from relay_provider.config import Settings
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, RoomDetail
from relay_provider.session import Session

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

STATES: Final = {0: "joining", 1: "joined", 2: "active", 3: "disconnected"}


def _connection_options(command: F) -> F:
    command = click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the connection from a project of this manifest (may be repeated).",
    )(command)
    command = stack_option()(command)
    return project_option("That project; without --file, one of rooms.yaml in this folder.")(command)


@click.command("list")
@_connection_options
@output_option()
def list_command(output: str, **connection: Any) -> None:
    """List the live rooms of a project, sorted by name.

    Which project: that of the process's own settings (RELAY_API_KEY, RELAY_BASE_URL, …), or with --file or --project
    one of a manifest.
    """
    rooms = _with_rooms(connection, lambda rooms: rooms.list())
    write(_listed(rooms), output)


@click.command("get")
@click.argument("room")
@click.option(
    "--source",
    type=click.Choice(("rooms", "sayna")),
    default="rooms",
    show_default=True,
    help="Whom to ask: where the project's rooms live, or Sayna (SAYNA_URL, SAYNA_TOKEN) by the name on the server.",
)
@_connection_options
@output_option()
def get_command(room: str, source: str, output: str, **connection: Any) -> None:
    """Show a live room and who is in it. A room that is not live is an error (exit code 1).

    Sayna shows attributes, kind and metadata of everybody, too; it does not tell a room that is not there from one
    that is somebody else's.
    """
    if source == "sayna":
        shown_by_sayna = _in_session(connection, lambda session, settings: session.sayna(settings).get(room))
        write(sayna_room(shown_by_sayna), output)
        return
    found = _with_rooms(connection, lambda rooms: rooms.get(room))
    write(_detailed(found), output)


@click.command("remove-participant")
@click.argument("room")
@click.argument("identity")
@_connection_options
@output_option()
def remove_participant_command(room: str, identity: str, output: str, **connection: Any) -> None:
    """Disconnect one participant from a room.

    Exit code 0 as well when they were not there, so that it may be repeated. They can come back with the same token.
    """
    removed = _with_rooms(connection, lambda rooms: rooms.remove_participant(room, identity))
    said = (
        f"{identity} was disconnected from {room}." if removed else f"{identity} was not in {room}; nothing was done."
    )
    write(Report({"removed": removed}, said), output)


def _with_rooms(connection: Mapping[str, Any], work: Callable[[Rooms], Awaitable[T]]) -> T:
    return _in_session(connection, lambda session, settings: work(session.rooms(settings)))


def _in_session(connection: Mapping[str, Any], work: Callable[[Session, Settings], Awaitable[T]]) -> T:
    settings = _settings(**connection)

    async def run() -> T:
        async with Session() as session:
            return await work(session, settings)

    with waiting("Asking the API"):
        return asyncio.run(run())


def _settings(files: Sequence[Path], project: str | None, stack: str | None) -> Settings:
    if not files and project is None and stack is None:
        return load_settings()
    projects = chosen(read_manifest(files), project)
    if len(projects) != 1:
        labels = ", ".join(found.ref.label for found in projects) or "it has none"
        raise RelayError(f"The manifest must have one project, or --project LABEL must say which: {labels}.")
    return connections(projects, files, stack)[0][1]


def _listed(rooms: Sequence[LiveRoom]) -> Report:
    rows = [
        (
            Code(room.name),
            room.num_participants,
            _limit(room),
            utc(room.creation_time),
            Code(_short(room.metadata)),
        )
        for room in rooms
    ]
    table = Table(("Room", "People", "Limit", "Created", "Metadata"), rows)
    data = {"rooms": [room.model_dump(mode="json", by_alias=True) for room in rooms]}
    return Report(data, f"{counted(len(rooms), 'live room')}.", [("", table)] if rooms else [])


def _detailed(room: RoomDetail) -> Report:
    facts = [
        ("SID", Code(room.sid)),
        ("People", str(room.num_participants)),
        ("Limit", str(_limit(room))),
        ("Created", utc(room.creation_time)),
        ("Metadata", Code(room.metadata)),
    ]
    people = [
        (Code(one.identity), Code(one.name), STATES.get(one.state, str(one.state)), utc(one.joined_at), one.tracks)
        for one in room.participants
    ]
    blocks: list[tuple[str, Table | None]] = [("", Table(("Room", Code(room.name)), facts))]
    if people:
        blocks.append(("", Table(("Identity", "Name", "State", "Joined", "Tracks"), people)))
    who = counted(len(people), "participant") if people else "Nobody"
    return Report(room.model_dump(mode="json", by_alias=True), f"{who} in {room.name}.", blocks)


def _limit(room: LiveRoom) -> str | int:
    return room.max_participants or "none"


def _short(text: str) -> str:
    text = shown(text)
    return text if len(text) <= 60 else text[:59] + "…"
