"""The provider's process: how it starts, what it shows, and that it ends with its engine."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from relay_provider.terraform.server import COOKIE
from relay_provider.version import __version__
from tests.served import Served
from tests.terraform.engine import ENGINES, PROVIDER, Workspace

MANY = 60


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def providers(workspace: Workspace) -> list[int]:
    """The provider's processes that were started in this workspace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink() == workspace.folder
            if here and b"terraform-provider-relay" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.unit
def test_started_by_hand_it_says_what_it_is() -> None:
    ran = subprocess.run([PROVIDER], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "OpenTofu and Terraform, which start it by themselves" in ran.stderr
    ran = subprocess.run([PROVIDER, "--version"], capture_output=True, text=True, timeout=30)
    assert ran.stdout == f"{__version__}\n"


@pytest.mark.unit
def test_without_its_extra_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['msgpack'] = None; from relay_provider.terraform import main; sys.exit(main())"
    env = {**os.environ, COOKIE[0]: COOKIE[1]}
    ran = subprocess.run(
        [PROVIDER.parent / "python", "-c", program], capture_output=True, text=True, env=env, timeout=30
    )
    assert ran.returncode == 1
    assert ran.stderr == "msgpack is missing: pip install 'relay-provider[terraform]'\n"


@pytest.mark.unit
def test_its_socket_is_in_a_folder_of_its_own_and_goes_with_it() -> None:
    env = {**os.environ, COOKIE[0]: COOKIE[1]}
    with subprocess.Popen([PROVIDER], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.fullmatch(r"1\|6\|unix\|(/\S+)\|grpc\|\n", line)
        assert found, line
        folder = Path(found[1]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)  # which is the engine's to handle
        time.sleep(0.2)
        assert process.poll() is None
        process.terminate()
    assert not folder.exists()


@pytest.mark.unit
def test_a_start_imports_neither_http_nor_pulumi() -> None:
    program = (
        "import sys, relay_provider.terraform.server, relay_provider.terraform.provider\n"
        "print([name for name in ('aiohttp', 'pulumi', 'relay_provider.manifest', 'rich') if name in sys.modules])\n"
        "import relay_provider.terraform.server as s\n"
    )
    ran = subprocess.run([PROVIDER.parent / "python", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.e2e
@pytest.mark.parametrize("engine", ENGINES)
def test_no_process_is_left_and_each_is_asked_to_end(engine: str, api: Served, tmp_path: Path) -> None:
    tf = Workspace(tmp_path / "project", {**api.env, "TF_LOG": "debug", "TF_LOG_PATH": str(tmp_path / "log")}, engine)
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    assert providers(tf) == []
    log = (tmp_path / "log").read_text()
    assert "plugin process exited" in log
    assert "plugin failed to exit gracefully" not in log
    assert "using plugin" in log


@pytest.mark.e2e
def test_without_tls_where_the_user_declines_it(api: Served, tmp_path: Path) -> None:
    tf = Workspace(tmp_path / "project", {**api.env, "TF_DISABLE_PLUGIN_TLS": "1"})
    tf.write({"a": {"name": "standup"}})
    tf.apply()
    assert sorted(api.rooms()) == ["standup"]


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize(
    ("engine", "many"),
    [*((one, MANY) for one in ENGINES[:1]), *(pytest.param(one, 300, marks=pytest.mark.soak) for one in ENGINES)],
)
def test_an_interrupted_apply_leaves_no_process_and_the_next_one_ends_right(
    engine: str, many: int, number: signal.Signals, api: Served, tmp_path: Path
) -> None:
    tf = Workspace(tmp_path / "project", api.env, engine)
    rooms = {"all": {"for_each": f"${{toset([for n in range({many}) : tostring(n)])}}", "name": "r${each.key}"}}
    tf.write(rooms)
    command = [engine, "apply", "-auto-approve", "-no-color"]
    with subprocess.Popen(
        command, cwd=tf.folder, env=tf.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        until(lambda: len(api.rooms()) > many // 10)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal sends it, to the provider as well
        else:
            process.kill()
        process.wait(60)
    until(lambda: providers(tf) == [])
    if number == signal.SIGINT:
        assert sorted(tf.state()) == sorted(api.rooms()), "what was begun is in the state"
    tf.apply(*(["-lock=false"] if number == signal.SIGKILL else []))
    assert len(api.rooms()) == len(tf.state()) == many
    assert tf.is_settled()
