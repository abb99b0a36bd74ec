"""The door on a real LiveKit server with real people, where metadata changes in place."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from relay_provider.model import RoomInputs
from tests.livekit.conftest import Project, clients, livekit, people, project
from tests.livekit.people import People
from tests.terraform.engine import Workspace

__all__ = ["clients", "livekit", "people", "project"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def on_livekit(tmp_path: Path, attached: dict[str, str], project: Project) -> Workspace:
    """A workspace on the attached provider, which leads to this test's project."""
    server = project.livekit
    settings = {
        "backend": "livekit",
        "project_id": project.id,
        "livekit_url": server.url,
        "livekit_api_key": server.key,
        "livekit_api_secret": server.secret,
    }
    return Workspace(tmp_path / "project", attached, provider=settings)


def test_people_stay_while_metadata_changes_and_until_an_end_is_agreed(
    on_livekit: Workspace, project: Project, people: People
) -> None:
    tf = on_livekit
    tf.write({"a": {"name": "standup", "metadata": "a", "empty_timeout": 900}, "b": {"name": "lobby"}})
    assert tf.apply().changes == {"create": 2}
    assert tf.is_settled()
    sid = project.room("standup").sid
    ana = people.join(f"{project.prefix}standup", "ana")
    tf.write({"a": {"name": "standup", "metadata": {"b": 1}, "empty_timeout": 900}, "b": {"name": "lobby"}})
    assert tf.apply().changes == {"update": 1}
    assert project.room("standup").metadata == '{"b":1}'
    assert project.room("standup").sid == sid
    assert ana.is_connected()
    assert tf.is_settled()
    tf.write({"a": {"name": "standup", "metadata": {"b": 1}, "empty_timeout": 60}, "b": {"name": "lobby"}})
    assert "1 person is in it: ana" in tf.apply(check=False).told()
    assert "1 person is in it: ana" in tf.destroy(check=False).told()
    assert ana.is_connected()
    forced = {"name": "standup", "metadata": {"b": 1}, "empty_timeout": 60, "force_destroy": True}
    tf.write({"a": forced, "b": {"name": "lobby"}})
    ran = tf.apply()
    assert "1 person is in it: ana" in ran.told("warning")
    assert ran.changes == {"replace": 1}
    assert project.room("standup").empty_timeout == 60
    assert tf.is_settled()
    tf.destroy()
    assert project.rooms() == []


def test_a_room_of_the_server_is_imported_with_what_it_reports(on_livekit: Workspace, project: Project) -> None:
    project.create("standup", empty_timeout=700, metadata='{"a":1}')
    rooms = {"a": {"name": "standup", "empty_timeout": 700, "metadata": {"a": 1}}}
    on_livekit.write(rooms, **{"import": [{"to": "relay_room.a", "id": "standup"}]})
    on_livekit.apply()
    assert on_livekit.is_settled()
    data = {"relay_room": {"it": {"name": "standup"}}}
    on_livekit.write(rooms, data=data, output={"it": {"value": "${data.relay_room.it.empty_timeout}"}})
    on_livekit.apply()
    assert '"value": 700' in on_livekit.run("output", "-json").out
    on_livekit.destroy()


def test_livekits_own_settings_are_declared_changed_and_spelt_otherwise(
    on_livekit: Workspace, project: Project, people: People
) -> None:
    tf = on_livekit
    room: dict[str, Any] = {"name": "standup", "empty_timeout": 600}
    own: dict[str, Any] = {"departure_timeout": 60, "agents": [{"agent_name": "notes", "metadata": '{"b": 1, "a": 2}'}]}
    tf.write({"a": {**room, "livekit": own}})
    assert tf.apply().changes == {"create": 1}
    assert project.room("standup").departure_timeout == 60
    agents = project._run(lambda backend: backend.agents("standup"))
    assert agents == [{"agentName": "notes", "metadata": '{"b": 1, "a": 2}'}]
    assert tf.is_settled()
    tf.write({"a": {**room, "livekit": {**own, "agents": [{"agent_name": "notes", "metadata": '{"a":2,"b":1}'}]}}})
    assert tf.is_settled()
    ana = people.join(f"{project.prefix}standup", "ana")
    tf.write({"a": {**room, "livekit": {**own, "agents": [{"agent_name": "scribe"}]}}})
    assert tf.apply().changes == {"update": 1}
    assert project._run(lambda backend: backend.agents("standup")) == [{"agentName": "scribe"}]
    assert ana.is_connected()
    assert tf.is_settled()
    project._run(lambda backend: backend.update(RoomInputs(name="standup"), {"livekit.agents"}))
    assert tf.plan("-refresh-only", "-detailed-exitcode", check=False).code == 2
    assert tf.apply().changes == {"update": 1}
    assert tf.is_settled()
    tf.write({"a": {**room, "livekit": {**own, "departure_timeout": 90}}})
    assert "1 person is in it: ana" in tf.plan(check=False).told()
    ana.leave()
    tf.write({"a": room})
    tf.destroy()


def test_a_manifests_rooms_keep_livekits_own_settings(on_livekit: Workspace, project: Project) -> None:
    manifest = (
        "version: 1\nprojects:\n  self:\n    backend: livekit\n    rooms:\n"
        "      standup: {emptyTimeout: 600, livekit: {departureTimeout: 60, agents: [{agentName: notes}]}}\n"
        "      lobby: {}\n"
    )
    (on_livekit.folder / "rooms.yaml").write_text(manifest)
    names = ("name", "empty_timeout", "max_participants", "metadata", "livekit")
    rooms = {
        "for_each": '${provider::relay::manifest(file("rooms.yaml"))}',
        **{n: f"${{each.value.{n}}}" for n in names},
    }
    on_livekit.write({"all": rooms})
    on_livekit.apply()
    assert project.room("standup").departure_timeout == 60
    assert on_livekit.is_settled()
    on_livekit.destroy()


def test_a_join_token_carries_the_declared_settings_and_is_in_no_state_and_no_plan(
    on_livekit: Workspace, project: Project
) -> None:
    tf = on_livekit
    room = {"name": "standup", "empty_timeout": 600, "max_participants": 7, "metadata": {"a": 1}}
    token = {
        "room": "standup",
        "identity": "ana",
        "ttl": "15m",
        "grants": {"canPublish": False},
        "room_config": "${relay_room.a.room_config}",
    }
    condition = {
        "condition": '${length(split(".", self.token)) == 3}',
        "error_message": "no token",
    }
    tf.write({"a": room}, ephemeral={"relay_join_token": {"ana": {**token, "lifecycle": {"postcondition": condition}}}})
    tf.apply()
    assert tf.is_settled()
    tf.plan("-out=saved", "-replace=relay_room.a")
    with zipfile.ZipFile(tf.folder / "saved") as saved:
        assert not any(b"eyJhbGci" in saved.read(name) for name in saved.namelist())
    assert "eyJhbGci" not in tf.state_text()
    config = json.loads(tf.state()["standup"]["room_config"])
    assert (config["maxParticipants"], config["emptyTimeout"]) == (7, 600)
    wrong = {"ana": {**token, "ttl": "soon", "identity": ""}}
    tf.write({"a": room}, ephemeral={"relay_join_token": wrong})
    assert tf.plan(check=False).code == 1
    tf.write({"a": room}, ephemeral={"relay_join_token": {"ana": {"room": "nowhere", "identity": "ana"}}})
    assert 'Room "nowhere" is not live' in tf.plan(check=False).told()
    tf.write({"a": room})
    tf.destroy()
