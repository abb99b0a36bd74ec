from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.served import KEY, OTHER_KEY, Served, serving

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".toolchain" / "bin"

OWN_SETTINGS = (
    *("RELAY_API", "RELAY_BASE", "RELAY_BACKEND", "RELAY_GATEWAY", "RELAY_ALLOWED", "RELAY_KEEP"),
    *("LIVEKIT_", "SAYNA_", "PULUMI_"),
)
# Nothing of the developer's own settings reaches a test, but what to run the conformance suites against.
for name in list(os.environ):
    if not name.startswith("SAYNA_CONFORMANCE_") and name.startswith(OWN_SETTINGS):
        del os.environ[name]
os.environ.setdefault("GOGC", "800")  # the engine's runs are short; collecting is a tenth of their work
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the many short processes would compile everything each time


@pytest.fixture
def sdks(tmp_path: Path) -> Path:
    """A folder of their own with sdks/, the SDKs of this schema."""
    if not (TOOLS / "gen-sdks").exists():
        pytest.skip("gen-sdks is not built (make sdks)")
    subprocess.run([TOOLS / "gen-sdks", ROOT / "schema.json", tmp_path / "clone" / "sdks"], check=True)
    return tmp_path / "clone"


@pytest.fixture(scope="session")
def running() -> Iterator[Callable[[], Served]]:
    """The API that tests have one after the other; another one when a test has ended it."""
    with ExitStack() as stack:
        last: list[Served] = []

        def api() -> Served:
            if not last or last[-1].process.poll() is not None:
                last.append(stack.enter_context(serving()))
            return last[-1]

        yield api


@pytest.fixture
def served(running: Callable[[], Served]) -> Iterator[Served]:
    """A Rooms API on the memory engine, empty, and nobody else's meanwhile."""
    api = running()
    yield Served(api.url, api.process)
    if api.process.poll() is None:
        for key in (KEY, OTHER_KEY):
            left = Served(api.url, api.process, key)
            for room in left.rooms():
                left.end(room)
