"""No key is ever in a state file, an output, an error or a log, however verbose."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.engine import Project
from tests.served import KEY, Served

pytestmark = pytest.mark.e2e

LOUD = {
    "environment": ("-v=9", "--logtostderr", "--logflow", "--debug"),
    "config": ("--debug",),  # with --logtostderr this engine itself logs the config of a provider
}
PROGRAM = """
import relay_provider as relay
relay.Room("standup", metadata={"team": "core"})
relay.list_rooms()
"""


@pytest.mark.parametrize("by", LOUD)
def test_the_key_is_nowhere(by: str, served: Served, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", {"RELAY_BASE_URL": served.url})
    project.write("Pulumi.yaml", "name: rooms\nruntime: {name: python}\noptions: {refresh: always}\n")
    project.write("__main__.py", PROGRAM)
    project.init()
    if by == "environment":
        project.env["RELAY_API_KEY"] = KEY
    else:
        project.pulumi("config", "set", "--secret", "relay:apiKey", KEY)
    said = [project.up(*LOUD[by]).out, project.pulumi("stack", "export").out]
    served.create("taken", maxParticipants=3)
    project.write("__main__.py", PROGRAM + "relay.Room('taken')\n")
    said.append(project.up(*LOUD[by], check=False).out)
    project.write("__main__.py", PROGRAM + "raise RuntimeError('the program itself fails')\n")
    said.append(project.pulumi("preview", *LOUD[by], check=False).out)
    assert all(said)
    for text in said:
        assert KEY not in text
    for path in [*project.folder.rglob("*"), *project.state_folder.rglob("*"), *tmp_path.glob("*-events.json")]:
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
