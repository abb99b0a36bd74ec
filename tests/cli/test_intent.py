"""Notes of what a run makes: what they say, when they count, and that other tags stay as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay_provider.cli.intent import Intent, begun, lost, stale, without
from relay_provider.cli.plan import ROOM_TYPE
from relay_provider.cli.tags import NOTES, change, local_tags
from relay_provider.cli.workspace import Workspace
from relay_provider.config import KeyRef, ProjectRef
from relay_provider.dynamic.properties import PROVIDER
from relay_provider.errors import RelayError
from relay_provider.manifest import Project
from relay_provider.model import RoomInputs

pytestmark = pytest.mark.unit

ACME = ProjectRef("acme", api_key=KeyRef("env", "ACME_KEY"), base_url="http://localhost/v1")
ROOMS = (RoomInputs(name="standup", max_participants=12), RoomInputs(name="lobby", metadata='{"a":1}'))
BOTH = Project(ACME, ROOMS)


def state(*rooms: str, time: str = "noon", **more: Any) -> dict[str, Any]:
    there = [{"type": ROOM_TYPE, "urn": f"urn:pulumi:dev::rooms::{ROOM_TYPE}::acme/{room}"} for room in rooms]
    return {"manifest": {"time": time}, "resources": there, **more}


def test_a_note_says_what_was_meant_and_no_key() -> None:
    intent = Intent("noon", (BOTH,))
    assert Intent.from_tag("x", intent.as_tag()) == intent


def test_it_counts_beside_its_own_state_alone_and_for_what_that_lacks() -> None:
    notes = {"one": Intent("noon", (BOTH,)).as_tag(), "other": Intent("morning", (BOTH,)).as_tag()}
    assert list(lost(notes, state("lobby"))) == [Project(ACME, ROOMS[:1])]
    assert stale(notes, state()) == ["other"]
    assert list(lost(notes, state(time="night"))) == []


def test_what_is_declared_just_so_is_left_to_the_plan() -> None:
    changed = RoomInputs(name="lobby", max_participants=3)
    assert without([BOTH], [Project(ACME, (ROOMS[0], changed))]) == [Project(ACME, ROOMS[1:])]
    assert without([BOTH], [Project(ProjectRef("acme"), ROOMS)]) == [BOTH]


def test_the_engines_own_notes_count_too() -> None:
    inputs = {
        "__provider": PROVIDER,
        "place": "relay",
        "project": ACME.as_state(),
        "name": "lobby",
        "metadata": '{"a":1}',
    }
    operations = [
        {"type": kind, "resource": {"type": ROOM_TYPE, "urn": "urn:pulumi:dev::rooms::x::acme/lobby", "inputs": inputs}}
        for kind in ("creating", "deleting")
    ]
    assert begun(state(pending_operations=operations)) == [Project(ACME, ROOMS[1:])]
    assert begun(state("lobby", pending_operations=operations)) == []


@pytest.mark.parametrize("text", ["", "x", "eJw=", "eJwDAAAAAAE=", Intent("noon", ()).as_tag()[:-8]])
def test_a_damaged_note_is_said(text: str) -> None:
    with pytest.raises(RelayError, match=r"^The stack's tag relay-rooms:intended:1, .* `pulumi stack tag rm`"):
        Intent.from_tag(f"{NOTES}1", text)


def test_other_tags_stay(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / ".relay", "rooms", local=True)
    workspace.folder.mkdir(parents=True)
    file = workspace.state_file("dev").with_name("dev.pulumi-tags")
    change(workspace, "dev", None, {f"{NOTES}1": "x"})  # type: ignore[arg-type] # no program is run
    assert local_tags(workspace, "dev") == {f"{NOTES}1": "x"}
    file.write_text(json.dumps({"version": 1, "tags": {"owner": "ana", f"{NOTES}1": "x"}}))
    change(workspace, "dev", None, {f"{NOTES}1": None})  # type: ignore[arg-type]
    assert local_tags(workspace, "dev") == {"owner": "ana"}
    change(workspace, "dev", None, {"owner": None})  # type: ignore[arg-type]
    assert not file.exists()
    file.write_text("{")
    with pytest.raises(RelayError, match="cannot be read"):
        local_tags(workspace, "dev")
