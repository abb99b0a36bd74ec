"""livekit-api changes rooms behind one's back, and `relay-rooms drift` tells each change rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from livekit import api

from tests.livekit.behind import Behind
from tests.livekit.conftest import Project
from tests.livekit.foreign import drift_tells_what_it_has_done
from tests.livekit.people import People

pytestmark = pytest.mark.e2e


def test_drift_tells_what_livekit_api_has_done(project: Project, people: People, tmp_path: Path) -> None:
    behind = Behind(project.livekit, people)

    def created(wanted: dict[str, Any]) -> None:
        behind.ask(lambda client: client.room.create_room(ParseDict(wanted, api.CreateRoomRequest())))

    def removed(room: str, identity: str) -> None:
        who = api.RoomParticipantIdentity(room=room, identity=identity)
        behind.ask(lambda client: client.room.remove_participant(who))

    def dispatched(room: str, agent: str, options: dict[str, str] | None = None) -> None:
        behind.dispatch(room, agent, **(options or {}))

    does = {
        "createRoom": created,
        "deleteRoom": behind.end,
        "updateRoomMetadata": behind.tell,
        "removeParticipant": removed,
        "createDispatch": dispatched,
        "withdraw": behind.withdraw,
    }

    def calls(*wanted: list[Any]) -> None:
        for method, *arguments in wanted:
            does[method](*arguments)  # type: ignore[operator]

    drift_tells_what_it_has_done(calls, project, people, tmp_path)
