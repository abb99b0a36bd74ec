"""`relay-rooms get --source sayna`: Sayna's answer as a report; as JSON it is the document's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from relay_provider.cli.common import counted
from relay_provider.cli.output import Code, Report, Table
from relay_provider.cli.times import utc
from relay_provider.sayna import SaynaRoom

_COLUMNS = ("Identity", "Name", "State", "Kind", "Publishes", "Joined", "Metadata", "Attributes")


def sayna_room(room: SaynaRoom) -> Report:
    """The room and everybody in it."""
    facts = [
        ("SID", Code(room.sid)),
        ("People", str(room.num_participants)),
        ("Limit", str(room.max_participants or "none")),
        ("Created", utc(room.creation_time)),
        ("Recording", _yes(room.active_recording)),
        ("Metadata", Code(room.metadata)),
    ]
    people = [
        (
            Code(one.identity),
            Code(one.name),
            one.state,
            one.kind,
            _yes(one.is_publisher),
            utc(one.joined_at),
            Code(_text(one.metadata)),
            Code(_text(one.attributes) if one.attributes else ""),
        )
        for one in room.participants
    ]
    blocks: list[tuple[str, Table | None]] = [("", Table(("Room", Code(room.name)), facts))]
    if people:
        blocks.append(("", Table(_COLUMNS, people)))
    who = counted(len(people), "participant") if people else "Nobody"
    return Report(room.model_dump(mode="json"), f"{who} in {room.name}.", blocks)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _text(value: Mapping[str, Any] | str) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
