from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Api, Run, manifest, room
from tests.served import KEY

pytestmark = pytest.mark.unit
ENV = {"ACME_KEY": KEY, "RELAY_MAX_RETRIES": "0"}


@pytest.fixture(autouse=True)
def declared(api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))


def test_as_declared(run: Run, api: Api) -> None:
    api.rooms(room("lobby"), room("standup", maxParticipants=12))
    result = run("drift", env=ENV)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "No drift: 2 rooms as declared."
    assert api.asked == ["GET /v1/rooms"]


@pytest.mark.parametrize("lags", [True, False])
def test_a_room_is_missing_only_when_two_lists_lack_it(run: Run, api: Api, lags: bool) -> None:
    api.rooms(room("lobby"))
    standup = [room("standup", maxParticipants=12)] if lags else []
    api.then("GET /v1/rooms", {"rooms": [room("lobby"), *standup]})
    missing = json.loads(run("drift", "-o", "json", env=ENV).stdout)["projects"][0]["missing"]
    assert missing == ([] if lags else ["standup"])
    assert api.asked == ["GET /v1/rooms"] * 2


def test_the_json_shape(run: Run, api: Api) -> None:
    api.rooms(room("standup", maxParticipants=3, metadata="x"), room("zoo"), room("art"))
    result = run("drift", "-o", "json", env=ENV)
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "drift": True,
        "projects": [
            {
                "project": "acme",
                "inSync": 0,
                "missing": ["lobby"],
                "changed": [
                    {
                        "room": "standup",
                        "fields": [
                            {"field": "maxParticipants", "declared": 12, "live": 3},
                            {"field": "metadata", "declared": "", "live": "x"},
                        ],
                    }
                ],
                "unmanaged": ["art", "zoo"],
                "notComparable": ["emptyTimeout"],
            }
        ],
    }


def test_the_table(run: Run, api: Api) -> None:
    api.rooms(room("standup", maxParticipants=3), room("zoo"))
    assert run("drift", env=ENV).stdout == (
        "acme: 0 in sync, 1 missing, 1 changed, 1 unmanaged\n"
        "Room     Drift      Field            Declared  Live\n"
        "lobby    missing\n"
        "standup  changed    maxParticipants  12        3\n"
        "zoo      unmanaged\n"
        "\n"
        "Not comparable, as the server does not report it: emptyTimeout.\n"
        "Drift: 2 rooms not as declared.\n"
    )


def test_markdown_for_a_comment(run: Run, api: Api) -> None:
    api.rooms(room("lobby", metadata="a|b\n`c`"), room("standup", maxParticipants=12))
    result = run("drift", "--output", "markdown", env=ENV)
    assert result.exit_code == 2
    assert result.stdout == (
        "<!-- relay-rooms: drift rooms -->\n"
        "\n"
        "**Drift: 1 room not as declared.**\n"
        "\n"
        "`acme`: 1 in sync, 1 changed\n"
        "\n"
        "| Room | Drift | Field | Declared | Live |\n"
        "| --- | --- | --- | --- | --- |\n"
        '| `lobby` | changed | `metadata` | `""` | `` a\\|b\\n`c` `` |\n'
        "\n"
        "Not comparable, as the server does not report it: emptyTimeout.\n"
    )


def test_unmanaged_rooms_are_drift_only_when_strict(run: Run, api: Api) -> None:
    api.rooms(room("lobby"), room("standup", maxParticipants=12), room("zoo"))
    loose = run("drift", env=ENV)
    assert loose.exit_code == 0
    assert "No drift: 2 rooms as declared (1 room that nobody declared)." in loose.stdout
    strict = run("drift", "--strict", env=ENV)
    assert strict.exit_code == 2
    assert "Drift: 1 room that nobody declared." in strict.stdout


def test_rooms_that_others_own_are_ignored(run: Run, api: Api, folder: Path) -> None:
    api.rooms(room("lobby"), room("standup", maxParticipants=12), room("test-1"), room("demo"))
    strict = ("drift", "--strict", "-o", "json")

    def unmanaged(*more: str) -> list[str]:
        found: list[str] = json.loads(run(*strict, *more, env=ENV).stdout)["projects"][0]["unmanaged"]
        return found

    assert unmanaged("--ignore", "test-*") == ["demo"]
    assert unmanaged("--ignore", "test-?", "--ignore", "dem[o]") == []
    assert run(*strict, "--ignore", "*", env=ENV).exit_code == 0
    text = (folder / "rooms.yaml").read_text()
    (folder / "rooms.yaml").write_text(text + '    ignore: ["test-*", standup]\n')
    assert unmanaged() == ["demo"]
    api.rooms(room("lobby"), room("test-1"))
    declared = json.loads(run("drift", "-o", "json", env=ENV).stdout)["projects"][0]
    assert (declared["missing"], declared["unmanaged"]) == (["standup"], [])  # what is declared is never ignored


def test_the_exit_code_of_drift_can_be_chosen(run: Run, api: Api) -> None:
    api.rooms()
    assert run("drift", "--drift-exit-code", "0", env=ENV).exit_code == 0
    assert run("drift", "--drift-exit-code", "77", env=ENV).exit_code == 77


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (
            401,
            {"error": {"type": "unauthorized", "code": "unauthorized", "message": "bad key"}},
            "the key is not accepted",
        ),
        (502, {"error": {"type": "livekit_error", "code": "x", "message": "down"}}, "failed on the server's side"),
        (404, b"<html>", "404"),
        (200, b"<html>", "no JSON"),
        (200, {"rooms": None}, "not what the API documents"),
        (302, b"", "redirected"),
    ],
)
def test_an_api_that_fails_is_never_drift(run: Run, api: Api, status: int, body: object, says: str) -> None:
    api.answer("GET /v1/rooms", body, status, Location="https://elsewhere.example")
    for output in ("table", "json", "markdown"):
        result = run("drift", "-o", output, "--drift-exit-code", "9", env=ENV)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        assert says in result.stderr
        assert "drift" not in result.stderr.lower()
        assert KEY not in result.stderr


def test_nobody_answers(run: Run, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest("http://127.0.0.1:9"))
    result = run("drift", env=ENV)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "GET http://127.0.0.1:9/v1/rooms failed" in result.stderr


def test_a_missing_key_is_named(run: Run, api: Api) -> None:
    result = run("drift", env={"ACME_KEY": ""})
    assert result.exit_code == 1
    assert "{env: ACME_KEY} is not set" in result.stderr
    assert api.asked == []


def test_every_failing_project_is_named(run: Run, api: Api, folder: Path) -> None:
    lines = [f"  p{i}: {{apiKey: {{env: NOT_SET_{i}}}, rooms: {{a: }}}}" for i in range(3)]
    (folder / "rooms.yaml").write_text("version: 1\nprojects:\n" + "\n".join(lines))
    result = run("drift")
    assert result.exit_code == 1
    assert [line.split()[2] for line in result.stderr.splitlines()] == ["p0", "p1", "p2"]


def test_a_key_in_a_stacks_config_needs_the_stack(run: Run, folder: Path) -> None:
    (folder / "rooms.yaml").write_text("version: 1\nprojects: {x: {apiKey: {config: theKey}, rooms: {a: }}}")
    result = run("drift")
    assert result.exit_code == 1
    assert "--stack NAME" in result.stderr


TWO = """
version: 1
projects:
  b: {apiKey: {env: B_KEY}, baseUrl: "%(url)s/v1", rooms: {one: }}
  a: {apiKey: {env: A_KEY}, baseUrl: "%(url)s/v1", rooms: {two: }}
"""


def test_projects_are_sorted_and_can_be_chosen(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(TWO % {"url": api.url})
    api.rooms(room("one"), room("two"))
    env = {"A_KEY": KEY, "B_KEY": KEY[::-1], "RELAY_MAX_RETRIES": "0"}
    both = json.loads(run("drift", "-o", "json", env=env).stdout)
    assert [(project["project"], project["unmanaged"]) for project in both["projects"]] == [
        ("a", ["one"]),
        ("b", ["two"]),
    ]
    assert len(api.asked) == 2
    one = json.loads(run("drift", "--project", "b", "-o", "json", env=env).stdout)
    assert [project["project"] for project in one["projects"]] == ["b"]
    assert len(api.asked) == 3
    wrong = run("drift", "--project", "c", env=env)
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert 'no project "c"' in wrong.stderr


def test_labels_that_share_a_connection_share_its_rooms(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(TWO % {"url": api.url})
    api.rooms(room("one"), room("two"), room("three"))
    report = json.loads(run("drift", "-o", "json", env={"A_KEY": KEY, "B_KEY": KEY}).stdout)
    assert [project["unmanaged"] for project in report["projects"]] == [["three"], []], "told once"
    assert api.asked == ["GET /v1/rooms"]


def test_ten_thousand_rooms_are_one_request(run: Run, api: Api, folder: Path) -> None:
    names = [f"r{i:05}" for i in range(10_000)]
    (folder / "rooms.yaml").write_text(manifest(api.url, "\n" + "\n".join(f"      {name}:" for name in names)))
    api.rooms(*(room(name) for name in names))
    result = run("drift", env=ENV)
    assert result.exit_code == 0
    assert "10,000 in sync" in result.stdout
    assert api.asked == ["GET /v1/rooms"]


def test_a_broken_manifest_asks_nobody(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text("version: 2")
    result = run("drift", env=ENV)
    assert (result.exit_code, result.stdout, api.asked) == (1, "", [])
    assert result.stderr.startswith("rooms.yaml:1:")


TWO_LABELS = """
version: 1
projects:
  acme: {{apiKey: {{env: ACME_KEY}}, baseUrl: "{url}/v1", rooms: {{standup: {{maxParticipants: 12}}}}}}
  other: {{apiKey: {{env: SAME_KEY}}, baseUrl: "{url}/v1/", backend: relay, rooms: {{{room}: }}}}
"""


def test_what_nobody_declared_is_told_once_for_two_labels_of_one_project(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(TWO_LABELS.format(url=api.url, room="lobby"))
    api.rooms(room("lobby"), room("standup", maxParticipants=12), room("zoo"))
    result = run("drift", "-o", "json", env={**ENV, "SAME_KEY": KEY})
    projects = json.loads(result.stdout)["projects"]
    assert [(one["project"], one["inSync"], one["unmanaged"]) for one in projects] == [
        ("acme", 1, ["zoo"]),
        ("other", 1, []),
    ]
    assert api.asked == ["GET /v1/rooms"]


@pytest.mark.parametrize("command", ["drift", "keep", "preview", "up"])
def test_a_room_of_two_labels_of_one_project_is_an_error_with_both_places(
    command: str, run: Run, api: Api, folder: Path
) -> None:
    (folder / "rooms.yaml").write_text(TWO_LABELS.format(url=api.url, room="standup"))
    result = run(command, *(["--yes"] if command == "up" else []), env={**ENV, "SAME_KEY": KEY})
    assert result.exit_code == 1
    assert "rooms.yaml:5:" in result.stderr
    assert "room standup of project other is declared at rooms.yaml:4:" in result.stderr
    assert api.asked == []
