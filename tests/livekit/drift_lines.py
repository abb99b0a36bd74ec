"""The lines of the tables in docs/drift.md: what somebody does to a room, and what each door tells of it then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from livekit import api
from livekit.protocol.room import RoomConfiguration

from tests.livekit.behind import Behind

TEAM: Final = '{"team":"core"}'
OTHER: Final = '{"team":"other"}'
ROOM: Final = {"maxParticipants": 5, "metadata": {"team": "core"}, "emptyTimeout": 900}
MADE: Final = {"max_participants": 5, "metadata": TEAM}
"""The same as LiveKit is asked for it."""
NOTES: Final = {"agentName": "notes", "metadata": "in English"}


@dataclass(frozen=True)
class Told:
    """What `relay-rooms drift`, `pulumi refresh` and the next `pulumi preview` tell, through both of Pulumi's doors."""

    drift: str
    refresh: str
    preview: str


NOTHING: Final = Told("nothing", "nothing", "nothing")
GONE: Final = Told("missing", "gone", "create")


def changed(*fields: str, then: str = "replace") -> Told:
    said = f"changed: {', '.join(f'`{one}`' for one in fields)}"
    return Told(said, said, then)


@dataclass(frozen=True)
class Line:
    """One way in which a room changes behind the manifest's back. `does` is given the room's name on the server."""

    name: str
    way: str
    does: Callable[[Behind, str], object] = lambda *_: None
    relay: Told | None = None
    livekit: Told | None = None
    declared: dict[str, Any] = field(default_factory=lambda: dict(ROOM))
    own: dict[str, Any] | None = None
    """Its `livekit` settings, where they are declared on LiveKit."""
    expires: bool = False
    label: str = ""
    """Another project than the one of most lines."""
    about: str = ""
    """The room that is told of, where it is not the declared one."""

    @property
    def lines(self) -> list[tuple[str, Told]]:
        """By the backends that have it."""
        return [(backend, told) for backend in ("relay", "livekit") if (told := getattr(self, backend))]


def _elsewhere(behind: Behind, name: str) -> None:
    behind.end(name)
    behind.make(f"p_other__{name.rpartition('__')[2]}", **MADE)


def _joined_as_declared(behind: Behind, name: str) -> None:
    agent = api.RoomAgentDispatch(agent_name=NOTES["agentName"], metadata=NOTES["metadata"])
    config = RoomConfiguration(empty_timeout=1, departure_timeout=60, agents=[agent], **MADE)  # type: ignore[arg-type]
    behind.join(name, config=config)


def _told_otherwise(behind: Behind, name: str) -> None:
    behind.withdraw(name, "notes")
    behind.dispatch(name, "notes", "in French")


LINES: Final = [
    Line("lagging", "the project's list lacks it once, as one that lags does", relay=NOTHING, livekit=NOTHING),
    Line("ended", "somebody ended it", Behind.end, GONE, GONE),
    Line("expired", "it expired", relay=GONE, livekit=GONE, declared={**ROOM, "emptyTimeout": 1}, expires=True),
    Line("restarted", "the server was restarted, which forgets all rooms", relay=GONE, livekit=GONE, label="restarted"),
    Line("moved", "it was ended, and created in another project (under another prefix)", _elsewhere, GONE, GONE),
    Line(
        "moved-bare",
        "the same, where the project has no prefix",
        _elsewhere,
        livekit=Told("missing, and the other is unmanaged", GONE.refresh, GONE.preview),
        label="bare",
    ),
    Line(
        "rejoined",
        "it expired, and somebody joined with a plain token",
        lambda behind, name: behind.join(name),
        changed("maxParticipants", "metadata"),
        changed("emptyTimeout", "livekit.agents", "maxParticipants", "metadata"),
        {**ROOM, "emptyTimeout": 1},
        {"agents": [NOTES]},
        expires=True,
    ),
    Line(
        "rejoined-as-declared",
        "it expired, and somebody joined with a token that has its settings as `roomConfig`",
        _joined_as_declared,
        livekit=NOTHING,
        declared={**ROOM, "emptyTimeout": 1},
        own={"departureTimeout": 60, "agents": [NOTES]},
        expires=True,
    ),
    Line("anew", "it was ended, and recreated as declared", lambda b, n: b.make_anew(n, **MADE), NOTHING, NOTHING),
    Line(
        "limit",
        "it was ended, and recreated with another limit",
        lambda behind, name: behind.make_anew(name, max_participants=6, metadata=TEAM),
        changed("maxParticipants"),
        changed("maxParticipants"),
    ),
    Line(
        "timeout",
        "it was ended, and recreated with other timeouts",
        lambda behind, name: behind.make_anew(name, **MADE, empty_timeout=60, departure_timeout=60),
        NOTHING,
        changed("emptyTimeout"),
    ),
    Line(
        "departure",
        "it was ended, and recreated without its `departureTimeout`",
        lambda behind, name: behind.make_anew(name, **MADE, departure_timeout=0),
        livekit=changed("livekit.departureTimeout"),
        own={"departureTimeout": 60},
    ),
    Line(
        "unreported",
        "it was ended, and recreated without its preset, playout delays and `syncStreams`",
        lambda behind, name: behind.make_anew(name, **MADE),
        livekit=NOTHING,
        own={"roomPreset": "webinar", "minPlayoutDelay": 100, "maxPlayoutDelay": 200, "syncStreams": True},
    ),
    Line(
        "metadata",
        "its metadata was changed",
        lambda behind, name: behind.tell(name, OTHER),
        changed("metadata"),
        changed("metadata", then="update"),
    ),
    Line(
        "respelled",
        'its metadata was spelled otherwise (`{ "team": "core" }`)',
        lambda behind, name: behind.tell(name, '{ "team": "core" }'),
        NOTHING,
        NOTHING,
    ),
    Line(
        "withdrawn",
        "a declared agent was withdrawn",
        lambda behind, name: behind.withdraw(name, "notes"),
        livekit=changed("livekit.agents", then="update"),
        own={"agents": [NOTES]},
    ),
    Line(
        "dispatched",
        "another agent was dispatched",
        lambda behind, name: behind.dispatch(name, "scribe"),
        livekit=changed("livekit.agents", then="update"),
        own={"agents": [NOTES]},
    ),
    Line(
        "told-otherwise",
        "a declared agent was dispatched once more, with other metadata",
        _told_otherwise,
        livekit=changed("livekit.agents", then="update"),
        own={"agents": [NOTES]},
    ),
    Line(
        "no-agents",
        "an agent was dispatched, where `agents: []` is declared",
        lambda behind, name: behind.dispatch(name, "scribe"),
        livekit=changed("livekit.agents", then="update"),
        own={"agents": []},
    ),
    Line(
        "agents-of-others",
        "an agent was dispatched, where no `agents` are declared",
        lambda behind, name: behind.dispatch(name, "scribe"),
        livekit=NOTHING,
    ),
    Line(
        "stranger",
        "somebody made a room that nobody declared",
        lambda behind, name: behind.make(f"{name}s"),
        Told("unmanaged", "nothing", "nothing"),
        Told("unmanaged", "nothing", "nothing"),
        about="strangers",
    ),
]


def table(backend: str) -> str:
    """The lines of one backend, as the page has them."""
    rows = [("what happened", "`relay-rooms drift`", "`pulumi refresh`", "`pulumi preview`, `up`"), ("---",) * 4]
    for line in LINES:
        for of, told in line.lines:
            if of == backend:
                rows.append((line.way, told.drift, told.refresh, told.preview))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
