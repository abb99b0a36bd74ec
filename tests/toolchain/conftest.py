"""A machine in a temporary folder, with a PATH of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolchain_machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    sdk = tmp_path / "sdk"
    for name in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        (sdk / "python" / name).parent.mkdir(parents=True, exist_ok=True)
        (sdk / "python" / name).write_text("#!/bin/sh\n")
    made = Machine(tmp_path, tmp_path / "tools", tmp_path / "cache", tmp_path / "calls", tmp_path / "checkout")
    made.tools.mkdir()
    made.checkout.mkdir()
    for name in ("GO_FAILS", "GO_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GO_CALLS", str(made.calls))
    monkeypatch.setenv("GO_SDK", str(sdk))
    monkeypatch.setenv("RELAY_TOOLCHAIN_CACHE", str(made.cache))
    # Only sh and its like: no pulumi and no Go of the machine the tests run on.
    system = tmp_path / "system"
    system.mkdir()
    for name in ("sh", "sleep", "chmod"):
        real = next(Path(d) / name for d in os.defpath.split(":") if d and (Path(d) / name).exists())
        (system / name).symlink_to(real)
    monkeypatch.setenv("PATH", f"{made.tools}:{system}")
    # The installer of Pulumi's own release: out of reach.
    made.script("python", "echo no route to host; exit 1", made.checkout / ".venv" / "bin")
    return made
