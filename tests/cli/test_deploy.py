"""preview, up and destroy on the real engine, against a served API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.pty import RELAY_ROOMS, terminal
from tests.cli.shop import NEEDS_ENGINE, TWO, Shop, changes
from tests.conftest import TOOLS
from tests.served import KEY, OTHER_KEY

pytestmark = NEEDS_ENGINE


def test_from_nothing_to_nothing_and_nothing_lies_beside_the_manifest(shop: Shop) -> None:
    shop.declare(TWO)
    assert shop.json("preview", code=2) == {
        "result": "changes",
        "changes": changes(create=2),
        "rooms": [
            {
                "project": "acme",
                "room": "lobby",
                "change": "create",
                "fields": [{"field": "metadata", "before": None, "after": '{"a":1}'}],
            },
            {
                "project": "acme",
                "room": "standup",
                "change": "create",
                "fields": [{"field": "maxParticipants", "before": None, "after": 12}],
            },
        ],
    }
    assert shop.api.rooms() == {}

    done = shop.run("up", "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["Done: 2 rooms created.", "created acme/lobby", "created acme/standup"]
    assert done.stderr == ""
    assert sorted(shop.api.rooms()) == ["lobby", "standup"]
    assert sorted(path.name for path in shop.folder.iterdir()) == [".relay", "rooms.yaml"]

    assert shop.json("up", "-y") == {"result": "unchanged", "changes": changes(same=2), "rooms": []}
    assert shop.json("preview") == {"result": "unchanged", "changes": changes(same=2), "rooms": []}

    shop.api.end("lobby")
    assert shop.json("preview", code=2)["changes"] == changes(create=1, same=1)
    assert shop.json("up", "-y")["changes"] == changes(create=1, same=1)

    shop.declare({"standup": {"maxParticipants": 13}})
    planned = shop.run("preview", "--drift-exit-code", "5", FORCE_COLOR="")
    assert planned.returncode == 5
    assert planned.stdout == (
        "Room          Change                   Field            Before  After\n"
        "acme/lobby    delete (ends the room)\n"
        "acme/standup  replace (ends the room)  maxParticipants  12      13\n"
        "\n"
        "1 room is no longer declared.\n"
        "Plan: replace 1 room, delete 1 room.\n"
    )
    assert shop.json("up", "-y")["changes"] == changes(replace=1, delete=1)
    assert shop.api.rooms()["standup"]["maxParticipants"] == 13
    assert KEY not in shop.state()

    shop.declare({"standup": {"maxParticipants": 13, "forceDestroy": True}})
    assert shop.json("up", "-y")["changes"] == changes(update=1)

    assert shop.json("destroy", "-y") == {
        "result": "done",
        "changes": changes(delete=1),
        "rooms": [{"project": "acme", "room": "standup", "change": "delete", "fields": []}],
    }
    assert shop.api.rooms() == {}
    assert shop.run("destroy", "-y").stdout == "Nothing to end.\n"


def test_elsewhere_than_on_a_terminal_it_needs_yes(shop: Shop) -> None:
    shop.declare(TWO)
    for command in ("up", "destroy"):
        done = shop.run(command)
        assert (done.returncode, done.stdout) == (1, "")
        assert "needs --yes" in done.stderr
    assert not (shop.folder / ".relay").exists()


def test_destroy_of_what_never_was(shop: Shop) -> None:
    assert shop.run("destroy", "-y").returncode == 1  # no manifest, no state
    shop.declare(TWO)
    done = shop.run("destroy", "-y")
    assert (done.returncode, done.stdout) == (0, "Nothing to end: there is no stack dev of rooms.\n")
    assert not (shop.folder / ".relay").exists()


def test_people_are_not_thrown_out(shop: Shop) -> None:
    shop.declare({"standup": {}})
    shop.run("up", "-y")
    shop.api.join("standup", "ada")
    before = shop.state()
    shop.declare({"standup": {"maxParticipants": 5}})
    for args in (["up", "-y"], ["destroy", "-y"]):
        done = shop.run(*args)
        assert done.returncode == 1
        assert done.stderr.startswith('Error: Room "standup" was not ended, because 1 person is in it: ada.')
        assert len(done.stderr.splitlines()) == 1
        assert "Traceback" not in done.stdout + done.stderr
    assert shop.api.people("standup") == ["ada"]
    assert json.loads(before)["checkpoint"]["latest"]["resources"][-1]["id"] == "standup"
    failed = shop.json("up", "-y", code=1)
    assert (failed["result"], failed["rooms"]) == ("failed", [])


def test_one_project_only(shop: Shop) -> None:
    projects = {
        "acme": {"apiKey": {"env": "ACME_KEY"}, "baseUrl": shop.api.url, "rooms": {"a": None}},
        "an::other": {"apiKey": {"env": "OTHER_KEY"}, "baseUrl": shop.api.url, "rooms": {"b": None}},
    }
    (shop.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
    assert shop.json("preview", "-p", "an::other", code=2, OTHER_KEY=OTHER_KEY)["changes"] == changes(create=1)
    assert shop.json("up", "-y", "--project", "an::other", OTHER_KEY=OTHER_KEY)["changes"] == changes(create=1)
    assert shop.api.rooms() == {}
    assert shop.json("up", "-y", OTHER_KEY=OTHER_KEY)["changes"] == changes(create=1, same=1)
    assert shop.json("destroy", "-y", "-p", "an::other", OTHER_KEY=OTHER_KEY)["changes"] == changes(delete=1)
    assert sorted(shop.api.rooms()) == ["a"]
    wrong = shop.run("up", "-y", "-p", "nope")
    assert (wrong.returncode, wrong.stdout) == (1, "")


def test_a_missing_key_is_found_before_a_room_is_touched(shop: Shop) -> None:
    shop.declare(TWO)
    done = shop.run("up", "-y", ACME_KEY="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: Project acme has no apiKey: {env: ACME_KEY} is not set; set the environment variable ACME_KEY.\n"
    )
    shop.declare(TWO, apiKey={"config": "acmeKey"})
    done = shop.run("up", "-y")
    assert (done.returncode, done.stdout) == (1, "")
    assert "{config: acmeKey} is not set" in done.stderr


def test_a_wrong_key(shop: Shop) -> None:
    shop.declare(TWO)
    wrong = "sk_live_wrongwrongwrongwrongwrong"
    done = shop.run("up", "-y", ACME_KEY=wrong)
    assert done.returncode == 1
    assert "the key is not accepted" in done.stderr
    assert "Traceback" not in done.stderr
    assert wrong not in done.stdout + done.stderr


def test_a_key_in_the_stacks_config(shop: Shop) -> None:
    shop.declare(TWO, apiKey={"config": "acmeKey"})
    assert shop.run("preview").returncode == 1  # makes the stack
    set_key = ["pulumi", "config", "set", "--secret", "acmeKey", KEY, "--stack", "dev", "--cwd", ".relay/rooms"]
    tools = {**shop.env, "PATH": f"{TOOLS}{os.pathsep}{shop.env['PATH']}", "PULUMI_CONFIG_PASSPHRASE": ""}
    subprocess.run(set_key, cwd=shop.folder, env=tools, check=True, capture_output=True)
    assert shop.json("up", "-y")["changes"] == changes(create=2)
    assert shop.run("drift").returncode == 1
    assert shop.run("drift", "--stack", "dev").returncode == 0
    assert "2 live rooms" in shop.run("list", "-p", "acme", "--stack", "dev").stdout
    assert shop.run("doctor").returncode == 1
    assert "{config: acmeKey} is set" in (found := shop.run("doctor", "--stack", "dev")).stdout
    assert found.returncode == 0
    assert "There is no stack nope" in shop.run("drift", "--stack", "nope").stderr
    assert KEY not in shop.state()


def test_a_chosen_backend_is_used(shop: Shop, tmp_path: Path) -> None:
    shop.declare(TWO, name="rooms-of-acme")
    state = tmp_path / "state"
    state.mkdir()
    chosen = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "x"}
    assert shop.json("up", "-y", "--stack", "prod", **chosen)["changes"] == changes(create=2)
    assert [path.parent.name for path in state.rglob("prod.json")] == ["rooms-of-acme"]
    assert not (shop.folder / ".relay/.pulumi").exists()
    without = shop.run("up", "-y", PULUMI_BACKEND_URL=f"file://{state}")
    assert without.returncode == 1
    assert "passphrase" in without.stderr


def test_a_login_is_respected(shop: Shop, tmp_path: Path) -> None:
    shop.declare(TWO, name="rooms-of-acme")
    state = tmp_path / "state"
    state.mkdir()
    subprocess.run([TOOLS / "pulumi", "login", f"file://{state}"], env=shop.env, check=True, capture_output=True)
    assert shop.run("up", "-y", PULUMI_CONFIG_PASSPHRASE="x").returncode == 0
    assert list(state.rglob("dev.json"))


def test_without_pulumi(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from relay_provider.cli import pulumi_program
    from relay_provider.errors import RelayError

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pulumi_program, "roots", lambda: iter([tmp_path]))
    with pytest.raises(RelayError, match="The pulumi program was not found"):
        pulumi_program.Command()


def test_neither_a_state_that_is_held_nor_an_outage_changes_anything(shop: Shop) -> None:
    shop.declare(TWO)
    shop.run("up", "-y")
    before = json.loads(shop.state())["checkpoint"]["latest"]["resources"]
    locks = shop.folder / ".relay/.pulumi/locks/organization/rooms/dev"
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "00000000-0000-0000-0000-000000000000.json"
    held = {"pid": 1, "username": "ada", "hostname": "host", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps(held))
    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Another run holds the stack dev (by ada@host (pid 1)")
    assert "pulumi cancel --yes --stack dev --cwd" in done.stderr
    lock.unlink()

    shop.api.process.terminate()
    shop.api.process.wait()
    for command in (["up", "-y"], ["preview"], ["destroy", "-y"]):
        done = shop.run(*command)
        assert done.returncode == 1, command
        assert "failed" in done.stderr
        assert "Traceback" not in done.stderr
    after = json.loads(shop.state())["checkpoint"]["latest"]["resources"]
    assert [room.get("id") for room in after] == [room.get("id") for room in before]


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_ctrl_c_lets_the_engine_finish_what_it_began(shop: Shop) -> None:
    shop.declare({f"r{i}": None for i in range(80)})
    with terminal("up", "--yes", cwd=shop.folder, env=shop.env) as session:
        wait_until(lambda: len(shop.api.rooms()) > 5)
        session.type("\x03")
        assert session.wait() == 130
        assert "Interrupted. The state is consistent" in session.text
        assert "Traceback" not in session.text
    there = set(shop.api.rooms())
    assert len(there) < 80
    in_state = {one["id"] for one in json.loads(shop.state())["checkpoint"]["latest"]["resources"] if one.get("id")}
    assert there <= in_state
    assert "pending_operations" not in json.loads(shop.state())["checkpoint"]["latest"]
    assert shop.json("up", "-y")["changes"] == changes(create=80 - len(there), same=len(there))


@pytest.mark.soak
def test_a_signal_from_elsewhere_is_the_same(shop: Shop) -> None:
    shop.declare({f"r{i}": None for i in range(80)})
    process = subprocess.Popen(
        [*RELAY_ROOMS, "up", "-y"], cwd=shop.folder, env=shop.env, stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: len(shop.api.rooms()) > 5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert shop.run("up", "-y").returncode == 0
    assert len(shop.api.rooms()) == 80


def children(pid: int) -> list[int]:
    """Every process below this one."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [one for child in map(int, found) for one in (child, *children(child))]


def alive(pid: int) -> bool:
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout[:1] not in "Z"


def test_an_engine_that_was_killed_is_followed_by_one_that_finishes(shop: Shop) -> None:
    shop.declare({f"r{i}": None for i in range(80)})
    process = subprocess.Popen(
        [*RELAY_ROOMS, "up", "-y"],
        cwd=shop.folder,
        env=shop.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(shop.api.rooms()) > 5)
    others = children(process.pid)
    [engine] = [one for one in others if Path(f"/proc/{one}/cmdline").read_text().partition("\0")[0].endswith("pulumi")]
    os.kill(engine, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, out + err
    assert "Traceback" not in out + err
    wait_until(lambda: not any(map(alive, others)), seconds=16)  # the provider sees that its engine is gone
    there = len(shop.api.rooms())
    assert there < 80
    # What a container leaves where nobody asks about the dead, and a machine that went down.
    lock = shop.folder / ".relay/.pulumi/locks/organization/rooms/dev/1.json"
    unasked = subprocess.Popen([sys.executable, "-c", ""])
    holder = {"hostname": socket.gethostname(), "username": "ana", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps({**holder, "pid": unasked.pid}))
    lock.with_stem("empty").touch()
    assert shop.run("up", "-y").returncode == 0
    assert unasked.wait() == 0
    assert "pending_operations" not in json.loads(shop.state())["checkpoint"]["latest"]
    assert len(shop.api.rooms()) == 80
    assert shop.json("preview")["changes"] == changes(same=80)


def test_on_a_terminal_it_shows_the_plan_and_asks_and_colours_unless_that_is_not_wanted(shop: Shop) -> None:
    shop.declare(TWO)
    with terminal("up", cwd=shop.folder, env=shop.env) as session:
        session.wait_for("Make these changes? [y/N]:")
        assert "Plan: create 2 rooms." in session.text
        assert shop.api.rooms() == {}
        session.type("n\n")
        assert session.wait() == 1
        assert session.text.endswith("\nNothing was changed.\n")  # which is not called an error
        assert "\x1b[" in session.written
    with terminal("up", cwd=shop.folder, env={**shop.env, "NO_COLOR": "1", "TERM": "dumb"}) as session:
        session.wait_for("[y/N]:")
        session.type("y\n")
        assert session.wait() == 0
        assert "Done: 2 rooms created." in session.text
        assert "\x1b[" not in session.written
    with terminal("up", cwd=shop.folder, env=shop.env) as session:
        assert session.wait() == 0
        assert "Nothing to do: 2 rooms as declared." in session.text
        assert "[y/N]" not in session.text
    with terminal("destroy", cwd=shop.folder, env=shop.env) as session:
        session.wait_for("End these rooms? [y/N]:")
        assert session.interrupt() == 130
    assert len(shop.api.rooms()) == 2
    with terminal("destroy", "--yes", cwd=shop.folder, env=shop.env) as session:
        assert session.wait() == 0
        assert "[y/N]" not in session.text
    assert shop.api.rooms() == {}
