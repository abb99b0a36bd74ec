"""What is wrong with a connection is told with the project's label and the key that the manifest writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Api, Run

pytestmark = pytest.mark.unit

KEYS = {"apiKey": {"env": "K"}, "apiSecret": {"env": "S"}}
ENV = {"K": "devkey", "S": "a-secret-of-more-than-thirty-two-bytes", "RELAY_MAX_RETRIES": "0"}


def declare(folder: Path, rooms: tuple[str, ...] = ("daily",), **projects: dict[str, Any]) -> None:
    of = {label.replace("_", "-"): {**project, "rooms": dict.fromkeys(rooms)} for label, project in projects.items()}
    (folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": of}, indent=1))


def livekit(**said: Any) -> dict[str, Any]:
    return {"backend": "livekit", "livekit": {**KEYS, **said}}


NOT_SET = [
    (livekit(), "livekit.url is not set; write livekit: {url: wss://…} in its manifest, or set LIVEKIT_URL."),
    (
        {"livekit": {"url": "wss://a.example", "apiSecret": {"env": "S"}}},
        "livekit.apiKey is not set; write livekit: {apiKey: {env: NAME}} in its manifest, or set LIVEKIT_API_KEY.",
    ),
    ({}, "apiKey is not set; write apiKey: {env: NAME} in its manifest, or set RELAY_API_KEY."),
]


@pytest.mark.parametrize(("project", "said"), NOT_SET)
@pytest.mark.parametrize("command", ["drift", "list", "up"])
def test_what_is_not_set(command: str, project: dict[str, Any], said: str, run: Run, folder: Path) -> None:
    declare(folder, self_hosted=project)
    done = run(*{"list": ("list", "-p", "self-hosted"), "up": ("up", "--yes")}.get(command, (command,)), env=ENV)
    assert (done.exit_code, done.stderr) == (1, f"Error: Project self-hosted: {said}\n")


@pytest.mark.parametrize(
    ("project", "env", "said"),
    [
        (livekit(url="ws://a.example"), {}, "livekit.url of project self-hosted uses plain http to a.example"),
        (livekit(), {"LIVEKIT_URL": "a b"}, "livekitUrl (LIVEKIT_URL) of project self-hosted is not an address"),
        (
            {"baseUrl": "http://a.example", "apiKey": {"env": "K"}},
            {},
            "baseUrl of project self-hosted uses plain http to a.example",
        ),
        (livekit(url="ws://127.0.0.1"), {"S": ""}, "Project self-hosted has no livekit.apiSecret: {env: S} is not set"),
    ],
)
def test_what_cannot_be_used(project: dict[str, Any], env: dict[str, str], said: str, run: Run, folder: Path) -> None:
    declare(folder, self_hosted=project)
    done = run("drift", env={**ENV, **env})
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {said}")


def test_every_variable_that_is_not_set_is_named_at_once(run: Run, folder: Path) -> None:
    declare(folder, calls=livekit(url="wss://a.example"))
    done = run("drift")
    assert done.exit_code == 1
    assert [line.partition(": {")[0] for line in done.stderr.splitlines()] == [
        "Error: Project calls has no livekit.apiKey",
        "Error: Project calls has no livekit.apiSecret",
    ]


def test_a_key_that_relay_refuses(run: Run, api: Api, folder: Path) -> None:
    declare(folder, webinars={"apiKey": {"env": "K"}, "baseUrl": f"{api.url}/v1"})
    api.answer("GET /v1/rooms", {"error": {"type": "unauthorized", "message": "no"}}, status=401)
    assert run("drift", env=ENV).stderr.endswith("check apiKey of project webinars.\n")


# -- Projects without a prefix on one server with others

HERE = {"url": "ws://127.0.0.1:1"}


def test_a_room_of_another_project_is_an_error_where_it_is_declared_without_a_prefix(run: Run, folder: Path) -> None:
    declare(folder, ("daily", "p_acme__daily"), bare=livekit(**HERE))
    done = run("drift", env=ENV)
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "Error: rooms.yaml:17:5: room p_acme__daily of project bare is room daily of projectId"
    )


def test_null_is_no_prefix_whatever_the_environment_says(run: Run, folder: Path) -> None:
    declare(folder, ("p_acme__daily",), bare=livekit(**HERE, projectId=None))
    done = run("drift", env={**ENV, "RELAY_PROJECT_ID": "acme"})
    assert "room p_acme__daily of project bare is room daily of projectId acme on that server" in done.stderr


def test_with_a_prefix_of_its_own_a_project_may_declare_such_a_name(run: Run, folder: Path) -> None:
    declare(folder, ("p_acme__daily",), own=livekit(**HERE))
    done = run("drift", env={**ENV, "RELAY_PROJECT_ID": "acme"})
    assert "ListRooms" in done.stderr, "the server is asked, and is not there"
