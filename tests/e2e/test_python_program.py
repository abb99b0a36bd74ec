"""What a Python program can say and see, on the real engine and language host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.engine import Project
from tests.served import KEY, OTHER_KEY, Served

pytestmark = pytest.mark.e2e


@pytest.fixture
def project(served: Served, tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", served.env)
    project.write("Pulumi.yaml", "name: rooms\nruntime: {name: python}\n")
    return project.init()


def test_outputs_of_other_resources_are_inputs_and_unknown_in_a_preview(project: Project, served: Served) -> None:
    project.write(
        "__main__.py",
        """
import pulumi, relay_provider as relay

first = relay.Room("first", max_participants=3)
second = relay.Room("second", metadata={"after": first.sid, "limits": [first.max_participants]})
third = relay.Room("third", name=pulumi.Output.concat(second.name, "-", first.sid))
pulumi.export("shown", {
    "sid": first.sid, "limit": first.max_participants, "created": second.creation_time,
    "metadata": second.metadata, "third": third.name, "id": third.id, "force": third.force_destroy,
})
""",
    )
    preview = project.pulumi("preview")
    assert preview.changes == {"create": 3}
    assert served.rooms() == {}
    assert project.up().changes == {"create": 3}
    live = served.rooms()
    sid = live["first"]["sid"]
    assert sorted(live) == ["first", "second", f"second-{sid}"]
    assert json.loads(live["second"]["metadata"]) == {"after": sid, "limits": [3]}
    shown = json.loads(project.pulumi("stack", "output", "shown", "--json").out)
    assert shown == {
        "sid": sid,
        "limit": 3,
        "created": live["second"]["creationTime"],
        "metadata": live["second"]["metadata"],
        "third": f"second-{sid}",
        "id": f"second-{sid}",
        "force": False,
    }
    assert project.up().changes == {"same": 3}


def test_a_room_declared_twice_is_an_error_at_its_declaration(project: Project, served: Served) -> None:
    project.write(
        "__main__.py",
        """
import relay_provider as relay
relay.Room("one", name="standup")
relay.Room("two", name="standup")
""",
    )
    ran = project.up(check=False)
    assert ran.code != 0
    assert 'Room "standup" is declared twice in this program' in ran.errors
    assert "Traceback" not in ran.out


def test_every_wrong_field_is_reported_at_once(project: Project, served: Served) -> None:
    project.write(
        "__main__.py",
        """
import relay_provider as relay
relay.Room("a b", max_participants=0, empty_timeout=86401, metadata="x" * 4097)
""",
    )
    ran = project.pulumi("preview", check=False)
    assert ran.code != 0
    for part in (
        'name may hold letters, digits and . _ - : only, not "a b"',
        "must be a whole number from 1 to 10000, not 0",
        "must be a whole number from 1 to 86400, not 86401",
        "must have at most 4096 characters, not 4097",
    ):
        assert part.split(" ", 1)[1] in ran.errors, ran.errors
    assert "Traceback" not in ran.out
    assert served.rooms() == {}


def test_remove_participant_evicts_nobody_in_a_preview_and_exactly_one_in_an_up(
    project: Project, served: Served
) -> None:
    served.create("standup")
    served.join("standup", "team/ana ü?#", "ben")
    project.write(
        "__main__.py",
        """
import pulumi, relay_provider as relay
pulumi.export("known", relay.remove_participant("standup", "team/ana ü?#").removed)
pulumi.export("nobody", relay.remove_participant("standup", "zoe").removed)
pulumi.export("people", [p.identity for p in relay.get_room("standup").participants])
pulumi.export("rooms", [room.name for room in relay.list_rooms()])
""",
    )
    preview = project.pulumi("preview")
    assert "team/ana" in preview.out
    assert served.people("standup") == ["ben", "team/ana ü?#"]
    project.up()
    assert served.people("standup") == ["ben"]
    shown = json.loads(project.pulumi("stack", "output", "--json").out)
    assert shown == {"known": True, "nobody": False, "people": ["ben"], "rooms": ["standup"]}


def test_a_function_that_fails_says_one_sentence(project: Project) -> None:
    project.write("__main__.py", "import relay_provider as relay\nrelay.get_room('nowhere')\n")
    ran = project.up(check=False)
    assert ran.code != 0
    assert 'Room "nowhere" is not live' in ran.errors
    assert "Traceback" not in ran.out


def test_a_missing_key_says_the_two_ways_to_set_it(project: Project) -> None:
    project.write("__main__.py", "import relay_provider as relay\nrelay.Room('standup')\n")
    ran = project.up(check=False, env={"RELAY_API_KEY": ""})
    assert ran.code != 0
    assert "apiKey is not set; set RELAY_API_KEY, or run `pulumi config set --secret relay:apiKey" in ran.errors
    assert "Traceback" not in ran.out


def test_manifests_declare_rooms_of_several_projects_with_keys_from_config_and_environment(
    project: Project, served: Served
) -> None:
    project.write("__main__.py", "import relay_provider as relay\nrelay.declare_rooms('rooms.yaml')\n")
    project.write(
        "rooms.yaml",
        """
version: 1
projects:
  webinars: {apiKey: {config: webinarsKey}, rooms: {all-hands: {maxParticipants: 500}, lobby: }}
  support: {apiKey: {env: SUPPORT_KEY}, rooms: {lobby: {maxParticipants: 2}}}
""",
    )
    project.env["SUPPORT_KEY"] = OTHER_KEY
    project.env["RELAY_API_KEY"] = ""
    project.pulumi("config", "set", "--secret", "webinarsKey", KEY)
    assert project.up().changes == {"create": 3}
    other = Served(served.url, served.process, OTHER_KEY)
    assert sorted(served.rooms()) == ["all-hands", "lobby"]
    assert {name: room["maxParticipants"] for name, room in other.rooms().items()} == {"lobby": 2}
    assert project.up().changes == {"same": 3}
    assert KEY not in project.state_text()
    assert OTHER_KEY not in project.state_text()
    project.destroy()
    assert served.rooms() == other.rooms() == {}


def test_a_wrong_manifest_declares_nothing_and_names_every_place(project: Project, served: Served) -> None:
    project.write("__main__.py", "import relay_provider as relay\nrelay.declare_rooms('rooms.yaml')\n")
    project.write(
        "rooms.yaml", "version: 1\nprojects:\n  a:\n    rooms:\n      x: {maxParticipants: 0}\n      y: {max: 1}\n"
    )
    ran = project.up(check=False)
    assert ran.code != 0
    assert "rooms.yaml:5:28: " in ran.errors
    assert "rooms.yaml:6:" in ran.errors
    assert "Traceback" not in ran.out
    assert served.rooms() == {}


def test_a_renamed_resource_keeps_its_room(project: Project, served: Served) -> None:
    project.write("__main__.py", "import relay_provider as relay\nrelay.Room('one', name='standup')\n")
    project.up()
    served.join("standup", "ana")
    live = served.rooms()
    project.write("__main__.py", "import relay_provider as relay\nrelay.Room('two', name='standup')\n")
    assert project.up().changes == {"create": 1, "delete": 1}
    assert served.rooms() == live
    assert served.people("standup") == ["ana"]
    assert project.up().changes == {"same": 1}
    served.leave("standup", "ana")
    project.destroy()
    assert served.rooms() == {}


@pytest.mark.soak
def test_a_consent_that_was_taken_back_does_not_come_back_with_a_room_that_is_left_over(
    project: Project, served: Served
) -> None:
    program = "import relay_provider as relay\nrelay.Room('desk', name='{}', force_destroy={})\n"
    project.write("__main__.py", program.format("standup", True))
    project.up()
    served.join("standup", "ana")
    project.write("__main__.py", program.format("daily", False))
    for _ in range(2):  # the second run has the old room as what a replacement has left over
        refused = project.up(check=False)
        assert 'Room "standup" was not ended, because 1 person is in it: ana.' in refused.errors
        assert served.people("standup") == ["ana"]
    served.leave("standup", "ana")
    project.up()
    assert list(served.rooms()) == ["daily"]
    assert project.up().changes == {"same": 1}


@pytest.mark.soak
def test_a_refresh_leaves_an_untouched_rooms_state_as_it_is(project: Project, served: Served) -> None:
    project.write(
        "__main__.py",
        """
import relay_provider as relay

first = relay.Room("first", max_participants=3, metadata={"b": 1, "a": [2.0]}, empty_timeout=600)
relay.Room("second", metadata=first.sid)
relay.Room("third", metadata="")
""",
    )
    project.up()

    def rooms() -> dict[str, dict[str, object]]:
        kept = ("inputs", "outputs", "dependencies")
        return {one["id"]: {key: one.get(key) for key in kept} for one in project.resources()}

    before = rooms()
    assert before["second"]["dependencies"]
    project.refresh()
    assert rooms() == before
    served.end("first")
    served.create("first", maxParticipants=4)
    project.refresh()
    assert rooms()["first"]["inputs"] != before["first"]["inputs"], "what did change is seen in a plan"
    assert project.up().changes == {"replace": 2, "same": 1}
    assert project.up().changes == {"same": 3}


def test_a_program_waits_for_a_room_once_and_for_what_it_makes_of_the_rooms_properties(
    project: Project, served: Served
) -> None:
    project.write(
        "__main__.py",
        """
from pathlib import Path
import relay_provider as relay
from pulumi.runtime.settings import SETTINGS

before = len(SETTINGS.outputs)
rooms = [relay.Room(f"room-{n}") for n in range(10)]
Path("waited").write_text(str(len(SETTINGS.outputs) - before))
rooms[0].sid.apply(lambda sid: Path("sid").write_text(sid))
""",
    )
    assert project.up().changes == {"create": 10}
    assert int((project.folder / "waited").read_text()) <= 3 * 10, "each property of a room is waited for"
    assert (project.folder / "sid").read_text() == served.rooms()["room-0"]["sid"]
    assert project.up().changes == {"same": 10}


def test_a_room_that_fails_fails_the_program_with_one_sentence(project: Project, served: Served) -> None:
    project.write(
        "__main__.py",
        """
import pulumi, relay_provider as relay

room = relay.Room("lobby", max_participants=-1)
pulumi.export("sid", room.sid)
""",
    )
    failed = project.up(check=False)
    assert failed.code == 1
    assert "max_participants" in failed.out or "maxParticipants" in failed.out
    for noise in ("Traceback", "never retrieved"):
        assert noise not in failed.out
    assert served.rooms() == {}
