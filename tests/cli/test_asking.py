"""What only asks writes nothing: not at the server, not in the state, not beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import NEEDS_ENGINE, Shop
from tests.proxy import Proxy, proxying
from tests.served import Served

pytestmark = NEEDS_ENGINE
CHANGED = {"standup": {"maxParticipants": 13}, "gone": {}, "new": {"metadata": "x"}}


@pytest.fixture
def proxy(served: Served) -> Iterator[Proxy]:
    with proxying(served.url) as proxy:
        yield proxy


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file with its time and its content."""
    return {str(one): (one.stat().st_mtime_ns, one.read_bytes()) for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize("grouped", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["rooms", "set"])
def test_drift_preview_and_validate_write_nothing(shop: Shop, proxy: Proxy, tmp_path: Path, grouped: bool) -> None:
    shop.declare({"standup": {}, "gone": {}, "old": {}}, grouped=grouped, baseUrl=proxy.url)
    assert shop.run("up", "-y").returncode == 0
    shop.api.end("gone")
    shop.api.join("old", "ana")
    shop.declare(CHANGED, grouped=grouped, baseUrl=proxy.url)
    before, asked = files(shop.folder), len(proxy.requests)

    for code, *command in (
        (2, "drift"),
        (2, "drift", "--strict", "-o", "markdown"),
        (2, "preview"),
        (2, "preview", "--no-refresh", "-o", "json"),
        (2, "preview", "--save", str(tmp_path / "plan.json")),
        (0, "validate"),
    ):
        done = shop.run(*map(str, command))
        assert done.returncode == code, done.stdout + done.stderr
    assert {method for method, _ in proxy.requests[asked:]} == {"GET"}
    assert files(shop.folder) == before
