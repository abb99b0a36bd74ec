"""What earlier versions left: their stacks, read, changed and ended by this one.

`write.py` keeps a version's stacks; each is a folder `VERSION/DOOR` here."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay_provider.version import __version__
from tests.cli.shop import NEEDS_ENGINE, changes
from tests.served import KEY, OTHER_KEY, Served
from tests.upgrades.kept import HERE, STATE, Stack
from tests.upgrades.programs import CHANGED

pytestmark = NEEDS_ENGINE

KEPT = {f"{folder.parent.name}-{folder.name}": folder for folder in sorted(HERE.glob("*.*.*/*"))}


def test_this_version_is_kept() -> None:
    assert {f"{__version__}-{door}" for door in ("python", "yaml", "manifest")} <= KEPT.keys()


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_holds_no_key(name: str) -> None:
    for file in KEPT[name].rglob("*"):
        if file.is_file():
            assert all(key not in file.read_text() for key in (KEY, OTHER_KEY)), file
    assert "ciphertext" in (KEPT[name] / STATE).read_text()


@pytest.mark.parametrize("name", [name for name in KEPT if not name.endswith("-manifest")])
def test_a_program_s_stack_is_as_it_was_and_goes_on(name: str, served: Served, tmp_path: Path) -> None:
    stack = Stack(KEPT[name].name, tmp_path, served)
    stack.restore(KEPT[name])
    project, before = stack.project, stack.live()
    assert project.pulumi("preview", "--expect-no-changes").changes == {"same": 4}
    refreshed = project.refresh_expecting_no_changes()
    assert refreshed.code == 0, refreshed.out
    project.refresh()
    assert project.up("--expect-no-changes").changes == {"same": 4}
    assert stack.live() == before

    file = project.folder / ("__main__.py" if "-python" in name else "Pulumi.yaml")
    file.write_text(file.read_text().replace(*CHANGED))
    assert project.up().changes == {"replace": 1, "same": 3}
    live = stack.live()
    assert live.pop("standup")["maxParticipants"] == 20
    assert live == {room: facts for room, facts in before.items() if room != "standup"}
    project.destroy()
    assert stack.live() == {}


@pytest.mark.parametrize("name", [name for name in KEPT if name.endswith("-manifest")])
def test_a_manifest_s_stack_is_as_it_was_and_goes_on(name: str, served: Served, tmp_path: Path) -> None:
    stack = Stack(KEPT[name].name, tmp_path, served)
    stack.restore(KEPT[name])
    shop, before = stack.shop, stack.live()
    done = shop.run("preview")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == "Nothing to do: 5 rooms as declared.\n"
    assert shop.json("up", "--yes")["changes"] == changes(same=5)
    assert stack.live() == before

    file = shop.folder / "rooms.yaml"
    file.write_text(file.read_text().replace(*CHANGED))
    assert shop.json("up", "--yes")["changes"] == changes(replace=1, same=4)
    assert stack.live()["standup"]["maxParticipants"] == 20
    assert shop.json("destroy", "--yes")["changes"] == changes(delete=5)
    assert stack.live() == {}
