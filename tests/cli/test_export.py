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


NAMES = ["on", "null", "012", "1e3", "1:30", "2026-11-29", "0x1F", "-", "a.b", ":", "_", "-1", "1_0", "y"]
TEXTS = [
    "",
    "plain",
    "a: b # c",
    "'\"\\",
    "\x85\u2028\ufeff",
    "\x00\x7f\n\t",
    "\U0001f600",
    "@x <b> |",
    "{",
    "null",
    " a ",
]


def assorted(number: int) -> dict[str, Any]:
    name = NAMES[number] if number < len(NAMES) else f"r:{number}.x_-{'y' * (number % 100)}"
    data: list[Any] = [{"on": 1, "n": None, "f": 1.5}, {"a": {"b": [True, 1, "1"]}}, [], {}, ["no", "012", 12]]
    metadata = TEXTS[number % len(TEXTS)] if number % 3 else json.dumps(data[number % len(data)])
    return room(name, maxParticipants=[0, 5, 5, 5, 100][number % 5], metadata=metadata)


def test_five_hundred_assorted_rooms_come_back_without_drift(run: Run, api: Api, folder: Path) -> None:
    api.rooms(*(assorted(number) for number in range(500)))
    done = run("export", "--out", "rooms.yaml", env=api.env)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "rooms.yaml: 500 rooms.\n", "")
    written = yaml.safe_load((folder / "rooms.yaml").read_text(encoding="utf-8"))["projects"]["default"]
    assert written["defaults"] == {"maxParticipants": 5}
    assert run("validate").exit_code == 0
    drift = run("drift", "--strict", "-o", "json", env=api.env)
    assert (drift.exit_code, json.loads(drift.stdout)["projects"][0]["inSync"]) == (0, 500)


def test_what_most_rooms_have_in_common_is_said_once(run: Run, api: Api, folder: Path) -> None:
    many = [room(f"r{n}", maxParticipants=9, metadata='{"a":1}') for n in range(5)]
    api.rooms(*many, room("other", maxParticipants=9, metadata='{"a":true}'), room("without", metadata="1"))
    (folder / "rooms.yaml").write_text(run("export", env=api.env).stdout)
    project = yaml.safe_load((folder / "rooms.yaml").read_text())["projects"]["default"]
    assert project["defaults"] == {"maxParticipants": 9, "metadata": {"a": 1}}
    assert project["rooms"] == {
        "other": {"metadata": {"a": True}},
        **{f"r{n}": {} for n in range(5)},
        "without": {"metadata": "1", "maxParticipants": None},
    }
    assert run("drift", "--strict", env=api.env).exit_code == 0
    assert (
        (folder / "rooms.yaml").read_text().endswith("# Not reported by the server, and so not here: emptyTimeout.\n")
    )


def declared(folder: Path, url: str, *more: str) -> str:
    text = f"""version: 1
name: rooms-of-acme
projects:
  webinars:
    {{apiKey: {{env: ACME_KEY}}, baseUrl: "{url}/v1", maxEnds: 7, grouped: true, ignore: ["test-*"], rooms: {{old: }}}}
""" + "".join(more)
    (folder / "rooms.yaml").write_text(text)
    return text


@pytest.mark.parametrize("options", [("--project", "webinars"), ("--file", "rooms.yaml"), ()])
def test_a_manifest_is_written_anew_with_its_name_label_and_options(
    run: Run, api: Api, folder: Path, options: tuple[str, ...]
) -> None:
    declared(folder, api.url)
    api.rooms(room("new"), room("test-1"))
    done = run("export", "--out", "rooms.yaml", *options, env={**api.env, "ACME_KEY": KEY})
    assert (done.exit_code, done.stderr) == (0, "")
    assert yaml.safe_load((folder / "rooms.yaml").read_text()) == {
        "version": 1,
        "name": "rooms-of-acme",
        "projects": {
            "webinars": {
                "apiKey": {"env": "ACME_KEY"},
                "baseUrl": f"{api.url}/v1",
                "grouped": True,
                "maxEnds": 7,
                "ignore": ["test-*"],
                "rooms": {"new": {}},
            }
        },
    }


def test_what_would_be_lost_is_not_overwritten(run: Run, api: Api, folder: Path) -> None:
    api.rooms(room("new"))
    text = declared(folder, api.url, "  other: {rooms: {a: }}\n")
    for options in (("--project", "webinars"), ()):
        done = run("export", "--out", "rooms.yaml", *options, env={**api.env, "ACME_KEY": KEY})
        assert (done.exit_code, done.stdout) == (1, "")
        assert "which would be lost" in done.stderr
        assert (folder / "rooms.yaml").read_text() == text
    (folder / "notes.txt").write_text("notes")
    done = run("export", "--out", "notes.txt", env=api.env)
    assert "is no manifest; it was left as it is" in done.stderr
    assert (folder / "notes.txt").read_text() == "notes"
    assert "cannot be written" in run("export", "--out", "nowhere/rooms.yaml", env=api.env).stderr


def test_an_api_that_fails_leaves_the_file_as_it_is(run: Run, api: Api, folder: Path) -> None:
    text = declared(folder, api.url)
    assert run("export", "--out", "rooms.yaml", "-p", "webinars", env={**api.env, "ACME_KEY": KEY}).exit_code == 1
    assert (folder / "rooms.yaml").read_text() == text
    assert [file.name for file in folder.iterdir()] == ["rooms.yaml"]


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
