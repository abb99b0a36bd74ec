"""What docs/livekit.md says to people who host LiveKit themselves, on a server with the page's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from livekit import api
from livekit.protocol.room import RoomConfiguration

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.errors import Rejected
from relay_provider.lifecycle import Rooms
from relay_provider.manifest import load
from relay_provider.manifest.problems import ManifestError
from relay_provider.model import RoomInputs
from relay_provider.run import Run
from tests.conformance.target import eventually
from tests.conftest import ROOT
from tests.keep.keeping import keeping
from tests.livekit.behind import Behind
from tests.livekit.conftest import Project
from tests.livekit.manifest import Command
from tests.livekit.people import real_people
from tests.livekit.server import serving_livekit
from tests.unit.fake import PROJECT

PAGE = (ROOT / "docs" / "livekit.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MANIFESTS = [block for block in BLOCKS if "projects:" in block]
CONFIGURATION: dict[str, Any] = {}
for block in BLOCKS:
    if block.startswith("# livekit.yaml\n"):
        CONFIGURATION |= yaml.safe_load(block)["room"]

LASTING = {"emptyTimeout": 900}
UNDECLARABLE = ("egress", "tags", "nodeId", "replayEnabled")


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    """Somebody with a key of a server that is configured as the page says."""
    with serving_livekit({"room": CONFIGURATION}) as server, real_people(server) as people:
        yield Behind(server, people)


@pytest.fixture
def bare(behind: Behind) -> Iterator[Project]:
    """The server's rooms, by their names there; none of them outlasts the test."""
    yield Project(behind.server, "")
    behind.people.all_leave()
    for name in behind.rooms():
        behind.end(name)


@pytest.fixture
def command(bare: Project, tmp_path: Path) -> Command:
    return Command(tmp_path, bare)


def declared_on_the_page(room: str) -> dict[str, Any]:
    """A room of one of the page's manifests."""
    manifests = [yaml.safe_load(one)["projects"]["calls"]["rooms"] for one in MANIFESTS]
    (found,) = (rooms[room] for rooms in manifests if room in rooms)
    return dict(found)


def made(project: Project, **rooms: dict[str, Any]) -> None:
    """Make them as `up` does: the server's answer has to be as declared."""

    async def make(backend: LiveKitBackend) -> None:
        for name, settings in rooms.items():
            await Rooms(backend, PROJECT).create(RoomInputs.model_validate({"name": name, **settings}), Run())

    project._run(make)


def refusal(behind: Behind, name: str, **token: Any) -> str:
    with pytest.raises(AssertionError) as refused:
        behind.join(name, **token)
    return str(refused.value)


@pytest.mark.e2e
def test_only_declared_rooms_can_be_joined_and_keep_has_them_back(
    command: Command, behind: Behind, tmp_path: Path
) -> None:
    command.declare(lounge=LASTING)
    assert "404" in refusal(behind, "lounge")
    keys = {name: command.engine.env[name] for name in ("KEY_OF_LIVEKIT", "SECRET_OF_LIVEKIT")}
    with keeping(command.engine.folder, "--log", "json", interval="0.3", **keys) as keep:
        keep.event("created")
        assert behind.join("lounge").is_connected()
        assert "404" in refusal(behind, "garden")
        behind.end("lounge")
        keep.event("created")
        assert behind.join("lounge").is_connected()

    behind.join("garden", room_create=True)
    assert command.drift(0)["unmanaged"] == ["garden"]
    assert command.run("drift", "--strict").returncode == 2


@pytest.mark.e2e
def test_what_a_room_declares_beats_its_preset_and_the_rest_is_the_presets_and_not_compared(
    command: Command, bare: Project
) -> None:
    rooms = {name: declared_on_the_page(name) for name in ("talk", "small", "quiet")}
    command.declare(**rooms)
    made(bare, **rooms)
    live = {room.name: room for room in bare.rooms()}
    agents = {name: bare._run(lambda backend, name=name: backend.agents(name)) for name in rooms}  # type: ignore[misc]
    assert {name: (room.max_participants, room.departure_timeout, room.metadata) for name, room in live.items()} == {
        "talk": (100, 77, "of the preset"),
        "small": (5, 900, "of the preset"),
        "quiet": (100, 77, "of the preset"),
    }
    assert agents == {"talk": [{"agentName": "notes"}], "small": [{"agentName": "scribe"}], "quiet": []}
    found = command.drift(0)
    assert (found["inSync"], found["notComparable"]) == (3, ["livekit.roomPreset"])


@pytest.mark.e2e
def test_a_preset_that_the_server_does_not_have_is_a_sentence(bare: Project) -> None:
    with pytest.raises(Rejected, match=r"^LiveKit CreateRoom \(lounge\) .*: unknown room configuration in create room"):
        made(bare, lounge={"livekit": {"roomPreset": "nobodys"}})


@pytest.mark.e2e
def test_the_dispatch_without_a_name_is_there_where_no_agent_is_and_counts_for_nothing(
    bare: Project, behind: Behind
) -> None:
    agents = {"undeclared": None, "none": [], "notes": [{"agentName": "notes"}]}
    made(bare, **{name: {"livekit": {"agents": declared}} for name, declared in agents.items()})

    def dispatched(name: str) -> list[str]:
        return [one.agent_name for one in behind.ask(lambda client: client.agent_dispatch.list_dispatch(name))]

    assert {name: dispatched(name) for name in behind.rooms()} == {"undeclared": [""], "none": [""], "notes": ["notes"]}
    assert bare._run(lambda backend: backend.agents("undeclared")) == []


@pytest.mark.e2e
def test_a_room_is_full_of_people_and_not_of_agents(bare: Project, behind: Behind) -> None:
    bare.create("lounge", max_participants=1)
    behind.join("lounge", identity="robot", kind="agent")
    behind.join("lounge")
    assert "ConnectError" in refusal(behind, "lounge", identity="bob")
    present = bare._run(lambda backend: backend.get("lounge"))
    assert present is not None
    assert {one.identity: one.serves for one in present.participants} == {"robot": True, "ana": False}


@pytest.mark.e2e
def test_in_a_live_room_a_tokens_configuration_is_ignored_and_whoever_was_removed_comes_back_with_the_same_token(
    command: Command, bare: Project, behind: Behind
) -> None:
    lounge = {**LASTING, "maxParticipants": 5, "livekit": {"agents": []}}
    command.declare(lounge=lounge)
    made(bare, lounge=lounge)
    agents = [api.RoomAgentDispatch(agent_name="notes")]
    token = behind.token("lounge", config=RoomConfiguration(max_participants=9, metadata="of a token", agents=agents))
    ana = behind.people.join_with(token)
    assert command.drift(0)["inSync"] == 1
    assert command.json("remove-participant", "lounge", "ana", "--project", "project-0") == {"removed": True}
    assert eventually(ana.is_connected, lambda connected: not connected) is False
    assert behind.people.join_with(token).is_connected()


@pytest.mark.unit
@pytest.mark.parametrize("block", MANIFESTS)
def test_the_pages_manifests_are_such(block: str, tmp_path: Path) -> None:
    (tmp_path / "rooms.yaml").write_text(block)
    assert load([tmp_path / "rooms.yaml"]).projects


@pytest.mark.unit
@pytest.mark.parametrize("setting", UNDECLARABLE)
def test_what_cannot_be_declared_is_refused_at_its_line(setting: str, tmp_path: Path) -> None:
    assert f"- `{setting}`" in PAGE
    (tmp_path / "rooms.yaml").write_text(
        f"version: 1\nprojects:\n  calls:\n    backend: livekit\n    rooms:\n      a: {{livekit: {{{setting}: x}}}}\n"
    )
    with pytest.raises(ManifestError, match=rf"rooms\.yaml:6:21: .*{setting}"):
        load([tmp_path / "rooms.yaml"])


@pytest.mark.unit
def test_the_server_reports_nothing_of_what_cannot_be_declared() -> None:
    asked = {field.json_name for field in api.CreateRoomRequest.DESCRIPTOR.fields}
    told = {field.json_name for field in api.Room.DESCRIPTOR.fields}
    assert asked >= set(UNDECLARABLE)
    assert not told & set(UNDECLARABLE)
