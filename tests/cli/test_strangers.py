"""A checkout may be a stranger's: nothing that lies in it is run, by the command or by its engine."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay_provider.cli.strangers import check_states
from relay_provider.dynamic.properties import PROVIDER
from relay_provider.errors import RelayError
from tests.cli.conftest import Run
from tests.cli.shop import TWO, Shop, needs_engine

MODULES = ("relay_provider", "json", "sitecustomize", "usercustomize", "pulumi", "grpc")
STACK = "pulumi:pulumi:Stack"
ROOM = "pulumi-python:dynamic/relay:Room"


def plant(folder: Path, marker: Path) -> None:
    """Files that write to `marker` when somebody imports or runs them."""
    mark = f"open({str(marker)!r}, 'a').write(__file__ + chr(10))\n"
    for place in (folder, folder / ".relay", folder / ".relay/rooms", folder / ".relay/rooms/src"):
        place.mkdir(parents=True, exist_ok=True)
        for module in MODULES:
            (place / f"{module}.py").write_text(mark)
    for place in (folder, folder / ".relay/rooms", folder / ".relay/rooms/.venv/bin", folder / ".relay/bin"):
        place.mkdir(parents=True, exist_ok=True)
        for program in ("pulumi", "python", "python3", "pulumi-resource-pulumi-python"):
            (place / program).write_text(f"#!/bin/sh\necho $0 >> '{marker}'\nexit 1\n")
            (place / program).chmod(0o755)
    project = {"name": "rooms", "backend": {"url": "file://.."}, "runtime": {"name": "python"}}
    for end in ("json", "yml", "yaml"):
        project["runtime"] = {"name": "python", "options": {"virtualenv": ".venv"}}
        (folder / f".relay/rooms/Pulumi.{end}").write_text(json.dumps(project))


@needs_engine
def test_nothing_of_a_checkout_is_run(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "marker"
    shop.declare(TWO)
    plant(shop.folder, marker)
    (shop.folder / ".relay").chmod(0o755)
    # A test's own way to start the command imports from the current folder; people's does not.
    monkeypatch.setattr("tests.cli.shop.RELAY_ROOMS", (str(Path(sys.executable).with_name("relay-rooms")),))
    careless = {"PATH": f":.:bin:{os.environ['PATH']}", "PYTHONPATH": "src", "PULUMI_RUNTIME_TOOLCHAIN": "uv"}
    done = shop.run("up", "-y", **careless, PULUMI_HOME="../home")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (shop.folder / ".relay/home").exists()
    assert sorted(shop.api.rooms()) == ["lobby", "standup"]
    assert not marker.exists(), marker.read_text()
    assert (shop.folder / ".relay").stat().st_mode & 0o777 == 0o700

    refused = shop.run("destroy", "-y", RELAY_ALLOWED_HOSTS="api.acme.com")  # by the state alone: the engine's side
    assert refused.returncode == 1
    assert "which RELAY_ALLOWED_HOSTS does not allow" in refused.stderr
    assert len(shop.api.rooms()) == 2

    class Code:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return os.system, (f"touch '{marker}'",)

    code = base64.b64encode(pickle.dumps(Code())).decode()
    [file] = (shop.folder / ".relay/.pulumi/stacks").glob("*/dev.json.gz")
    file.write_bytes(gzip.compress(shop.state().replace(PROVIDER, code).encode()))
    for command in (["preview"], ["up", "-y"], ["destroy", "-y"], ["drift", "--stack", "dev"]):
        done = shop.run(*command)
        assert done.returncode == 1
        assert f"The state {file} holds a provider that is not this one" in done.stderr
    assert not marker.exists()


def resource(kind: str = ROOM, urn: str | None = None, **others: Any) -> dict[str, Any]:
    return {"urn": urn or f"urn:pulumi:dev::rooms::{kind}::acme/standup", "type": kind, **others}


def state(*resources: Any) -> str:
    return json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}})


OURS = state(
    resource(STACK, custom=False),
    resource("pulumi:providers:pulumi-python", inputs={"relay:apiKey": "…"}),
    resource(inputs={"__provider": PROVIDER}, propertyDependencies={"__provider": []}),
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (state(resource("pulumi:providers:evil")), 'a resource of type "pulumi:providers:evil"'),
        (state(resource(ROOM, "urn:pulumi:dev::rooms::pulumi:providers:evil::x")), "a resource of type"),
        (state(resource("command:local:Command", URN="x", urn=None)), "twice"),
        (OURS.replace('"urn"', '"Urn"').replace(ROOM, "a:b:C"), 'a resource of type "a:b:C"'),
        (OURS.replace('"latest"', '"latest": {}, "Latest"'), '"Latest" twice'),
        (OURS.replace(PROVIDER, "gASV"), "a provider that is not this one"),
        (OURS.replace("relay:apiKey", "pluginDownloadURL"), "a provider from elsewhere"),
        (OURS.replace("relay:apiKey", "__internal"), "a provider from elsewhere"),
        (OURS[:-9], "cannot be read (it is damaged). Remove it"),
        (OURS.replace("dev", "\udcff"), "cannot be read (it is damaged). Remove it"),
        ("[" * 100_000, "cannot be read (it is damaged). Remove it"),
    ],
)
@pytest.mark.parametrize("name", ["rooms/dev.json", "dev.json", "rooms/dev.json.gz"])
def test_a_state_that_is_not_ours_is_refused(tmp_path: Path, text: str, said: str, name: str) -> None:
    file = tmp_path / ".pulumi/stacks" / name
    file.parent.mkdir(parents=True)

    def write(text: str) -> None:
        data = text.encode(errors="surrogateescape")
        file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)

    write(OURS)
    check_states(tmp_path, ["rooms"], "dev")
    write(text)
    with pytest.raises(RelayError, match=r"^The state ") as caught:
        check_states(tmp_path, ["rooms"], "dev")
    assert said in str(caught.value)


def test_a_state_that_cannot_be_looked_into_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".pulumi/stacks/rooms").mkdir(parents=True)
    (tmp_path / ".pulumi/stacks/rooms/dev.json.zst").write_bytes(b"(\xb5/\xfd")
    with pytest.raises(RelayError, match="cannot be read"):
        check_states(tmp_path, ["rooms"], "dev")


@pytest.mark.parametrize("command", ["preview", "up -y", "destroy -y", "drift --stack dev"])
def test_damaged_files_are_named_with_a_way_out(run: Run, folder: Path, command: str) -> None:
    (folder / "rooms.yaml").write_text("version: 1\nprojects: {acme: {rooms: {lobby: }}}\n")
    config, state = folder / ".relay/rooms/Pulumi.dev.yaml", folder / ".relay/.pulumi/stacks/rooms/dev.json.gz"
    for file in (config, state):
        file.parent.mkdir(parents=True)
    config.write_bytes(b"config:\n  relay:x: caf\xe9\n")
    assert run(*command.split()).stderr == (
        f"Error: {config}:2:15: the file is not UTF-8 here (byte 0xE9); save the file as UTF-8.\n"
    )
    config.unlink()
    state.write_bytes(b"half a sta")
    ends = "the next `up` then takes over the live rooms that are as declared.\n"
    damaged = f"Error: The state {state} cannot be read (it is damaged). "
    assert run(*command.split()).stderr == f"{damaged}Remove it: {ends}"
    before = state.with_name("dev.json.gz.bak")
    before.touch()
    assert run(*command.split()).stderr == (
        f"{damaged}`mv {before} {state}` brings back the one before it; or remove it: {ends}"
    )


@pytest.mark.parametrize("link", [".relay", ".relay/rooms", ".relay/.pulumi/locks", ".relay/rooms/Pulumi.dev.yaml"])
def test_no_link_is_followed(run: Run, folder: Path, link: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "rooms.yaml").write_text("version: 1\nprojects: {acme: {rooms: {lobby: }}}\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("Pulumi.yml", ".gitignore", "empty.json"):
        (elsewhere / name).touch()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(elsewhere)
    for command in ("preview", "up -y", "destroy -y"):
        result = run(*command.split())
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {folder / link} is a link, which relay-rooms never makes")
    assert sorted(path.name for path in elsewhere.iterdir()) == [".gitignore", "Pulumi.yml", "empty.json"]
