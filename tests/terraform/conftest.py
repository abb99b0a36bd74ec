"""A provider that engines attach to: a plan takes a tenth of the time, and all that is ours is the same."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Served, serving
from tests.terraform.engine import ENGINES, PROVIDER, Workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/terraform" in str(item.path) and not ENGINES and item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.skip(reason="neither tofu nor terraform is there; `make setup` builds one"))


@pytest.fixture(scope="session")
def attached() -> Iterator[dict[str, str]]:
    """The environment by which engines come to a running provider."""
    with subprocess.Popen([PROVIDER, "--debug"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            name, _, value = process.stdout.readline().strip().partition("=")
            json.loads(value.strip("'"))
            yield {name: value.strip("'")}
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def api() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test begins without rooms."""
    yield
    if "api" in request.fixturenames:
        found: Served = request.getfixturevalue("api")
        for name in found.rooms():
            found.end(name)


@pytest.fixture
def tf(tmp_path: Path, attached: dict[str, str], api: Served) -> Workspace:
    """A workspace on the first engine and the attached provider, which leads to the served API."""
    return Workspace(tmp_path / "project", attached, provider={"api_key": api.key, "base_url": api.url})
