from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Api, Run, manifest, room
from tests.cli.pty import RELAY_ROOMS, terminal
from tests.served import KEY

pytestmark = pytest.mark.unit


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*RELAY_ROOMS, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout
    address = re.fullmatch(r"Rooms API on (http://127\.0\.0\.1:\d+/v1)\n", process.stdout.readline())
    key = re.fullmatch(r"Key: (sk_live_\S+)\n", process.stdout.readline())
    assert address
    assert key
    answer = httpx.get(f"{address[1]}/rooms", headers={"Authorization": f"Bearer {key[1]}"}, trust_env=False)
    assert answer.json() == {"rooms": []}
    env = {**os.environ, "RELAY_API_KEY": key[1], "RELAY_BASE_URL": address[1]}
    listed = subprocess.run([*RELAY_ROOMS, "list"], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert (listed.returncode, listed.stdout) == (0, "0 live rooms.\n")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_what_it_cannot_serve_is_a_sentence(run: Run) -> None:
    for args in (["--host", "0.0.0.0"], ["--host", "nowhere.invalid"]):
        result = run("serve", "--port", "0", *args)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
    assert run("serve", "--port", "70000").exit_code == 1


def test_a_terminal_gets_a_drawn_table_and_a_sign_of_life(api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    api.rooms(room("lobby", metadata="[bold]a\x1b[31m[/bold]"))
    env = {"ACME_KEY": KEY, "RELAY_MAX_RETRIES": "0"}
    with terminal("drift", cwd=folder, env=env) as session:
        assert session.wait() == 2
    assert "─────" in session.text
    assert "[bold]a\\u001b[31m[/bold]" in session.text
    assert "\x1b[31m" not in session.written
    assert "Drift: 2 rooms not as declared." in session.text
    with terminal("drift", cwd=folder, env={**env, "NO_COLOR": "1", "TERM": "dumb"}) as session:
        assert session.wait() == 2
    assert "\x1b" not in session.written
