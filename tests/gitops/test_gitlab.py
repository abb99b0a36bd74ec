"""The GitLab jobs of the examples, line by line from their file: one merge request, from its first push to a repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import NEEDS_ENGINE
from tests.gitops.conftest import SECRETS
from tests.gitops.forge import Forge
from tests.gitops.gitlab import ON_MAIN, REQUEST, GitLab
from tests.gitops.story import FIRST, MAIN, SECOND
from tests.served import Served

pytestmark = NEEDS_ENGINE

MERGED = {"CI_PIPELINE_SOURCE": "push", **ON_MAIN}
BY_HAND = {"CI_PIPELINE_SOURCE": "web", **ON_MAIN}
SCHEDULED = {"CI_PIPELINE_SOURCE": "schedule", **ON_MAIN}


@pytest.mark.soak
def test_a_merge_request_is_told_of_applied_as_planned_watched_and_healed(
    tmp_path: Path, forge: Forge, runner: dict[str, str], served: Served
) -> None:
    gitlab = GitLab(tmp_path, forge, runner, SECRETS)
    assert gitlab.pipeline(MAIN, "main", **BY_HAND)[0] == 0
    served.join("all-hands", "ana", "bob")
    gitlab.notes += [{"id": n, "author": {"id": 2}, "body": "<!-- relay-rooms: preview"} for n in range(100)]

    assert gitlab.pipeline(FIRST, "first", **REQUEST)[0] == 0
    [comment] = gitlab.notes[100:]
    assert "2 people in 1 room would be disconnected." in comment["body"]
    assert all(name in comment["body"] for name in ("all-hands", "physics", "ana, bob"))
    assert gitlab.pipeline(SECOND, "second", **REQUEST)[0] == 0
    assert gitlab.notes[100:] == [comment]
    assert "lobby" in comment["body"]

    code, said = gitlab.pipeline(SECOND, "pushed", **MERGED)
    assert (code, "No merge request was merged as pushed" in said) == (1, True)
    gitlab.merged.append("merged")
    code, said = gitlab.pipeline(SECOND, "merged", **MERGED)
    assert (code, "Done: 3 rooms replaced." in said) == (0, True), said
    live = served.rooms()
    assert {name: room["maxParticipants"] for name, room in sorted(live.items())} == {"all-hands": 600, "lobby": 60}
    code, said = gitlab.pipeline(SECOND, "merged", **MERGED)
    assert (code, "another run changed the state" in said) == (1, True)
    assert served.rooms() == live

    served.end("lobby")
    assert [gitlab.pipeline(SECOND, "merged", **SCHEDULED)[0] for _ in range(2)] == [2, 2]
    [issue] = gitlab.issues
    assert issue["state"] == "opened"
    assert "`lobby` | missing" in issue["description"]
    assert gitlab.pipeline(SECOND, "merged", **BY_HAND)[0] == 0
    assert gitlab.pipeline(SECOND, "merged", **SCHEDULED)[0] == 0
    assert gitlab.issues == [issue]
    assert issue["state"] == "closed"


def test_a_plan_that_failed_is_not_applied(tmp_path: Path, forge: Forge, runner: dict[str, str]) -> None:
    gitlab = GitLab(tmp_path, forge, runner, SECRETS)
    assert gitlab.pipeline(MAIN + "typo: 1\n", "broken", **REQUEST)[0] == 1
    assert gitlab.notes == []
    gitlab.merged.append("merged")
    code, said = gitlab.pipeline(MAIN, "merged", **MERGED)
    assert (code, "The last pipeline of merge request !7 has no plan." in said) == (1, True)
