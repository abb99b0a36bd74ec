"""What is served agrees with the OpenAPI document that it publishes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.process import Running, running
from tests.livekit.server import serving_livekit

pytestmark = pytest.mark.conformance

KEY = "sk_live_schema"


@pytest.fixture(params=["memory", "livekit"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Running]:
    keys = {"RELAY_GATEWAY_KEYS": f"{KEY}=schema"}
    with ExitStack() as stack:
        env = stack.enter_context(serving_livekit()).env if request.param == "livekit" else {}
        yield stack.enter_context(running("--engine", request.param, env=keys | env))


@pytest.mark.parametrize("examples", ["8", pytest.param("50", marks=pytest.mark.soak)])
def test_schemathesis_finds_nothing_wrong(examples: str, gateway: Running, tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", f"{gateway.root}/openapi.json"),
            *("--header", f"Authorization: Bearer {KEY}", "--checks", "all", "--max-examples", examples, "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Tested: 6" in ended.stdout
