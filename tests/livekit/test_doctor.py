"""`relay-rooms doctor` of rooms on a LiveKit server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from relay_provider.cli.app import app
from tests.livekit.server import LiveKit

pytestmark = pytest.mark.e2e


def test_the_keys_the_server_and_its_clock(livekit: LiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    env = {**livekit.env, "RELAY_BACKEND": "livekit"}

    def found(**other: str) -> dict[tuple[str, str], list[str]]:
        result = CliRunner().invoke(app, ["doctor", "-o", "json"], env={**env, **other})
        assert livekit.env["LIVEKIT_API_SECRET"] not in result.output
        said: dict[tuple[str, str], list[str]] = {}
        for one in json.loads(result.stdout)["checks"]:
            said.setdefault((one["check"], one["status"]), []).append(one["found"])
        return said

    well = found()
    assert well["key", "ok"] == ["LIVEKIT_API_KEY is set", "LIVEKIT_API_SECRET is set"]
    assert ("api", "ok") in well and ("clock", "ok") in well
    refused = found(LIVEKIT_API_SECRET="another-secret-of-at-least-32-characters")
    assert "(401" in refused["api", "wrong"][0]
    assert ("clock", "ok") in refused  # a refusal says the time, too
