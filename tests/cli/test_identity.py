"""A manifest has an identity: which stack it is, on the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay_provider.cli.stack import RoomStack, stack_to_end
from relay_provider.cli.workspace import Workspace
from relay_provider.errors import RelayError
from relay_provider.manifest import load
from tests.cli.conftest import Run
from tests.cli.shop import TWO, Shop, changes, needs_engine

OLD_STATE = Path(__file__).parent / "old_state"
"""Of the two rooms of TWO_OLD, as versions before manifests had names left it."""
OLD_PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "of old", "ACME_KEY": ""}
TWO_OLD = {"standup": {"maxParticipants": 12}, "lobby": None}


def relay_files(folder: Path) -> list[str]:
    """Pulumi's files in `.relay`, without the state."""
    root = folder / ".relay"
    return sorted(
        str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and ".pulumi/" not in str(file)
    )


@needs_engine
def test_two_manifests_in_one_folder_are_two(shop: Shop) -> None:
    shop.declare({"a": None}, "prod.yaml")
    shop.declare({"b": None}, "staging.yaml")
    for run in [shop.start("up", "-y", file) for file in ("prod.yaml", "staging.yaml")]:  # at once, in a new folder
        out, err = run.communicate(timeout=120)
        assert (run.returncode, err) == (0, ""), out
    assert sorted(shop.api.rooms()) == ["a", "b"]
    assert relay_files(shop.folder) == [
        ".gitignore",
        "prod/Pulumi.dev.yaml",
        "prod/Pulumi.yaml",
        "staging/Pulumi.dev.yaml",
        "staging/Pulumi.yaml",
    ]

    before = relay_files(shop.folder)
    done = shop.run("destroy", "nosuch.yaml", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Nothing to end: there is no stack dev of nosuch. There is one of prod, staging.\n"
    assert sorted(shop.api.rooms()) == ["a", "b"]
    assert relay_files(shop.folder) == before

    (shop.folder / "prod.yaml").write_text("version: 1\nprojects: {acme: {rooms: [")
    assert shop.run("destroy", "prod.yaml", "-y").stdout.splitlines()[-1] == "Done: 1 room deleted."
    assert sorted(shop.api.rooms()) == ["b"]
    (shop.folder / "staging.yaml").unlink()
    assert shop.json("destroy", "staging", "-y")["changes"] == changes(delete=1)
    assert shop.api.rooms() == {}


@needs_engine
def test_a_first_run_beside_a_pulumi_project_says_that_its_program_may_have_the_rooms(shop: Shop) -> None:
    shop.declare({})
    (shop.folder / "Pulumi.yaml").write_text("name: rooms\nruntime: python\n")
    said = "Pulumi.yaml is a Pulumi project. If its program declares these rooms too, two states hold them"
    assert said in shop.run("up", "--yes").stderr
    assert said not in shop.run("up", "--yes").stderr


@needs_engine
def test_two_first_runs_at_once(shop: Shop) -> None:
    shop.declare(TWO, name="acme")
    outcomes = []
    for run in [shop.start("up", "-y") for _ in range(2)]:
        _, err = run.communicate(timeout=120)
        assert not err or err.startswith("Error: Another run holds the stack dev"), err
        outcomes.append(run.returncode)
    assert 0 in outcomes
    assert sorted(shop.api.rooms()) == ["lobby", "standup"]


@needs_engine
def test_a_stack_that_another_run_has_just_made_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, local: None
) -> None:
    monkeypatch.setattr(RoomStack, "_found", lambda *_: None)
    made, found = (RoomStack(Workspace.beside(folder / "rooms.yaml", "rooms"), "dev", None, create=True) for _ in "12")
    assert made.stack.name == found.stack.name == "dev"


def old_checkout(shop: Shop, project: str, root: Path) -> dict[str, str]:
    """The old version's state in `root`, its files in the folder, its rooms live; their SIDs by name."""
    sids = {}
    state = (OLD_STATE / "dev.json").read_text().replace("relay-rooms", project).replace("URL", shop.api.url)
    for name, settings in TWO_OLD.items():
        shop.api.create(name, **(settings or {}))
        sids[name] = shop.api.rooms()[name]["sid"]
        state = state.replace(f"SID of {name}", sids[name])
    file = root / ".pulumi/stacks" / project / "dev.json"
    file.parent.mkdir(parents=True)
    file.write_text(state)
    (root / ".pulumi/meta.yaml").write_text("version: 1\n")
    old_files(shop, project)
    shop.declare(TWO_OLD, apiKey={"config": "acmeKey"})
    return sids


def old_files(shop: Shop, project: str) -> None:
    relay = shop.folder / ".relay"
    relay.mkdir(exist_ok=True)
    (relay / "Pulumi.yaml").write_text(f"name: {project}\nruntime: python\n")
    (relay / "Pulumi.dev.yaml").write_text((OLD_STATE / "config.yaml").read_text().replace("relay-rooms", project))


def live(shop: Shop) -> dict[str, str]:
    return {name: room["sid"] for name, room in shop.api.rooms().items()}


@pytest.mark.soak
@needs_engine
def test_a_local_stack_of_before_is_taken_over(shop: Shop) -> None:
    sids = old_checkout(shop, "relay-rooms", shop.folder / ".relay")
    shop.declare({"other": None}, "staging.yaml")
    shop.declare(TWO_OLD, "elsewhere.yaml", apiKey={"config": "anotherKey"})
    for file in ("staging.yaml", "elsewhere.yaml"):  # not theirs: no room of it, or another connection
        done = shop.run("destroy", file, "-y", **OLD_PASSPHRASE)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Nothing to end: there is no stack dev of")
    assert relay_files(shop.folder) == ["Pulumi.dev.yaml", "Pulumi.yaml"]

    done = shop.run("preview", **OLD_PASSPHRASE)
    assert (done.returncode, done.stdout) == (0, "Nothing to do: 2 rooms as declared.\n")
    assert done.stderr == "The stack relay-rooms, made before manifests had names, is now rooms.\n"
    assert shop.json("up", "-y", **OLD_PASSPHRASE)["changes"] == changes(same=2)
    assert live(shop) == sids
    assert relay_files(shop.folder) == [".gitignore", "rooms/Pulumi.dev.yaml", "rooms/Pulumi.yaml"]


@needs_engine
@pytest.mark.soak
def test_a_shared_stack_of_before_is_taken_over(shop: Shop, tmp_path: Path) -> None:
    state = tmp_path / "state"
    old = "relay-rooms-my-rooms--1"
    sids = old_checkout(shop, old, state)
    shop.env |= {"PULUMI_BACKEND_URL": f"file://{state}", **OLD_PASSPHRASE}
    done = shop.run("up", "-y")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: rooms.yaml has no name, and a shared backend tells manifests apart by theirs: write "
        "`name: rooms-of-my-rooms--1` at its top. The stack organization/relay-rooms-my-rooms--1/dev, made before "
        "manifests had names, will be taken over.\n"
    )
    shop.declare(TWO_OLD, name="rooms-of-acme", apiKey={"config": "acmeKey"})
    assert shop.json("up", "-y")["changes"] == changes(same=2)
    assert relay_files(shop.folder) == ["rooms-of-acme/Pulumi.dev.yaml", "rooms-of-acme/Pulumi.yaml"]

    # Another checkout, from before.
    (shop.folder / ".relay/rooms-of-acme/Pulumi.dev.yaml").unlink()
    old_files(shop, old)
    assert shop.json("up", "-y")["changes"] == changes(same=2)
    assert live(shop) == sids
    assert "Nothing to end" in shop.run("destroy", "nosuch", "-y").stdout
    assert relay_files(shop.folder) == ["rooms-of-acme/Pulumi.dev.yaml", "rooms-of-acme/Pulumi.yaml"]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in anywhere."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shared(local: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "state").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder / 'state'}")


def write(folder: Path, file: str, name: str | None = None) -> Path:
    named = {"name": name} if name else {}
    (folder / file).write_text(json.dumps({"version": 1, **named, "projects": {}}))
    return folder / file


@pytest.mark.unit
@pytest.mark.usefixtures("local")
def test_the_workspace_of_a_manifest(folder: Path) -> None:
    a, b, named = write(folder, "a.yaml"), write(folder, "b.yaml"), write(folder, "c.yaml", "acme")
    assert Workspace.of(load([b, a])) == Workspace.of(load([a, b])) == Workspace(folder / ".relay", "a", local=True)
    assert Workspace.of(load([b, named])).project == "acme"


@pytest.mark.unit
@pytest.mark.usefixtures("local")
def test_two_files_of_one_stem_are_told_apart_by_a_name(folder: Path, run: Run) -> None:
    write(folder, "rooms.yaml")
    other = write(folder, "rooms.yml")
    done = run("up", "--yes")
    assert done.exit_code == 1
    assert "rooms.yaml and rooms.yml would be one stack, rooms" in done.stderr
    assert Workspace.of(load([other, "rooms.yaml"])).project == "rooms"
    write(folder, "rooms.yml", "other")
    assert Workspace.of(load(["rooms.yaml"])).project == "rooms"


@needs_engine
@pytest.mark.usefixtures("local")
def test_what_is_not_there_is_not_ended(folder: Path, run: Run) -> None:
    done = run("destroy", "-y")
    assert (done.exit_code, done.stderr.splitlines()[0][:27]) == (1, "Error: There is no rooms.ya")
    (folder / "rooms.yaml").write_text("version: 2\nprojects: {}\n")
    done = run("destroy", "-y")
    assert (done.exit_code, done.stderr) == (1, "rooms.yaml:1:10: version must be the number 1, not 2\n")
    with pytest.raises(RelayError, match="None of these files is there"):
        stack_to_end([Path("x.yaml"), Path("y.yaml")], "dev")
    assert not (folder / ".relay").exists()


@pytest.mark.unit
@pytest.mark.usefixtures("shared")
def test_a_shared_backend_knows_no_files(folder: Path, run: Run) -> None:
    write(folder, "rooms.yaml")
    (folder / "broken.yaml").write_text("version: 2\nprojects: {}\n")
    for file, said in (
        ("nosuch.yaml", "There is no nosuch.yaml, and a shared backend knows a manifest by its name only"),
        ("broken.yaml", "broken.yaml:1:10: version must be the number 1, not 2"),
        ("rooms.yaml", "write `name: rooms-of-"),
    ):
        done = run("destroy", file, "-y")
        assert done.exit_code == 1
        assert said in done.stderr
    assert not (folder / ".relay").exists()
