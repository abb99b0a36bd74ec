"""What whoever runs a manifest allows its author to reach and to name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from relay_provider import session
from relay_provider.address import checked_url
from relay_provider.allowed import HOSTS, KEYS
from relay_provider.backends.sayna import Sayna
from relay_provider.config import Connection, KeyRef, ProjectRef
from relay_provider.errors import ConfigError
from tests.cli.conftest import Api, Run, manifest
from tests.served import KEY

pytestmark = pytest.mark.unit

PINS = "api.acme.com, *.rooms.acme.com,livekit.acme.com:7880,127.0.0.1:*"


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://api.acme.com/v1", True),
        ("https://API.acme.com:8443", True),
        ("https://eu.rooms.acme.com", True),
        ("wss://livekit.acme.com:7880", True),
        ("http://127.0.0.1:9999", True),
        ("https://livekit.acme.com", False),
        ("https://rooms.acme.com", False),
        ("https://api.acme.com.evil.example", False),
        ("https://evil.example/api.acme.com", False),
        ("https://evil.example", False),
    ],
)
def test_hosts(monkeypatch: pytest.MonkeyPatch, url: str, ok: bool) -> None:
    assert checked_url("baseUrl", url, allow_http=False)
    monkeypatch.setenv(HOSTS, PINS)
    if ok:
        assert checked_url("baseUrl", url, allow_http=False)
        monkeypatch.setenv(HOSTS, "")
    with pytest.raises(ConfigError, match=r"^baseUrl leads to \S+:\d+, which RELAY_ALLOWED_HOSTS does not allow\.$"):
        checked_url("baseUrl", url, allow_http=False)


EVIL = Connection(
    base_url="https://evil.example",
    livekit_url="wss://evil.example",
    sayna_url="https://evil.example",
    api_key=SecretStr(KEY),
    project_id="acme",
    livekit_api_key="key",
    livekit_api_secret=SecretStr("secret"),
    sayna_token=SecretStr("token"),
)


@pytest.mark.parametrize("backend", ["relay", "livekit", "sayna"])
def test_whatever_connects_obeys(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv(HOSTS, PINS)
    with pytest.raises(ConfigError, match=r"leads to evil\.example:443, which RELAY_ALLOWED_HOSTS"):
        if backend == "sayna":
            Sayna(EVIL)
        else:
            session.Session().rooms(Connection(**{**vars(EVIL), "backend": backend}))


def test_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    def settings(ref: KeyRef) -> Connection:
        project = ProjectRef("acme", livekit_api_secret=ref)
        return project.settings(Connection(), {"acmeKey": "1"}.get, {"AWS_SECRET": "2", "ACME_KEY": "3"})

    assert settings(KeyRef("env", "AWS_SECRET"))
    monkeypatch.setenv(KEYS, "ACME_*,acme*")
    assert settings(KeyRef("env", "ACME_KEY")) and settings(KeyRef("config", "acmeKey"))
    for ref in (KeyRef("env", "AWS_SECRET"), KeyRef("config", "key"), KeyRef("env", "Acme_KEY")):
        with pytest.raises(ConfigError, match=r"^Project acme names {\S+ \S+}, which RELAY_ALLOWED_KEYS does not"):
            settings(ref)


@pytest.mark.parametrize("command", ["validate", "drift", "list --project acme", "keep", "preview", "up --yes"])
@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ({HOSTS: "api.acme.com"}, "rooms.yaml:6:14: baseUrl leads to 127.0.0.1:{port}, which RELAY_ALLOWED_HOSTS does"),
        ({KEYS: "RELAY_*"}, "rooms.yaml:5:19: apiKey names ACME_KEY, which RELAY_ALLOWED_KEYS does not allow"),
    ],
)
def test_every_command_obeys_and_sends_nothing(
    run: Run, api: Api, command: str, pins: dict[str, str], said: str
) -> None:
    Path("rooms.yaml").write_text(manifest(api.url))
    result = run(*command.split(), env={**pins, "ACME_KEY": KEY})
    assert result.exit_code == 1
    assert said.format(port=api.url.rpartition(":")[2]) in result.stderr
    assert api.asked == []
