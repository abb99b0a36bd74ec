"""`relay-rooms list`, `get` and `remove-participant`: the API, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from relay_provider.cli.common import counted
from relay_provider.cli.connection import connection_options, in_session, with_rooms
from relay_provider.cli.output import Code, Report, Table, output_option, shown, write
from relay_provider.cli.sayna_report import sayna_room
from relay_provider.cli.times import utc
from relay_provider.model import LiveRoom, RoomDetail

STATES: Final = {0: "joining", 1: "joined", 2: "active", 3: "disconnected"}


@click.command("list")
@connection_options
@output_option()
def list_command(output: str, **connection: Any) -> None:
    """List the live rooms of a project, sorted by name.

    Which project: that of the process's own settings (RELAY_API_KEY, RELAY_BASE_URL, …), or with --file or --project
    one of a manifest.
    """
    rooms = with_rooms(connection, lambda rooms: rooms.list())
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
@connection_options
@output_option()
def get_command(room: str, source: str, output: str, **connection: Any) -> None:
    """Show a live room and who is in it. A room that is not live is an error (exit code 1).

    Sayna shows attributes, kind and metadata of everybody, too; it does not tell a room that is not there from one
    that is somebody else's.
    """
    if source == "sayna":
        shown_by_sayna = in_session(connection, lambda session, settings: session.sayna(settings).get(room))
        write(sayna_room(shown_by_sayna), output)
        return
    found = with_rooms(connection, lambda rooms: rooms.get(room))
    write(_detailed(found), output)


@click.command("remove-participant")
@click.argument("room")
@click.argument("identity")
@connection_options
@output_option()
def remove_participant_command(room: str, identity: str, output: str, **connection: Any) -> None:
    """Disconnect one participant from a room.

    Exit code 0 as well when they were not there, so that it may be repeated. They can come back with the same token.
    """
    removed = with_rooms(connection, lambda rooms: rooms.remove_participant(room, identity))
    said = (
        f"{identity} was disconnected from {room}." if removed else f"{identity} was not in {room}; nothing was done."
    )
    write(Report({"removed": removed}, said), output)


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
