from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitops.forge import Forge
from tests.served import KEY, OTHER_KEY, Served

SECRETS = {"PULUMI_CONFIG_PASSPHRASE": "correct horse", "WEBINARS_RELAY_KEY": KEY, "LESSONS_RELAY_KEY": OTHER_KEY}


@pytest.fixture
def tools() -> None:
    """What the runners' images have."""
    if missing := [name for name in ("bash", "curl", "jq") if not shutil.which(name)]:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture
def forge(tools: None) -> Iterator[Forge]:
    with Forge().serving() as forge:
        yield forge


@pytest.fixture
def runner(served: Served, tmp_path: Path) -> dict[str, str]:
    """What a runner has in its environment, beside its own; STATE is the shared backend."""
    (tmp_path / "state").mkdir()
    return {
        "RELAY_BASE_URL": served.url,
        "RELAY_MAX_RETRIES": "1",
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "STATE": f"file://{tmp_path / 'state'}",
        "NO_PROXY": "127.0.0.1",
    }
