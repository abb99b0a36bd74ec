"""Where nothing is to be done, `up` and `preview` say so without the engine; in any doubt they ask it."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from relay_provider.cli import deploy, foresight
from relay_provider.cli.app import app
from relay_provider.cli.stack import RoomStack
from relay_provider.cli.tags import NOTES
from relay_provider.dynamic.properties import PROVIDER
from relay_provider.dynamic.provider import RoomProvider
from relay_provider.errors import RelayError
from relay_provider.session import _Shared
from tests.cli.conftest import Api, Run, room
from tests.cli.shop import TWO, Shop, needs_engine
from tests.served import KEY

State = dict[str, Any]
URN = "urn:pulumi:dev::rooms::"
ROOT = f"{URN}pulumi:pulumi:Stack::rooms-dev"
BY = f"{URN}pulumi:providers:pulumi-python::default"
KIND = "pulumi-python:dynamic/relay:Room"
NOTHING = "Nothing to do: 2 rooms as declared.\n"


def entry(name: str, place: str, label: str = "acme", **settings: Any) -> State:
    """A room in the state, as the engine leaves it."""
    ours = {"__provider": PROVIDER, "place": place, "project": {"label": label, "api_key": {"env": "ACME_KEY"}}}
    live = {"sid": f"RM_{name}", "creationTime": 1718800000, "forceDestroy": False}
    absent = {"maxParticipants": 0, "metadata": ""}
    return {
        "urn": f"{URN}{KIND}::{label}/{name}",
        "custom": True,
        "id": name,
        "type": KIND,
        "inputs": {**ours, "name": name, **settings},
        "outputs": {**ours, "name": name, **live, **absent, **settings},
        "parent": ROOT,
        "provider": f"{BY}::b30c",
        "propertyDependencies": {"name": []},
    }


def at_rest(place: str) -> State:
    version = "v3.250.0"
    return {
        "manifest": {"version": version, "magic": sha256(version.encode()).hexdigest()},
        "secrets_providers": {"type": "passphrase"},
        "resources": [
            {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"},
            {"urn": BY, "custom": True, "id": "b30c", "type": "pulumi:providers:pulumi-python"},
            entry("standup", place, maxParticipants=12),
            entry("lobby", place, emptyTimeout=600),
        ],
        "metadata": {},
    }


class Scene:
    """A folder whose two rooms stand as declared; `tell` says who answers, and what."""

    def __init__(self, folder: Path, api: Api) -> None:
        self.folder, self.api = folder, api
        self.place = f"relay {api.url.replace('127.0.0.1', 'localhost')}/v1"
        self.state = at_rest(self.place)
        self.live = [room("standup", maxParticipants=12), room("lobby")]
        self.rooms: dict[str, Any] = {"standup": {"maxParticipants": 12}, "lobby": {"emptyTimeout": 600}}
        self.project: dict[str, Any] = {"apiKey": {"env": "ACME_KEY"}}
        self.others: dict[str, Any] = {}
        self.file = folder / ".relay/.pulumi/stacks/rooms/dev.json.gz"
        self.config = "encryptionsalt: v1:x\n"
        self.env = {**api.env, "ACME_KEY": KEY}

    def write(self) -> None:
        projects = {"acme": {**self.project, "rooms": self.rooms}, **self.others}
        (self.folder / "rooms.yaml").write_text(json.dumps({"version": 1, "projects": projects}))
        self.api.rooms(*self.live)
        (self.folder / ".relay/rooms").mkdir(parents=True)
        (self.folder / ".relay/rooms/Pulumi.dev.yaml").write_text(self.config)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": 3, "checkpoint": {"stack": "organization/rooms/dev", "latest": self.state}})
        self.file.write_bytes(gzip.compress(text.encode()) if self.file.suffix == ".gz" else text.encode())

    @property
    def entries(self) -> list[State]:
        found: list[State] = self.state["resources"]
        return found


@pytest.fixture
def scene(folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))

    def opened(*_: object, **__: object) -> None:
        raise RelayError("the engine is asked")

    monkeypatch.setattr(RoomStack, "of", opened)
    return Scene(folder, api)


def answer(scene: Scene, run: Run, *arguments: str) -> str:
    result = run(*(arguments or ("preview",)), env=scene.env)
    return result.stderr or result.stdout


@pytest.mark.unit
@pytest.mark.parametrize("arguments", [("preview",), ("up", "--yes"), ("preview", "--project", "acme")])
def test_the_state_and_one_list_are_enough(scene: Scene, run: Run, arguments: tuple[str, ...]) -> None:
    scene.write()
    assert answer(scene, run, *arguments) == NOTHING
    assert scene.api.asked == ["GET /v1/rooms"]
    assert scene.file.parent.parent.parent.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.unit
def test_a_comment_says_that_nothing_changes(scene: Scene, run: Run) -> None:
    scene.write()
    assert answer(scene, run, "preview", "-o", "markdown") == (
        "<!-- relay-rooms: preview rooms/dev -->\n\n**No changes. Nothing to do: 2 rooms as declared.**\n"
    )


@pytest.mark.unit
def test_tags_of_people_are_theirs(scene: Scene, run: Run) -> None:
    scene.write()
    tagged(scene, "owner")
    assert answer(scene, run) == NOTHING


@pytest.mark.unit
def test_only_the_chosen_project_counts(scene: Scene, run: Run) -> None:
    scene.entries.append(entry("gone", scene.place, "other"))
    scene.others = {"other": {"rooms": {"new": None}}}
    scene.write()
    assert answer(scene, run, "up", "-y", "-p", "acme") == NOTHING
    assert answer(scene, run, "up", "-y", "-p", "other") == "Error: the engine is asked\n"


@pytest.mark.unit
def test_two_labels_of_one_project_share_the_list(scene: Scene, run: Run) -> None:
    scene.entries.append(entry("more", scene.place, "other"))
    scene.others = {"other": {"apiKey": {"env": "ACME_KEY"}, "rooms": {"more": None}}}
    scene.live.append(room("more"))
    scene.write()
    assert answer(scene, run) == "Nothing to do: 3 rooms as declared.\n"
    assert scene.api.asked == ["GET /v1/rooms"]


def edit(change: Callable[[Scene], object], name: str) -> Any:
    return pytest.param(change, id=name)


def refreshed(scene: Scene) -> None:
    scene.live[0].update(maxParticipants=13)
    scene.entries[2]["outputs"].update(maxParticipants=13)


@pytest.mark.unit
@pytest.mark.parametrize(
    "deviate",
    [
        edit(lambda scene: scene.live.pop(), "a room ended"),
        edit(lambda scene: scene.live[0].update(sid="RM_other"), "a room was recreated as it was"),
        edit(lambda scene: scene.live[0].update(creationTime=1718800001), "a room is younger"),
        edit(lambda scene: scene.live[0].update(metadata="x"), "metadata changed"),
        edit(lambda scene: scene.live[0].update(maxParticipants=13), "a limit changed"),
        edit(lambda scene: scene.rooms.update(new=None), "a room is declared"),
        edit(lambda scene: scene.rooms.pop("lobby"), "a room is no longer declared"),
        edit(lambda scene: scene.rooms.update(hall=scene.rooms.pop("lobby")), "a room is renamed"),
        edit(lambda scene: scene.rooms["lobby"].update(forceDestroy=True), "a consent is given"),
        edit(lambda scene: scene.rooms["lobby"].update(emptyTimeout=601), "an unreported setting changed"),
        edit(lambda scene: scene.rooms["lobby"].update(metadata=""), "a default is written out"),
        edit(lambda scene: scene.project.update(apiKey={"env": "RELAY_API_KEY"}), "the key's variable changed"),
        edit(lambda scene: scene.project.update(baseUrl=f"{scene.api.url}/v1"), "an address is written out"),
        edit(lambda scene: scene.entries[2]["inputs"].update(place="relay"), "the place moved"),
        edit(lambda scene: scene.entries[2]["outputs"].update(place="relay"), "the place moved, half"),
        edit(lambda scene: scene.entries[2]["outputs"].update(metadata="x"), "a last run half done"),
        edit(lambda scene: scene.entries[2]["outputs"].update(more=1), "an output of another version"),
        edit(refreshed, "a refresh has seen what is not declared"),
        edit(lambda scene: scene.entries[2].update(delete=True), "an entry to delete"),
        edit(lambda scene: scene.entries[2].update(taint=True), "an entry marked"),
        edit(lambda scene: scene.entries[2].update(id="other"), "another ID"),
        edit(lambda scene: scene.entries[2].update(provider="x::y"), "another provider"),
        edit(lambda scene: scene.entries[2].update(parent="x"), "another parent"),
        edit(
            lambda scene: scene.entries[2].update(urn=scene.entries[2]["urn"].replace("dev", "prod")), "another stack"
        ),
        edit(lambda scene: scene.entries.append(scene.entries[3]), "an entry twice"),
        edit(lambda scene: scene.entries.append(entry("lobby", scene.place, "old")), "an entry of another label"),
        edit(lambda scene: scene.entries.pop(1), "no provider"),
        edit(lambda scene: scene.entries[1].update(inputs={"relay:apiKey": "x"}), "configuration in the state"),
        edit(lambda scene: scene.entries[0].update(outputs={"x": "y"}), "outputs of the stack"),
        edit(lambda scene: scene.entries.reverse(), "another order"),
        edit(lambda scene: scene.state.update(pending_operations=[{}]), "something begun"),
        edit(lambda scene: scene.state["manifest"].update(magic="x"), "tampered with"),
        edit(lambda scene: scene.state.update(resources=None), "no resources"),
        edit(lambda scene: setattr(scene, "config", scene.config + "config:\n  relay:apiKey: x\n"), "configuration"),
        edit(lambda scene: setattr(scene, "file", scene.file.with_suffix("")), "a state that is not packed"),
        edit(lambda scene: scene.env.update(PULUMI_CONFIG_PASSPHRASE="x"), "a passphrase"),
        edit(lambda scene: scene.env.update(PULUMI_BACKEND_URL="file:///elsewhere"), "a chosen backend"),
    ],
)
def test_any_deviation_is_for_the_engine(scene: Scene, run: Run, deviate: Callable[[Scene], object]) -> None:
    deviate(scene)
    scene.write()
    assert answer(scene, run) == "Error: the engine is asked\n"


def held(scene: Scene) -> None:
    locks = scene.folder / ".relay/.pulumi/locks/organization/rooms/dev"
    locks.mkdir(parents=True)
    (locks / "1.json").write_text(json.dumps({"pid": 1, "hostname": "elsewhere"}))


def tagged(scene: Scene, name: str) -> None:
    file = scene.file.with_name("dev.pulumi-tags")
    file.write_text(json.dumps({"version": 1, "tags": {name: "x"}}))


@pytest.mark.unit
@pytest.mark.parametrize(
    "deviate",
    [
        edit(held, "a run goes on"),
        edit(lambda scene: scene.file.with_name("dev.json").write_text("{}"), "a second state"),
        edit(lambda scene: scene.file.unlink(), "no state"),
        edit(lambda scene: tagged(scene, f"{NOTES}1"), "a note of a run that may have been killed"),
        edit(lambda scene: (scene.folder / ".relay/rooms/Pulumi.dev.yaml").unlink(), "no configuration"),
    ],
)
def test_what_lies_beside_the_state_is_for_the_engine(
    scene: Scene, run: Run, deviate: Callable[[Scene], object]
) -> None:
    scene.write()
    deviate(scene)
    assert answer(scene, run) == "Error: the engine is asked\n"


@pytest.mark.unit
def test_without_a_refresh_and_for_another_stack_it_is_the_engine(scene: Scene, run: Run) -> None:
    scene.write()
    assert answer(scene, run, "preview", "--no-refresh") == "Error: the engine is asked\n"
    assert answer(scene, run, "preview", "--stack", "prod") == "Error: the engine is asked\n"
    scene.env["RELAY_BASE_URL"] = f"{scene.api.url}/v2"  # where nobody answers
    assert "/v2/rooms" in answer(scene, run)


@pytest.mark.unit
def test_the_provider_is_known_by_its_name() -> None:
    assert base64.b64encode(pickle.dumps(RoomProvider(), protocol=4)).decode() == PROVIDER


def recorder(folder: Path) -> Path:
    """A folder to put first on PATH, whose `pulumi` writes down that it was run."""
    folder.mkdir()
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{folder}/runs'\nexit 1\n")
    program.chmod(0o755)
    return folder


@needs_engine
def test_no_program_is_run_and_all_is_said_as_by_the_engine(shop: Shop, tmp_path: Path) -> None:
    shop.declare(TWO)
    assert shop.run("up", "-y").returncode == 0
    path = recorder(tmp_path / "recorder")
    quick = {"PATH": f"{path}:{shop.env['PATH']}"}
    before = shop.state()
    for command, output in (
        (["preview"], "table"),
        (["preview"], "markdown"),
        (["up", "-y", "-p", "acme"], "json"),
    ):
        done = shop.run(*command, "-o", output, **quick)
        by_engine = shop.run(*command, "-o", output, "--no-refresh")
        assert (done.returncode, done.stdout, done.stderr) == (0, by_engine.stdout, "")
    assert not (path / "runs").exists()
    assert json.loads(before)["checkpoint"]["latest"]["resources"]
    assert shop.run("up", "-y", "--no-refresh", **quick).returncode == 1
    assert (path / "runs").exists()


def declare(shop: Shop, rooms: dict[str, Any] = TWO, **project: Any) -> None:
    shop.declare(rooms, name="acme", **project)


STEPS: dict[str, Callable[[Shop], object]] = {
    "as it was": lambda shop: None,
    "a room ended": lambda shop: shop.api.end("lobby"),
    "recreated as it was": lambda shop: (shop.api.end("lobby"), shop.api.create("lobby", metadata='{"a":1}')),
    "in another spelling": lambda shop: (shop.api.end("lobby"), shop.api.create("lobby", metadata='{"a": 1}')),
    "no longer declared": lambda shop: declare(shop, {"standup": {"maxParticipants": 12}}),
    "a consent": lambda shop: declare(shop, {**TWO, "standup": {"maxParticipants": 12, "forceDestroy": True}}),
    "a default written out": lambda shop: declare(shop, {**TWO, "lobby": {**TWO["lobby"], "forceDestroy": False}}),
    "another address": lambda shop: declare(shop, baseUrl=shop.api.url.replace("127.0.0.1", "localhost")),
    "another variable": lambda shop: declare(shop, apiKey={"env": "OTHER_NAME"}),
}


@pytest.mark.parametrize(
    "names",
    [("as it was", "recreated as it was", "a default written out"), pytest.param(STEPS, marks=pytest.mark.soak)],
    ids=["some", "all"],
)
@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["local", "shared"])
@needs_engine
def test_the_quick_answer_is_the_engines(
    shop: Shop, names: Any, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.env["OTHER_NAME"] = KEY
    if shared:
        (tmp_path / "state").mkdir()
        shop.env |= {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}", "PULUMI_CONFIG_PASSPHRASE": "x"}
    monkeypatch.chdir(shop.folder)
    judged = deploy.at_rest
    for name in names:
        declare(shop)
        assert shop.run("up", "-y").returncode == 0
        STEPS[name](shop)
        answers = []
        for judge in (judged, lambda *_: False):
            monkeypatch.setattr(deploy, "at_rest", judge)
            monkeypatch.setattr(foresight, "run_in_session", _Shared().run_in_session)  # as a process of its own has it
            done = CliRunner().invoke(app, ["preview", "-o", "json"], env=shop.env)
            answers.append((done.exit_code, done.stdout, done.stderr))
        assert answers[0] == answers[1], name
