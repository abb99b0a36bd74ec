"""The plugin's start, to its port line, against that of the Go provider and of a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.peer import programs
from bench.results import Figure, Options, compare
from tests.plugin.doors import PLUGIN_FOLDER


def started(program: Path) -> None:
    """What comes after the line is not waited for."""
    process = subprocess.Popen([program], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline().strip().isdigit()
    process.kill()
    process.wait()


def measure(options: Options) -> Iterator[Figure]:
    plugin = Path(PLUGIN_FOLDER) / "pulumi-resource-relay"
    for what, bare in (
        ("start of the plugin ÷ start of the Go provider", lambda: started(programs() / "pulumi-resource-peer")),
        ("start of the plugin ÷ a Python that does nothing", lambda: subprocess.run([sys.executable, "-c", ""])),
    ):
        yield compare(what, lambda: started(plugin), bare, runs=15)
