from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Served, serving

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".toolchain" / "bin"

# Nothing of the developer's own settings reaches a test, but what to run the conformance suites against.
for name in list(os.environ):
    if not name.startswith("SAYNA_CONFORMANCE_") and name.startswith(
        ("RELAY_API", "RELAY_BASE", "RELAY_BACKEND", "RELAY_GATEWAY", "RELAY_ALLOWED", "LIVEKIT_", "SAYNA_", "PULUMI_")
    ):
        del os.environ[name]
os.environ.setdefault("GOGC", "800")  # the engine's runs are short; collecting is a tenth of their work
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the many short processes would compile everything each time


@pytest.fixture
def served() -> Iterator[Served]:
    """A Rooms API on the memory engine, empty, of this test's own."""
    with serving() as api:
        yield api
