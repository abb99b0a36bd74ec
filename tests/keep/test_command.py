from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Run, folder, run
from tests.keep.keeping import declare, keeping
from tests.proxy import Answer, proxying
from tests.served import KEY, Served

pytestmark = pytest.mark.unit

__all__ = ["folder", "run"]


def test_missing_rooms_are_made_again_and_nothing_else(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    served.create("standup", maxParticipants=3)  # another room than declared: it stays
    served.create("somebody-elses")
    with keeping(tmp_path) as keep:
        assert keep.line() == "Keeping 2 rooms of 1 project."
        assert keep.line() == "Warning: acme/standup is not as declared: maxParticipants is 3, declared 12"
        assert keep.line() == "created acme/lobby"
        before = served.rooms()
        served.end("lobby")
        assert keep.line() == "created acme/lobby"
        assert keep.end(signal.SIGTERM) == ""
        assert keep.process.returncode == 0
    after = served.rooms()
    assert after["lobby"]["sid"] != before["lobby"]["sid"]
    assert after["standup"] == before["standup"]
    assert sorted(after) == ["lobby", "somebody-elses", "standup"]


def test_an_outage_is_survived_and_told_once(served: Served, tmp_path: Path) -> None:
    with proxying(served.url) as proxy:
        declare(tmp_path, proxy.url)
        down = Answer(503, "<html>")
        proxy.rule = lambda method, path: down
        with keeping(tmp_path) as keep:
            assert keep.line() == "Keeping 2 rooms of 1 project."
            assert keep.line().startswith(f"Error: acme: GET {proxy.url}/rooms failed on the server's side (503")
            seen = len(proxy.requests)
            while len(proxy.requests) < seen + 2:
                assert keep.process.poll() is None
            proxy.rule = None
            assert keep.line() == "acme: the API answers again"
            assert sorted([keep.line(), keep.line()]) == ["created acme/lobby", "created acme/standup"]
            keep.end(signal.SIGINT)
            assert keep.process.returncode == 0


def test_what_it_cannot_do_at_all_is_an_error(run: Run, folder: Path) -> None:
    assert run("keep").exit_code == 1
    declare(folder, "http://127.0.0.1:9")
    missing = run("keep", env={"ACME_KEY": ""})
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert run("keep", "--interval", "0", env={"ACME_KEY": KEY}).exit_code == 1


def test_a_changed_manifest_is_in_force_and_a_broken_one_is_not(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url, {"lobby": None, "gone": None})
    with keeping(tmp_path, "--log", "json") as keep:
        assert {keep.event("created")["room"] for _ in range(2)} == {"gone", "lobby"}
        declare(tmp_path, served.url, {"lobby": {"maxParticipants": 0}})
        broken = keep.event("manifest_broken")
        assert broken["level"] == "error"
        assert "maxParticipants must be a whole number from 1 to 10000" in broken["message"]
        served.end("gone")
        assert keep.event("created")["room"] == "gone", "the old manifest is in force"
        declare(tmp_path, served.url, {"lobby": None, "new": None})
        assert keep.event("reloaded")["message"].endswith("Keeping 2 rooms of 1 project.")
        assert keep.event("created")["room"] == "new"
        served.end("gone")
        served.end("lobby")
        assert keep.event("created")["room"] == "lobby"
    assert sorted(served.rooms()) == ["lobby", "new"], "what is declared no longer is ended by nobody, and not remade"


def test_a_project_comes_and_goes_with_the_manifest(served: Served, tmp_path: Path) -> None:
    manifest = tmp_path / "rooms.yaml"

    def write(**projects: dict[str, object]) -> None:
        shared = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": served.url}
        entries = {label: {**shared, "rooms": rooms} for label, rooms in projects.items()}
        manifest.write_text(json.dumps({"version": 1, "projects": entries}))

    write(first={"a": None})
    with keeping(tmp_path, "--log", "json") as keep:
        assert keep.event("created")["project"] == "first"
        write(first={"a": None}, second={"b": None})
        assert keep.event("created")["project"] == "second"
        write(second={"b": None})
        keep.event("reloaded")
        served.end("a")
        served.end("b")
        assert keep.event("created")["room"] == "b"
    assert sorted(served.rooms()) == ["b"]


def test_a_line_of_json_for_each_event_and_no_secret_in_any(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url, {"lobby": {"metadata": f"has {KEY} in it\nand two lines"}})
    served.create("lobby", metadata=f"{KEY} \u2028 <b>")
    with keeping(tmp_path, "--log", "json", ACME_KEY=KEY) as keep:
        lines = [keep.line(), keep.line()]
        lines += keep.end(signal.SIGTERM).splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["started", "changed"]
    changed = events[1]
    assert (changed["level"], changed["project"], changed["room"]) == ("warning", "acme", "lobby")
    assert changed["fields"] == [
        {"field": "metadata", "declared": "has sk_live_*** in it\nand two lines", "live": "sk_live_*** \u2028 <b>"}
    ]
    assert changed["time"].endswith("Z")
    assert KEY not in "".join(lines)


def test_a_killed_one_goes_on_when_it_is_started_again(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    with keeping(tmp_path, "--log", "json") as keep:
        assert {keep.event("created")["room"] for _ in range(2)} == {"lobby", "standup"}
        before = served.rooms()
        keep.end(signal.SIGKILL)
    served.end("lobby")
    with keeping(tmp_path, "--log", "json") as keep:
        assert keep.event("created", "changed")["room"] == "lobby"
    assert served.rooms()["standup"] == before["standup"]


def test_two_at_once_do_no_harm(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url, {f"room-{number}": {"maxParticipants": 5} for number in range(20)})
    options = ("--log", "json", "--on-change", "repair-empty")
    with keeping(tmp_path, *options) as one, keeping(tmp_path, *options) as other:

        def wait_until_all_are_as_declared() -> None:
            while [room["maxParticipants"] for room in served.rooms().values()].count(5) < 20:
                assert one.process.poll() is None
                assert other.process.poll() is None

        one.event("started")
        other.event("started")
        wait_until_all_are_as_declared()
        served.create("somebody-elses")
        served.join("room-3", "ana")
        sid = served.rooms()["room-3"]["sid"]
        for name in ("room-1", "room-2"):
            served.end(name)
            served.create(name, maxParticipants=2)  # somebody's join made it, so to speak
        wait_until_all_are_as_declared()
        said = one.end(signal.SIGTERM) + other.end(signal.SIGTERM)
    assert not [line for line in said.splitlines() if json.loads(line)["level"] == "error"]
    assert served.people("room-3") == ["ana"]
    assert served.rooms()["room-3"]["sid"] == sid
    assert "somebody-elses" in served.rooms()


def test_it_listens_and_says_where(served: Served, tmp_path: Path) -> None:
    declare(tmp_path, served.url)
    with keeping(tmp_path, "--log", "json", "--listen", "127.0.0.1:0") as keep:
        url = keep.event("listening")["url"]
        keep.event("created")
        assert httpx.get(f"{url}healthz", trust_env=False).text == "ok\n"
        assert 'relay_rooms_declared{project="acme"} 2.0' in httpx.get(f"{url}metrics", trust_env=False).text
        assert keep.end(signal.SIGTERM).count("Traceback") == 0
        assert keep.process.returncode == 0


def test_listening_that_cannot_be_is_an_error_before_anything_is_asked(run: Run, folder: Path) -> None:
    declare(folder, "http://127.0.0.1:9")
    open_to_all = run("keep", "--listen", "0.0.0.0:0", env={"ACME_KEY": KEY})
    assert open_to_all.exit_code == 1
    assert "RELAY_KEEP_TOKEN must be set" in open_to_all.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("keep", "--listen", f"127.0.0.1:{port}", env={"ACME_KEY": KEY})
    assert result.exit_code == 1
    assert f"The status page cannot be served on 127.0.0.1 port {port}" in result.stderr


def test_without_listen_no_server_is_loaded() -> None:
    heavy = ("prometheus_client", "starlette", "uvicorn", "pulumi", "livekit.api")
    program = (
        "import sys, relay_provider.cli.keep\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
        "import relay_provider.keep.listen\n"
        "print('pulumi' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"


def test_two_labels_of_one_project_do_not_take_each_other_s_rooms_for_strangers(served: Served, tmp_path: Path) -> None:
    shared = {"apiKey": {"env": "ACME_KEY"}, "baseUrl": served.url}
    projects = {"one": {**shared, "rooms": {"a": None}}, "two": {**shared, "rooms": {"b": None}}}
    (tmp_path / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
    served.create("somebody-elses")
    with keeping(tmp_path, "--log", "json", "--listen", "127.0.0.1:0") as keep:
        url = keep.event("listening")["url"]
        assert {keep.event("created")["room"] for _ in range(2)} == {"a", "b"}
        while True:
            rooms = httpx.get(f"{url}state.json", trust_env=False).json()["rooms"]
            shown = sorted((room["project"], room["room"], room["state"]) for room in rooms)
            if len(shown) == 3 and "missing" not in {state for _, _, state in shown}:
                break
    assert shown == [
        ("one", "a", "as declared"),
        ("one", "somebody-elses", "undeclared"),
        ("two", "b", "as declared"),
    ]
