"""The GitHub workflows of the examples, step by step from their files: a pull request, from first push to repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import NEEDS_ENGINE
from tests.gitops.conftest import SECRETS
from tests.gitops.forge import Forge
from tests.gitops.github import BOT, REPOSITORY, GitHub
from tests.gitops.story import FIRST, MAIN, SECOND
from tests.served import OTHER_KEY, Served

pytestmark = NEEDS_ENGINE

PULL = {"number": 7, "pull_request": {"head": {"repo": {"full_name": REPOSITORY}}}}


@pytest.fixture
def github(tmp_path: Path, forge: Forge, runner: dict[str, str]) -> GitHub:
    return GitHub(tmp_path, forge, runner, SECRETS)


def test_a_pull_request_is_told_of_applied_as_planned_watched_and_healed(github: GitHub, served: Served) -> None:
    lessons = Served(served.url, served.process, OTHER_KEY)
    github.commit("main", MAIN)
    assert github.run("rooms-up.yml", "main")[0] == 0
    served.join("all-hands", "ana", "bob")
    before = served.rooms() | lessons.rooms()
    github.comments += [{"id": n, "user": {"login": "ada"}, "body": "<!-- relay-rooms: preview"} for n in range(100)]

    # A first push: the comment names the rooms, and who is in one of them.
    github.commit("first", FIRST)
    code, _ = github.run("rooms-plan.yml", "first", PULL)
    assert code == 0
    [comment] = github.comments[100:]
    assert comment["user"] == BOT
    assert comment["body"].startswith("<!-- relay-rooms: preview rooms-of-acme/dev -->\n")
    assert "2 people in 1 room would be disconnected." in comment["body"]
    assert all(name in comment["body"] for name in ("all-hands", "physics", "ana, bob"))
    assert "lobby" not in comment["body"]

    # A second push edits it.
    github.commit("second", SECOND)
    assert github.run("rooms-plan.yml", "second", PULL)[0] == 0
    assert github.comments[100:] == [comment]
    assert "lobby" in comment["body"]
    assert (served.rooms() | lessons.rooms()).keys() == before.keys()
    assert all(one["sid"] == before[name]["sid"] for name, one in (served.rooms() | lessons.rooms()).items())

    # The merge does exactly what the plan says.
    github.commit("merged", SECOND)
    github.pulls["merged"] = "second"
    code, said = github.run("rooms-apply.yml", "merged")
    assert (code, "Done: 3 rooms replaced." in said) == (0, True), said
    live = served.rooms() | lessons.rooms()
    replaced = {name for name in live if live[name]["sid"] != before[name]["sid"]}
    assert replaced == {"all-hands", "physics", "lobby"}
    assert {name: live[name]["maxParticipants"] for name in sorted(live)} == {
        "all-hands": 600,
        "lobby": 60,
        "math": 30,
        "physics": 40,
    }

    # A second run changes nothing, by hand or with the plan once more.
    assert github.run("rooms-up.yml", "merged")[0] == 0
    code, said = github.run("rooms-apply.yml", "merged")
    assert (code, "another run changed the state" in said) == (1, True)
    assert served.rooms() | lessons.rooms() == live

    # Somebody ends a room. The schedule exits with 2, and has one issue that names it.
    assert github.run("rooms-drift.yml", "merged")[0] == 0
    assert github.issues == []
    lessons.end("math")
    assert github.run("rooms-drift.yml", "merged")[0] == 2
    lessons.end("physics")
    assert github.run("rooms-drift.yml", "merged")[0] == 2
    [issue] = github.issues
    assert (issue["title"], issue["state"]) == ("Rooms are not as declared", "open")
    assert "`math` | missing" in issue["body"]
    assert "`physics` | missing" in issue["body"]

    # `up` heals it, and the issue is closed.
    assert github.run("rooms-up.yml", "merged")[0] == 0
    assert github.run("rooms-drift.yml", "merged")[0] == 0
    assert github.issues == [issue]
    assert issue["state"] == "closed"
    assert lessons.rooms()["math"]["maxParticipants"] == 30


def test_what_was_not_planned_is_not_applied(github: GitHub, served: Served) -> None:
    """A push without a pull request, a plan that failed, and what came in between."""
    github.commit("main", MAIN)
    assert github.run("rooms-up.yml", "main")[0] == 0
    before = served.rooms()
    github.commit("pushed", FIRST)
    code, said = github.run("rooms-apply.yml", "pushed")
    assert (code, "No pull request was merged as pushed" in said) == (1, True)

    github.commit("broken", FIRST + "typo: 1\n")
    assert github.run("rooms-plan.yml", "broken", PULL)[0] == 1
    github.pulls["pushed"] = "broken"
    code, said = github.run("rooms-apply.yml", "pushed")
    assert (code, "has no plan of its last commit, broken" in said) == (1, True)
    assert github.comments == []

    github.commit("planned", FIRST)
    assert github.run("rooms-plan.yml", "planned", PULL)[0] == 0
    served.join("all-hands", "ana")
    github.pulls["pushed"] = "planned"
    code, said = github.run("rooms-apply.yml", "pushed")
    assert (code, "webinars/all-hands was joined by ana" in said) == (1, True)
    assert served.rooms().keys() == before.keys()
    assert all(one["sid"] == before[name]["sid"] for name, one in served.rooms().items())


def test_a_fork_is_validated_and_gets_no_key(github: GitHub, forge: Forge) -> None:
    github.commit("fork", FIRST)
    forge.log.clear()
    fork = {"number": 7, "pull_request": {"head": {"repo": {"full_name": "mallory/rooms"}}}}
    code, said = github.run("rooms-plan.yml", "fork", fork)
    assert (code, forge.log, github.comments) == (0, [], [])
    assert "rooms" in said
    github.commit("broken", FIRST + "typo: 1\n")
    code, said = github.run("rooms-plan.yml", "broken", fork)
    assert (code, "rooms.yaml:15:1" in said) == (1, True), said
