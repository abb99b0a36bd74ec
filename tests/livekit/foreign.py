"""What a foreign client does to declared rooms, and what `relay-rooms drift` has to tell of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from relay_provider.model import RoomInputs
from tests.conformance.target import eventually
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People

Calls = Callable[..., None]
"""Makes calls, each a method of LiveKit's server SDKs and its arguments (`withdraw`: a room and an agent's name)."""

TEAM = '{"team":"core"}'
ROOM = {"maxParticipants": 5, "emptyTimeout": 900, "metadata": {"team": "core"}}
MADE = {"maxParticipants": 5, "departureTimeout": 900, "metadata": TEAM}
NOTES = {"agentName": "notes"}
WITH_NOTES = {**ROOM, "livekit": {"agents": [NOTES]}}
ROOMS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("annex", "booth", "hall", "lobby", "standup"), ROOM),
    "crew": WITH_NOTES,
    "desk": WITH_NOTES,
    "slow": {**ROOM, "livekit": {"departureTimeout": 60}},
}


def drift_tells_what_it_has_done(calls: Calls, project: Project, people: People, folder: Path) -> None:
    command = Command(folder, project)
    command.declare(**ROOMS)
    for name, settings in ROOMS.items():
        wanted = RoomInputs.model_validate({"name": name, **settings})
        project._run(lambda backend, wanted=wanted: backend.create(wanted))  # type: ignore[misc]
    ana, ben = (people.join(f"{project.prefix}booth", identity) for identity in ("ana", "ben"))

    def there(name: str) -> str:
        return f"{project.prefix}{name}"

    def anew(name: str, **settings: Any) -> tuple[list[Any], list[Any]]:
        return ["deleteRoom", there(name)], ["createRoom", {"name": there(name), **settings}]

    calls(
        ["updateRoomMetadata", there("standup"), '{"team":"other"}'],
        ["updateRoomMetadata", there("annex"), '{ "team" : "core" }'],  # another spelling is no change
        ["deleteRoom", there("lobby")],
        *anew("hall", maxParticipants=7, departureTimeout=60, metadata="Hall"),
        *anew("slow", maxParticipants=5, emptyTimeout=900, metadata=TEAM),
        *anew("crew", **MADE, agents=[NOTES]),
        ["withdraw", there("desk"), "notes"],
        ["createDispatch", there("desk"), "scribe", {"metadata": "of the desk"}],
        ["createDispatch", there("annex"), "scribe"],  # where no agents are declared
        ["createRoom", {"name": there("stranger"), "emptyTimeout": 900}],
        ["createRoom", {"name": f"x{project.prefix}standup", "emptyTimeout": 900}],  # another project's
        ["removeParticipant", there("booth"), "ana"],
    )
    assert eventually(ana.is_connected, lambda connected: not connected) is False
    assert ben.is_connected()
    found = command.drift(2)
    scribe = {"agentName": "scribe", "metadata": "of the desk"}
    assert (found["inSync"], found["missing"], found["unmanaged"]) == (3, ["lobby"], ["stranger"])
    assert {one["room"]: [tuple(field.values()) for field in one["fields"]] for one in found["changed"]} == {
        "desk": [("livekit.agents", [NOTES], [scribe])],
        "hall": [("emptyTimeout", 900, 60), ("maxParticipants", 5, 7), ("metadata", TEAM, "Hall")],
        "slow": [("livekit.departureTimeout", 60, 20)],
        "standup": [("metadata", TEAM, '{"team":"other"}')],
    }

    calls(
        ["updateRoomMetadata", there("standup"), TEAM],
        *anew("hall", **MADE),
        *anew("slow", maxParticipants=5, emptyTimeout=900, departureTimeout=60, metadata=TEAM),
        ["createRoom", {"name": there("lobby"), **MADE}],
        ["withdraw", there("desk"), "scribe"],
        ["createDispatch", there("desk"), "notes"],
    )
    assert command.drift(0)["inSync"] == len(ROOMS)
