from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay_provider.cli.export import _settings, as_manifest
from relay_provider.config import KeyRef, ProjectRef
from relay_provider.drift import compare
from relay_provider.manifest import load
from relay_provider.model import LiveRoom
from tests.cli.conftest import Api, Run, manifest, room
from tests.served import KEY

pytestmark = pytest.mark.unit


def test_the_manifest_declares_what_is_live(run: Run, api: Api, folder: Path) -> None:
    api.rooms(room("on", maxParticipants=5), room("012", metadata='{"a":[1,{"b":"no"}]}'), room("x", metadata="1:30"))
    result = run("export", env=api.env)
    assert (result.exit_code, result.stderr) == (0, "")
    assert KEY not in result.stdout
    assert result.stdout.startswith("# yaml-language-server: $schema=./rooms.schema.json\nversion: 1\n")
    (folder / "rooms.yaml").write_text(result.stdout)
    assert run("validate").exit_code == 0
    drift = run("drift", "--strict", "-o", "json", env=api.env)
    assert drift.exit_code == 0
    assert json.loads(drift.stdout)["projects"][0]["inSync"] == 3


def test_a_projects_connection_is_kept(run: Run, api: Api, folder: Path) -> None:
    api.rooms(room("a"))
    (folder / "rooms.yaml").write_text(manifest(api.url))
    exported = yaml.safe_load(run("export", "-p", "acme", env={"ACME_KEY": KEY}).stdout)
    acme = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": f"{api.url}/v1", "rooms": {"a": {}}}
    assert exported == {"version": 1, "projects": {"acme": acme}}


def test_imports(run: Run, api: Api) -> None:
    api.rooms(room("b"), room("a"))
    assert json.loads(run("export", "--imports", env=api.env).stdout) == {
        "resources": [
            {"type": "relay:index:Room", "name": "a", "id": "a"},
            {"type": "relay:index:Room", "name": "b", "id": "b"},
        ]
    }


def test_a_room_that_cannot_be_declared_is_left_out(run: Run, api: Api) -> None:
    api.rooms(room("a"), room("no spaces"))
    result = run("export", env=api.env)
    assert result.exit_code == 0
    assert "no spaces" not in result.stdout
    assert 'Room "no spaces" is left out' in result.stderr


def test_livekit_settings_are_referred_to() -> None:
    keys = {"livekit_api_key": KeyRef("env", "LIVEKIT_API_KEY"), "livekit_api_secret": KeyRef("config", "s")}
    ref = ProjectRef("x", backend="livekit", livekit_url="wss://l.example", project_id="acme", **keys)
    assert yaml.safe_load(as_manifest(ref, {}))["projects"]["x"] == {
        "backend": "livekit",
        "livekit": {
            "url": "wss://l.example",
            "apiKey": {"env": "LIVEKIT_API_KEY"},
            "apiSecret": {"config": "s"},
            "projectId": "acme",
        },
        "rooms": {},
    }


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
data: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)
metadata = text | data.map(json.dumps) | data.map(lambda d: json.dumps(d, sort_keys=True, separators=(",", ":")))
rooms = st.builds(
    lambda **fields: LiveRoom(**fields),  # its signature would have more fields generated
    name=st.from_regex(r"[A-Za-z0-9._:-]{1,12}", fullmatch=True).filter(lambda name: name not in (".", "..")),
    sid=st.just("RM_1"),
    max_participants=st.integers(0, 10_000),
    creation_time=st.just(0),
    metadata=metadata.filter(lambda m: len(m) <= 2000),
    empty_timeout=st.none() | st.integers(1, 86_400),
)


@pytest.mark.parametrize(
    "metadata", ["\x85 a", "\u2028", "\ufeff", "\x00\x7f", "a\nb: c", "\U0001f600", '{"\x85":"\u2029"}']
)
def test_characters_that_yaml_cannot_hold_as_they_are(run: Run, api: Api, folder: Path, metadata: str) -> None:
    api.rooms(room("a", metadata=metadata))
    (folder / "rooms.yaml").write_text(run("export", env=api.env).stdout, encoding="utf-8")
    assert run("drift", env=api.env).exit_code == 0


@given(st.lists(rooms, max_size=4, unique_by=lambda room: room.name))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_live_comes_back(tmp_path: Path, live: list[LiveRoom]) -> None:
    file = tmp_path / "rooms.yaml"
    file.write_text(as_manifest(ProjectRef("x"), {room.name: _settings(room) for room in live}), encoding="utf-8")
    (project,) = load([file]).projects
    report = compare("x", project.rooms, live)
    assert (report.in_sync, report.missing, report.changed) == (len(live), (), ())
    assert {declared.name: declared.metadata or "" for declared in project.rooms} == {r.name: r.metadata for r in live}
