"""Pulumi's own harness for the tests of providers, on the plugin: attached, and started from a local path."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import TOOLS
from tests.e2e.engine import Project
from tests.plugin.doors import PLUGIN_FOLDER
from tests.plugin.test_examples import needs, run
from tests.plugin.test_process import SCRIPT
from tests.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(900)]

HARNESS = Path(__file__).parent / "providertest"
PROGRAM = TOOLS.parent / "providertest"
"""What is built lies where the next run finds it, and links nothing when it would come out the same."""


def test_the_harness(served: Served, tmp_path: Path) -> None:
    needs("go")
    # The flags with which setup builds Pulumi: most of it is compiled already where that was done.
    run(HARNESS, "go", "test", "-c", "-trimpath", "-o", PROGRAM, ".", CGO_ENABLED="0", GOWORK="off")
    # Only the harness is to lead the engine to the plugin.
    elsewhere = [folder for folder in os.get_exec_path() if not Path(folder, SCRIPT.name).exists()]
    env = {
        **Project(tmp_path / "project", served.env).env,
        "PATH": os.pathsep.join([str(TOOLS), *elsewhere]),
        "PLUGIN_FOLDER": PLUGIN_FOLDER,
        "PULUMITEST_TEMP_DIR": str(tmp_path),  # what a failed test keeps is pytest's to remove
    }
    log = tmp_path / "log"
    with log.open("w") as output:
        command, errors = (PROGRAM, "-test.v"), subprocess.STDOUT
        process = subprocess.Popen(command, cwd=HARNESS, env=env, stdout=output, stderr=errors, start_new_session=True)
    try:
        code = process.wait(600)
    finally:
        with suppress(ProcessLookupError):  # a test that fails ends before it has ended the plugin
            os.killpg(process.pid, signal.SIGKILL)
    assert code == 0, log.read_text()
    assert served.rooms() == {}
