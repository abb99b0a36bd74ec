"""What is served agrees with the OpenAPI document that it publishes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.process import running

pytestmark = pytest.mark.conformance

KEY = "sk_live_schema"


def test_schemathesis_finds_nothing_wrong(tmp_path: Path) -> None:
    with running(env={"RELAY_GATEWAY_KEYS": f"{KEY}=schema"}) as gateway:
        ended = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "run", f"{gateway.root}/openapi.json"),
                *("--header", f"Authorization: Bearer {KEY}", "--checks", "all", "--max-examples", "25", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Tested: 6" in ended.stdout
