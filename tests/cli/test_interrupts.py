"""A signal at the moment at which the engine is being started."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from relay_provider.cli.pulumi_program import Command, Interrupted

pytestmark = pytest.mark.unit

PULUMI = """#!/bin/sh
if [ "$1" = version ]; then echo v3.250.0; exit; fi
trap 'exit 255' INT
echo $$ > "$PIDS"
while :; do sleep 0.05; done
"""


def test_a_signal_while_the_engine_is_being_started_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PULUMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    command = Command()

    class Popen(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            while not (tmp_path / "pids").exists():
                assert self.poll() is None
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with pytest.raises(Interrupted), command.stoppable():
        command.run(["up"], str(tmp_path), {"PIDS": str(tmp_path / "pids")})
    assert not Path("/proc", (tmp_path / "pids").read_text().strip()).exists()
