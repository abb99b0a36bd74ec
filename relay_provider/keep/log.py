"""What happens while rooms are kept, as lines: for people, or as JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import click

from relay_provider.errors import escaped, redacted

Form = Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `more` is what programs are told beside the sentence. Holds no secret."""

    what: str
    message: str
    level: Literal["info", "warning", "error"] = "info"
    project: str = ""
    room: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)

    def as_json(self) -> dict[str, Any]:
        """The stable shape of a line of `--log json`."""
        where = {"project": self.project, "room": self.room}
        return {
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": self.level,
            "event": self.what,
            **{key: value for key, value in where.items() if value},
            "message": redacted(self.message),
            **_redacted(dict(self.more)),
        }


def _redacted(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case dict():
            return {key: _redacted(one) for key, one in value.items()}
        case list():
            return [_redacted(one) for one in value]
    return value


Tell = Callable[[Event], None]


def as_text(event: Event) -> None:
    """A line for people; what is wrong goes to standard error."""
    lines = redacted(event.message).splitlines() or [""]
    for line in lines:
        said = f"{event.level.title()}: {line}" if event.level != "info" else line
        click.echo(escaped(said), err=event.level != "info")


def as_json(event: Event) -> None:
    """A line of JSON, in ASCII, so that any log can hold it."""
    click.echo(json.dumps(event.as_json()))


WRITERS: Mapping[Form, Tell] = {"text": as_text, "json": as_json}
