"""Good manifests: what they declare, which default wins, what YAML's words mean here."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from relay_provider.config import KeyRef, ProjectRef
from relay_provider.manifest import Manifest, Position, Project, load
from relay_provider.model import RoomInputs

pytestmark = pytest.mark.unit

WHOLE = """\
# yaml-language-server: $schema=./rooms.schema.json
version: 1
defaults: {emptyTimeout: 600}
projects:
  webinars:
    apiKey: {env: WEBINARS_RELAY_KEY}
    baseUrl: https://relay.example/v1/
    defaults: {maxParticipants: 100}
    rooms:
      all-hands: {maxParticipants: 500, metadata: {topic: All hands, host: ada}}
      lobby:
  self-hosted:
    backend: livekit
    livekit:
      url: wss://livekit.example
      apiKey: {env: LIVEKIT_API_KEY}
      apiSecret: {config: livekitSecret}
      projectId: acme
    rooms: {support: {maxParticipants: 4, forceDestroy: true}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(text: str) -> Manifest:
    Path("rooms.yaml").write_text(text, encoding="utf-8")
    return load([Path("rooms.yaml")])


def rooms(text: str) -> dict[str, dict[str, Any]]:
    """The rooms of the only project, by name, without their names."""
    (project,) = loaded(text).projects
    return {room.name: {key: value for key, value in room.props().items() if key != "name"} for room in project.rooms}


def of_project(body: str, top: str = "") -> dict[str, dict[str, Any]]:
    return rooms(f"version: 1\n{top}\nprojects: {{p: {{{body}}}}}\n")


def test_the_whole_of_it() -> None:
    assert loaded(WHOLE).projects == (
        Project(
            ProjectRef("webinars", base_url="https://relay.example/v1", api_key=KeyRef("env", "WEBINARS_RELAY_KEY")),
            (
                RoomInputs(
                    name="all-hands",
                    max_participants=500,
                    empty_timeout=600,
                    metadata='{"host":"ada","topic":"All hands"}',
                ),
                RoomInputs(name="lobby", max_participants=100, empty_timeout=600),
            ),
        ),
        Project(
            ProjectRef(
                "self-hosted",
                backend="livekit",
                livekit_url="wss://livekit.example",
                livekit_api_key=KeyRef("env", "LIVEKIT_API_KEY"),
                livekit_api_secret=KeyRef("config", "livekitSecret"),
                project_id="acme",
            ),
            (RoomInputs(name="support", max_participants=4, empty_timeout=600, force_destroy=True),),
        ),
    )


def test_each_room_has_its_position() -> None:
    manifest = loaded(WHOLE)
    assert manifest.position("webinars", "all-hands") == Position("rooms.yaml", 10, 7)
    assert str(manifest.position("self-hosted", "support")) == "rooms.yaml:19:13"
    with pytest.raises(KeyError):
        manifest.position("webinars", "support")


def test_what_is_loaded_cannot_be_changed() -> None:
    manifest = loaded(WHOLE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.projects = ()  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.projects[0].rooms = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    "text", ["version: 1\nprojects:\n", "version: 1\nprojects: {}\n", '{"version":1,"projects":{}}']
)
def test_no_projects(text: str) -> None:
    assert loaded(text) == Manifest(())


@pytest.mark.parametrize("body", ["", "rooms: ", "rooms: {}", "defaults: ", "defaults: {maxParticipants: 5}"])
def test_a_project_without_rooms(body: str) -> None:
    assert loaded(f"version: 1\nprojects: {{p: {{{body}}}}}\n").projects == (Project(ProjectRef("p"), ()),)


def test_livekit_says_the_backend_by_itself() -> None:
    (project,) = loaded("version: 1\nprojects: {p: {livekit: {url: 'http://localhost:7880/'}}}\n").projects
    assert project.ref == ProjectRef("p", backend="livekit", livekit_url="http://localhost:7880")


@pytest.mark.parametrize(
    ("top", "project", "room", "expected"),
    [
        ("7", "", "", {"maxParticipants": 7}),
        ("7", "8", "", {"maxParticipants": 8}),
        ("7", "8", "9", {"maxParticipants": 9}),
        ("7", "", "9", {"maxParticipants": 9}),
        ("7", "null", "", {}),
        ("7", "8", "null", {}),
        ("7", "~", "9", {"maxParticipants": 9}),
        ("", "null", "null", {}),
        ("7.0", "", "", {"maxParticipants": 7}),
    ],
)
def test_room_beats_project_beats_file(top: str, project: str, room: str, expected: dict[str, Any]) -> None:
    def settings(value: str) -> str:
        return f"{{maxParticipants: {value}}}" if value else ""

    body = f"defaults: {settings(project)}, rooms: {{a: {settings(room)}}}"
    assert of_project(body, f"defaults: {settings(top)}") == {"a": expected}


def test_force_destroy_can_be_taken_back() -> None:
    assert of_project(
        "defaults: {forceDestroy: false}, rooms: {a: , b: {forceDestroy: true}, c: {forceDestroy: null}}",
        "defaults: {forceDestroy: true}",
    ) == {"a": {}, "b": {"forceDestroy": True}, "c": {}}


def test_metadata_is_replaced_as_a_whole() -> None:
    assert of_project("rooms: {a: {metadata: {y: 2}}, b: , c: {metadata: ''}}", "defaults: {metadata: {x: 1}}") == {
        "a": {"metadata": '{"y":2}'},
        "b": {"metadata": '{"x":1}'},
        "c": {"metadata": ""},
    }


@pytest.mark.parametrize(
    "name", ["on", "off", "yes", "no", "y", "012", "0x1F", "1:30", "1_0", "2024-01-01", "1e3", "0o7"]
)
@pytest.mark.parametrize("quotes", ["", "'", '"'])
def test_what_yaml_1_1_would_change_is_a_name(name: str, quotes: str) -> None:
    assert of_project(f"rooms: {{{quotes}{name}{quotes}: }}") == {name: {}}


@pytest.mark.parametrize("name", ["5", "1.5", "true", "null", "False"])
def test_a_number_in_quotes_is_a_name(name: str) -> None:
    assert of_project(f"rooms: {{'{name}': , !!str {name}x: }}") == {name: {}, f"{name}x": {}}


@pytest.mark.parametrize(
    ("yaml", "json"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("+5", "5"),
        ("0", "0"),
        ("-0", "0"),
        ("1.5", "1.5"),
        ("-0.25", "-0.25"),
        ("5.", "5"),
        (".5", "0.5"),
        ("50.0", "50"),
        ("true", "true"),
        ("FALSE", "false"),
        ("null", "null"),
        ("~", "null"),
        ("", "null"),
        ("!!str 5", '"5"'),
        ("!!str", '""'),
        ("'5'", '"5"'),
        ("tRUE", '"tRUE"'),
        *((text, f'"{text}"') for text in ("yes", "on", "y", "012", "00", "-01", "0x1F", "0o17", "0b1", "1_0", "1:30")),
        *((text, f'"{text}"') for text in ("1:30.5", "1e3", "1.5e3", "1.0e+3", "NaN", ".NaNs")),
        *((text, f'"{text}"') for text in ("2024-01-01", "2024-01-01T10:00:00Z", "+", ".", "+.", "٣", "=", "<<")),
    ],
)
def test_what_a_plain_scalar_means(yaml: str, json: str) -> None:
    assert of_project(f"rooms: {{a: {{metadata: {{v: {yaml} }}}}}}") == {"a": {"metadata": f'{{"v":{json}}}'}}


def test_aliases_and_merge_keys() -> None:
    text = """\
version: 1
x-sizes:
  small: &small {maxParticipants: 5, emptyTimeout: 60}
  told: &told {metadata: {a: 1}, maxParticipants: 7}
x-connection: &connection {apiKey: &key {env: A_KEY}}
projects:
  p:
    <<: *connection
    rooms: &rooms
      same: *small
      more: {<<: *small, maxParticipants: 6}
      first: {<<: [*told, *small]}
      last: {<<: [*small, *told], emptyTimeout: null}
  q:
    apiKey: *key
    rooms: {<<: *rooms, same: {}}
"""
    p, q = loaded(text).projects
    assert p.ref.api_key == q.ref.api_key == KeyRef("env", "A_KEY")
    assert {room.name: room.props() | {"name": ""} for room in p.rooms} == {
        "same": {"name": "", "maxParticipants": 5, "emptyTimeout": 60},
        "more": {"name": "", "maxParticipants": 6, "emptyTimeout": 60},
        "first": {"name": "", "maxParticipants": 7, "emptyTimeout": 60, "metadata": '{"a":1}'},
        "last": {"name": "", "maxParticipants": 5, "metadata": '{"a":1}'},
    }
    assert set(p.rooms[1:]) == set(q.rooms) - {RoomInputs(name="same")}


def test_what_is_ignored_may_hold_anything() -> None:
    assert loaded("version: 1\nx-a: !ref [{b: 1, b: 2, 3: 4}, !!binary x]\nx-: {<<: 5}\nprojects: {}\n") == Manifest(())


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + WHOLE,
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("\n", "\r"),
        "---\n" + WHOLE + "...\n",
        "%YAML 1.2\n---\n" + WHOLE,
        WHOLE + "\n# the end",
        WHOLE.removesuffix("\n"),
    ],
)
def test_spellings_of_the_same(text: str) -> None:
    expected = loaded(WHOLE)
    Path("rooms.yaml").write_bytes(text.encode())
    assert load(["rooms.yaml"]) == expected


def test_json_with_tabs_is_yaml_enough_for_libyaml() -> None:
    yamlpos = pytest.importorskip("yaml.cyaml")
    assert yamlpos
    assert loaded('{\n\t"version": 1,\n\t"projects": {"p": {"rooms": {"a": null}}}\n}\n').projects[0].rooms


def test_text_keeps_every_character() -> None:
    assert of_project(r'rooms: {a: {metadata: "\u2028\u0085\0\t🎈é"}}') == {"a": {"metadata": "\u2028\x85\0\t🎈é"}}


def test_ten_thousand_rooms() -> None:
    text = "version: 1\nprojects:\n  p:\n    rooms:\n" + "".join(
        f"      room-{n}: {{maxParticipants: 50, metadata: {{n: {n}}}}}\n" for n in range(10_000)
    )
    manifest = loaded(text)
    assert len(manifest.projects[0].rooms) == 10_000
    assert manifest.position("p", "room-9999").line == 10_004


def test_livekit_settings_of_a_room_stand_one_by_one_over_those_of_defaults() -> None:
    found = of_project(
        "backend: livekit, defaults: {livekit: {agents: [{agentName: notes}], syncStreams: null}}, rooms: {"
        "a: {}, b: {livekit: {departureTimeout: 5}}, c: {livekit: {agents: null}}, d: {livekit: null}}",
        top="defaults: {livekit: {departureTimeout: 60, syncStreams: true}}",
    )
    assert {name: room.get("livekit") for name, room in found.items()} == {
        "a": {"departureTimeout": 60, "agents": [{"agentName": "notes"}]},
        "b": {"departureTimeout": 5, "agents": [{"agentName": "notes"}]},
        "c": {"departureTimeout": 60},
        "d": None,
    }


def test_a_relay_project_may_take_livekit_defaults_of_the_file_away() -> None:
    found = of_project(
        "apiKey: {env: K}, defaults: {livekit: null}, rooms: {a: {}}",
        top="defaults: {emptyTimeout: 5, livekit: {departureTimeout: 60}}",
    )
    assert found == {"a": {"emptyTimeout": 5}}


def test_the_environment_may_say_that_rooms_live_on_livekit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_BACKEND", "livekit")
    assert of_project("rooms: {a: {livekit: {departureTimeout: 60}}}") == {"a": {"livekit": {"departureTimeout": 60}}}


def test_a_project_that_moves_to_livekit_keeps_its_other_settings() -> None:
    rooms = "defaults: {emptyTimeout: 600}, rooms: {a: {maxParticipants: 5, metadata: {x: 1}}}"
    assert of_project(f"apiKey: {{env: K}}, {rooms}") == of_project(f"backend: livekit, {rooms}")
