"""`relay-rooms list`, `get` and `remove-participant`: the API, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from relay_provider.cli.common import connection_options, counted, in_session, room_argument, with_rooms
from relay_provider.cli.output import Cell, Code, Report, Table, output_option, shown, write
from relay_provider.model import LiveRoom, RoomDetail
from relay_provider.sayna import SaynaRoom

STATES: Final = {0: "joining", 1: "joined", 2: "active", 3: "disconnected"}


@click.command("list")
@connection_options
@output_option
def list_command(output: str, **connection: Any) -> None:
    """List the live rooms of a project, sorted by name.

    Which project: that of the process's own settings (RELAY_API_KEY, RELAY_BASE_URL, …), or with --file or --project
    one of a manifest.
    """
    rooms = with_rooms(connection, lambda rooms: rooms.list())
    write(_listed(rooms), output)


@click.command("get")
@room_argument
@click.option(
    "--source",
    type=click.Choice(("rooms", "sayna")),
    default="rooms",
    show_default=True,
    help="Whom to ask: where the project's rooms live, or Sayna (SAYNA_URL, SAYNA_TOKEN) by the name on the server.",
)
@connection_options
@output_option
def get_command(room: str, source: str, output: str, **connection: Any) -> None:
    """Show a live room and who is in it. A room that is not live is an error (exit code 1).

    Sayna shows attributes, kind and metadata of everybody, too; it does not tell a room that is not there from one
    that is somebody else's.
    """
    if source == "sayna":
        found: RoomDetail | SaynaRoom = in_session(connection, lambda session, conn: session.sayna(conn).get(room))
    else:
        found = with_rooms(connection, lambda rooms: rooms.get(room))
    write(_detailed(found), output)


@click.command("remove-participant")
@room_argument
@click.argument("identity")
@connection_options
@output_option
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
        (Code(one.name), one.num_participants, _limit(one), _utc(one.creation_time), Code(_short(one.metadata)))
        for one in rooms
    ]
    table = Table(("Room", "People", "Limit", "Created", "Metadata"), rows)
    data = {"rooms": [room.model_dump(mode="json", by_alias=True) for room in rooms]}
    return Report(data, f"{counted(len(rooms), 'live room')}.", [("", table)] if rooms else [])


def _detailed(room: RoomDetail | SaynaRoom) -> Report:
    """A room's facts and who is in it; as JSON, the answer as its document has it."""
    columns, more = _PEOPLE, []
    if isinstance(room, SaynaRoom):
        columns, more = _BY_SAYNA, [("Recording", _yes(room.active_recording))]
    facts = [
        ("SID", Code(room.sid)),
        ("People", str(room.num_participants)),
        ("Limit", str(_limit(room))),
        ("Created", _utc(room.creation_time)),
        *more,
        ("Metadata", Code(room.metadata)),
    ]
    blocks = [("", Table(("Room", Code(room.name)), facts))]
    people = [[cell(one) for cell in columns.values()] for one in room.participants]
    if people:
        blocks.append(("", Table(tuple(columns), people)))
    who = counted(len(people), "participant") if people else "Nobody"
    return Report(room.model_dump(mode="json", by_alias=True), f"{who} in {room.name}.", blocks)


def _limit(room: LiveRoom | SaynaRoom) -> str | int:
    return room.max_participants or "none"


def _utc(seconds: int) -> str:
    """Seconds since 1970 as date and time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _text(value: Mapping[str, Any] | str) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    text = shown(text)
    return text if len(text) <= 60 else text[:59] + "…"


_PEOPLE: Final[dict[str, Callable[[Any], Cell]]] = {
    "Identity": lambda one: Code(one.identity),
    "Name": lambda one: Code(one.name),
    "State": lambda one: STATES.get(one.state, str(one.state)),
    "Joined": lambda one: _utc(one.joined_at),
    "Tracks": lambda one: one.tracks,
}
_BY_SAYNA: Final[dict[str, Callable[[Any], Cell]]] = {
    "Identity": lambda one: Code(one.identity),
    "Name": lambda one: Code(one.name),
    "State": lambda one: one.state,
    "Kind": lambda one: one.kind,
    "Publishes": lambda one: _yes(one.is_publisher),
    "Joined": lambda one: _utc(one.joined_at),
    "Metadata": lambda one: Code(_text(one.metadata)),
    "Attributes": lambda one: Code(_text(one.attributes) if one.attributes else ""),
}
