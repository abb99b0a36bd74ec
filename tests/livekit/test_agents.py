"""Agents that are declared: dispatched with the room, changed while people are in it, told when they drift.

With a real worker, whose agents join the rooms, and real people.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from relay_provider.model import RoomInputs
from tests.livekit.agents import Agents, real_agents
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import People

pytestmark = pytest.mark.e2e

LASTING = {"emptyTimeout": 600}


@pytest.fixture
def agents(project: Project) -> Iterator[Agents]:
    """`notes` and `scribe`, of this test alone."""
    with real_agents(project.livekit, *(f"{name}-{project.id}" for name in ("notes", "scribe"))) as working:
        yield working


def declared(project: Project, *names: str, metadata: object = None) -> dict[str, object]:
    told = {} if metadata is None else {"metadata": metadata}
    return {**LASTING, "livekit": {"agents": [{"agentName": f"{name}-{project.id}", **told} for name in names]}}


def test_agents_come_with_the_room_and_change_while_people_are_in_it(
    project: Project, agents: Agents, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=declared(project, "notes", metadata={"topic": "standup", "at": 9}))
    assert command.up() == {"create": 1}
    came = agents.next("joined")
    assert came["agent"] == f"notes-{project.id}"
    assert (came["room"], came["metadata"]) == (f"{project.prefix}standup", '{"at":9,"topic":"standup"}')
    assert command.drift(0)["inSync"] == 1
    assert command.up() == {"same": 1}

    sid = project.room("standup").sid
    ana = people.join(f"{project.prefix}standup", "ana")
    command.declare(standup=declared(project, "scribe"))
    assert command.drift(2)["changed"][0]["fields"] == [
        {
            "field": "livekit.agents",
            "declared": [{"agentName": f"scribe-{project.id}"}],
            "live": [{"agentName": f"notes-{project.id}", "metadata": '{"at":9,"topic":"standup"}'}],
        }
    ]
    (planned,) = command.json("preview", "--stack", command.engine.stack, code=2)["rooms"]
    assert (planned["change"], [one["field"] for one in planned["fields"]]) == ("update", ["livekit.agents"])
    assert command.up() == {"update": 1}
    assert {(one["what"], one["agent"].partition("-")[0]) for one in (agents.any(), agents.any())} == {
        ("left", "notes"),
        ("joined", "scribe"),
    }
    assert ana.is_connected()
    assert project.room("standup").sid == sid
    assert command.drift(0)["inSync"] == 1
    assert command.up() == {"same": 1}

    command.declare(standup=LASTING)
    assert command.up() == {"update": 1}
    assert agents.next("left")["agent"] == f"scribe-{project.id}"
    assert ana.is_connected()
    assert command.up() == {"same": 1}


def test_a_room_with_nobody_but_an_agent_in_it_is_replaced_and_ended(
    project: Project, agents: Agents, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=declared(project, "notes"))
    command.up()
    agents.next("joined")
    command.declare(standup={**declared(project, "notes"), "maxParticipants": 5})
    assert command.up() == {"replace": 1}
    while agents.any()["what"] != "joined":  # the old room's agent may be told to leave first, or find it closed
        pass
    assert command.run("destroy", "--yes", "--stack", command.engine.stack).returncode == 0
    assert project.rooms() == []


def test_a_dispatch_that_somebody_removed_is_drift_that_up_puts_right(
    project: Project, agents: Agents, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=declared(project, "notes", "scribe"), plain=LASTING)
    command.up()
    agents.next("joined"), agents.next("joined")
    project._run(lambda backend: backend.update(RoomInputs(name="standup"), {"livekit.agents"}))
    assert {agents.next("left")["agent"] for _ in "12"} == {f"{name}-{project.id}" for name in ("notes", "scribe")}
    found = command.drift(2)
    assert [(one["room"], one["fields"][0]["live"]) for one in found["changed"]] == [("standup", [])]
    assert command.up() == {"update": 1, "same": 1}
    assert {agents.next("joined")["agent"] for _ in "12"} == {f"{name}-{project.id}" for name in ("notes", "scribe")}
    assert command.up() == {"same": 2}


def test_agents_of_rooms_that_declare_none_are_left_alone(project: Project, agents: Agents, tmp_path: Path) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=LASTING)
    command.up()
    by_hand = RoomInputs.model_validate({"name": "standup", **declared(project, "notes")})
    project._run(lambda backend: backend.update(by_hand, {"livekit.agents"}))
    agents.next("joined")
    assert command.drift(0)["inSync"] == 1
    assert command.up() == {"same": 1}
    assert agents.quiet()


def test_an_agent_is_nobody_who_keeps_a_room_from_being_ended_and_a_person_is(
    project: Project, agents: Agents, people: People, tmp_path: Path
) -> None:
    command = Command(tmp_path, project)
    command.declare(standup=declared(project, "notes"))
    command.up()
    agents.next("joined")
    ana = people.join(f"{project.prefix}standup", "ana")
    command.declare(standup={**declared(project, "notes"), "maxParticipants": 5})
    (planned,) = command.json("preview", "--stack", command.engine.stack, code=2)["rooms"]
    assert (planned["change"], planned["people"], planned["identities"]) == ("replace", 1, ["ana"])
    assert planned["refused"] is True
    failed = command.run("up", "--yes", "--stack", command.engine.stack)
    assert failed.returncode == 1
    assert "1 person is in it: ana" in failed.stderr
    assert ana.is_connected()
