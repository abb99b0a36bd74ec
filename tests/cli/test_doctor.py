"""`doctor`: what is wrong is found, by its place, and nothing that is said of it holds a key."""

from __future__ import annotations

import json
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from relay_provider.cli import health, pulumi_program
from relay_provider.version import __version__
from tests.cli.conftest import Api, Run, manifest
from tests.cli.shapes import conforms
from tests.conftest import TOOLS
from tests.served import KEY

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not (TOOLS / "pulumi").exists(), reason="`make setup` has not been run"),
]


@pytest.fixture(autouse=True)
def nobody_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(home))
    monkeypatch.setenv("ACME_KEY", KEY)
    return home


def found(run: Run, *args: str, code: int = 0, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """What it finds."""
    result = run("doctor", *args, "--output", "json", env=env)
    assert result.exit_code == code, result.output
    assert KEY not in result.output
    data = json.loads(result.stdout)
    conforms("doctor", data)
    assert data["healthy"] == (code == 0)
    checks: list[dict[str, Any]] = data["checks"]
    return checks


def of(checks: list[dict[str, Any]], check: str, project: str | None = None) -> tuple[str, str]:
    """The one finding of a check: its status, and what is said."""
    [one] = [one for one in checks if (one["check"], one["project"]) == (check, project)]
    return one["status"], one["found"]


def wrong(checks: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(one["check"], one["project"]) for one in checks if one["status"] == "wrong"]


def test_all_is_well(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.rooms()
    checks = found(run)
    assert of(checks, "pulumi")[1].startswith("3.")
    assert of(checks, "state") == ("ok", f"local, in {folder / '.relay'}, as no backend was chosen")
    assert of(checks, "key", "acme") == ("ok", "{env: ACME_KEY} is set")
    assert of(checks, "api", "acme")[1].startswith(f"0 live rooms at {api.url}/v1, in ")
    assert of(checks, "clock", "acme")[0] == "ok"
    assert api.asked == ["GET /v1/rooms"]
    assert {file.name for file in folder.iterdir()} == {"rooms.yaml", "home"}
    assert run("doctor").stdout.endswith("\nNothing is wrong.\n")


def test_without_a_manifest_the_processs_own_settings_are_looked_at(run: Run, api: Api) -> None:
    api.rooms()
    checks = found(run, env=api.env)
    assert of(checks, "key") == ("ok", "RELAY_API_KEY is set")
    assert of(checks, "api")[0] == "ok"


def test_each_projects_own_trouble_is_its_own(run: Run, api: Api, folder: Path) -> None:
    more = """
  nokey: {apiKey: {env: NO_KEY}, rooms: {a: }}
  refused: {apiKey: {env: ACME_KEY}, baseUrl: "%s/v2", rooms: {a: }}
  livekit: {livekit: {url: "wss://127.0.0.1:1", apiKey: {env: NO_KEY}}, rooms: {a: }}
  again: {apiKey: {env: ACME_KEY}, baseUrl: "%s/v1", rooms: {other: }}
  config: {apiKey: {config: acmeKey}, rooms: {a: }}
"""
    (folder / "rooms.yaml").write_text(manifest(api.url).rstrip() + more % (api.url, api.url))
    api.rooms()
    api.answer("GET /v2/rooms", {"error": {"type": "unauthorized", "message": "no"}}, status=401)
    checks = found(run, code=1)
    expected = [("key", "nokey"), ("key", "livekit"), ("key", "livekit"), ("key", "config"), ("api", "refused")]
    assert wrong(checks) == expected
    assert "{env: NO_KEY} is not set; set the environment variable NO_KEY." in of(checks, "key", "nokey")[1]
    assert "say of which one with --stack NAME" in of(checks, "key", "config")[1]
    assert "the key is not accepted (401" in of(checks, "api", "refused")[1]
    assert of(checks, "api", "again") == of(checks, "api", "acme")
    assert sorted(api.asked) == ["GET /v1/rooms", "GET /v2/rooms"]
    assert wrong(found(run, "--project", "acme")) == []


def test_an_api_that_is_down(run: Run, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest("http://127.0.0.1:1"))
    checks = found(run, code=1, env={"RELAY_MAX_RETRIES": "0"})
    assert wrong(checks) == [("api", "acme")]
    assert "Check baseUrl of project acme" in of(checks, "api", "acme")[1]
    assert "clock" not in [one["check"] for one in checks]


@pytest.mark.parametrize(("ahead", "where"), [(300, "behind"), (-300, "ahead of")])
@pytest.mark.parametrize("status", [200, 401])
def test_a_wrong_clock_is_found_also_where_it_makes_the_server_refuse(
    run: Run, api: Api, folder: Path, ahead: int, where: str, status: int
) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.answer("GET /v1/rooms", {"rooms": []}, status=status, Date=formatdate(time() + ahead, usegmt=True))
    checks = found(run, code=1)
    assert ("clock", "acme") in wrong(checks)
    assert f" s {where} the server's" in of(checks, "clock", "acme")[1]


@pytest.mark.parametrize("date", ["yesterday", ""])
def test_a_server_that_says_no_time_is_not_judged(run: Run, api: Api, folder: Path, date: str) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.answer("GET /v1/rooms", {"rooms": []}, Date=date)
    assert "clock" not in [one["check"] for one in found(run)]


def test_every_problem_of_a_manifest_and_nothing_is_sent(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url, "{a: {maxParticipants: 0}, b: {nope: 1}}"))
    checks = found(run, code=1)
    assert wrong(checks) == [("manifest", None)] * 2
    assert api.asked == []


def test_what_is_allowed_is_said_and_obeyed(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    checks = found(run, code=1, env={"RELAY_ALLOWED_HOSTS": "api.acme.com"})
    assert "RELAY_ALLOWED_HOSTS=api.acme.com" in [one["found"] for one in checks if one["check"] == "allowed"]
    assert "which RELAY_ALLOWED_HOSTS does not allow" in of(checks, "manifest")[1]
    assert api.asked == []


def test_settings_that_are_wrong(run: Run) -> None:
    checks = found(run, code=1, env={"RELAY_API_KEY": KEY, "RELAY_BACKEND": "zoom"})
    assert wrong(checks) == [("settings", None)]


def test_a_shared_backend_is_asked_and_its_password_is_not_shown(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.rooms()
    shared = {"PULUMI_BACKEND_URL": f"file://{folder}?metadata=skip"}
    assert "rooms.yaml has no name" in of(found(run, code=1, env=shared), "state")[1]
    (folder / "rooms.yaml").write_text("name: acme" + manifest(api.url))
    assert of(found(run, env=shared), "state")[1].startswith(f"file://{folder}, as ")
    gone = {"PULUMI_BACKEND_URL": "postgres://me:hunter2@127.0.0.1:1/states"}
    status, said = of(found(run, code=1, env=gone), "state")
    assert status == "wrong"
    assert said.startswith("postgres://127.0.0.1:1/states cannot be used: ")
    assert "hunter2" not in said


def test_two_manifests_that_would_be_one_stack(run: Run, api: Api, folder: Path) -> None:
    api.rooms()
    for name in ("rooms.yaml", "rooms.yml"):
        (folder / name).write_text(manifest(api.url))
    assert "rooms.yaml and rooms.yml would be one stack" in of(found(run, code=1), "state")[1]


def test_without_pulumi(run: Run, api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.rooms()
    monkeypatch.setattr(pulumi_program, "roots", lambda: iter([folder]))
    checks = found(run, code=1)
    assert wrong(checks) == [("pulumi", None)]
    assert "The pulumi program was not found; run `make setup` in a checkout, or install it" in of(checks, "pulumi")[1]


def test_the_plugin(nobody_logged_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def plugin(folder: Path) -> str:
        folder.mkdir(parents=True)
        program = folder / health.PLUGIN
        program.write_text("")
        program.chmod(0o755)
        return str(program)

    def said() -> tuple[str, str]:
        finding = health.plugin()
        return finding.status, finding.found

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "not installed, which only programs in YAML" in said()[1]
    on_path = plugin(tmp_path / "bin")
    way = (
        f"`pulumi plugin install resource relay {__version__} --file {on_path}` and PULUMI_IGNORE_AMBIENT_PLUGINS=true"
    )
    assert said() == ("note", f"{on_path}, of which Pulumi warns in each run; {way} end that.")
    monkeypatch.setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "true")
    plugin(nobody_logged_in / "plugins" / "resource-relay-v0.0.1")
    assert said()[1].startswith(f"version 0.0.1 is installed, but not {__version__}")
    plugin(nobody_logged_in / "plugins" / f"resource-relay-v{__version__}")
    assert said()[0] == "ok"
