"""What the providers of one engine tell each other."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relay_provider.engine import engine_address
from relay_provider.journal import KEPT, Journal
from relay_provider.run import Run
from tests.unit.fake import PROJECT

pytestmark = pytest.mark.unit

ENGINE, STANDUP = "127.0.0.1:4711", (PROJECT, "standup")
OTHER_KEY = ((PROJECT[0], "digest of another key"), "standup")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run() -> Run:
    return Run(Journal.of(ENGINE))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*"))


def test_a_run_knows_what_the_engines_other_providers_declare() -> None:
    one, other = run(), run()
    assert not other.declares(STANDUP)
    one.declare(STANDUP, force=False, by="urn::a")
    assert other.declares(STANDUP)
    assert other.declares_with_other_keys(OTHER_KEY) == [STANDUP]
    assert other.declare(STANDUP, force=False, by="urn::b") == "urn::a"


def test_a_run_knows_what_the_others_made_and_failed_to_make() -> None:
    one, other = run(), run()
    one.declare(STANDUP, force=False)
    one.failed(STANDUP)
    assert other.declares(STANDUP)
    assert other.has_failed(STANDUP)
    one.made(STANDUP, {"sid": "RM_1", "metadata": "hush"})
    assert other.declares(STANDUP)
    assert not other.has_failed(STANDUP)
    assert other.stands(STANDUP, "RM_1")


def test_a_run_awaits_what_the_others_declare_until_they_have_it() -> None:
    one, other = run(), run()
    one.declare(STANDUP, force=False, by="urn::a")
    assert other.awaits(STANDUP)
    one.knows(STANDUP, {"sid": "RM_1", "metadata": "hush"}, "urn::a")
    assert not other.awaits(STANDUP)


def test_what_a_set_tells_of_its_rooms_is_heard_between_what_others_tell() -> None:
    one, other = run(), run()
    lobby, hall = ((PROJECT, name) for name in ("lobby", "hall"))
    other.declare(lobby, force=False, by="urn::b")
    rooms = [STANDUP, lobby, hall]
    assert one.declare_all([(room, False, "urn::set") for room in rooms]) == {lobby: "urn::b"}
    assert other.declare(STANDUP, force=False, by="urn::b") == "urn::set"
    assert other.awaits(hall)
    one.know_all([(room, {"sid": f"RM_{room[1]}"}, "urn::set") for room in (STANDUP, hall)])
    assert not other.awaits(hall)


def test_resources_without_a_name_are_never_told_of_each_other() -> None:
    one, other = run(), run()
    one.declare(STANDUP, force=False)
    assert other.declare(STANDUP, force=False) is None
    assert one.declare(STANDUP, force=False, by="urn::a") is None


def test_threads_and_processes_that_tell_at_once_lose_nothing_and_hear_it_in_order() -> None:
    mine, theirs = run(), run()
    rooms = {who: [(PROJECT, f"{who}-{number}") for number in range(1_000)] for who in "abc"}

    def tell(teller: Run, who: str) -> None:
        for room in rooms[who]:
            teller.declare(room, force=False)
            teller.failed(room)
            teller.made(room, {"sid": "RM_1"})

    with ThreadPoolExecutor() as threads:
        telling = [threads.submit(tell, *one) for one in ((mine, "a"), (mine, "b"), (theirs, "c"))]
    for one in telling:
        one.result()
    for hearer, tellers in ((mine, "c"), (theirs, "ab")):
        for room in (room for who in tellers for room in rooms[who]):
            assert hearer.declares(room)
            assert hearer.stands(room, "RM_1")
            assert not hearer.has_failed(room)


def test_engines_are_told_apart() -> None:
    one, other = run(), Run(Journal.of("127.0.0.1:4712"))
    one.declare(STANDUP, force=False)
    assert not other.declares(STANDUP)


def test_what_an_engine_of_an_earlier_day_wrote_is_not_read() -> None:
    earlier = run()
    earlier.declare(STANDUP, force=False)
    del earlier
    assert not run().declares(STANDUP)


def test_no_engine_has_no_journal() -> None:
    assert Journal.of(None) is None


def test_nothing_of_it_can_be_read_by_others_or_says_a_secret(folder: Path) -> None:
    one = run()
    one.made(STANDUP, {"sid": "RM_1", "metadata": "hush"})
    (file,) = files(folder)
    assert "hush" not in file.read_text()
    assert [file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777] == [0o600, 0o700]


@pytest.mark.parametrize("made_by_others", ["open", "link"])
def test_a_folder_that_is_not_this_users_alone_is_not_used(folder: Path, made_by_others: str) -> None:
    keep = run()  # only to learn the folder's name
    (file,) = files(folder)
    del keep
    file.unlink()
    file.parent.rmdir()
    if made_by_others == "open":
        file.parent.mkdir(mode=0o777)
        file.parent.chmod(0o777)
    else:
        (folder / "elsewhere").mkdir(mode=0o700)
        file.parent.symlink_to(folder / "elsewhere")
    assert Journal.of(ENGINE) is None
    assert files(folder) == []


def test_files_of_long_ago_go(folder: Path) -> None:
    import os
    import time

    first = run()
    (file,) = files(folder)
    del first
    os.utime(file, (time.time() - KEPT - 1,) * 2)
    other = Journal.of("127.0.0.1:4712")
    assert other is not None
    assert [one.name for one in files(folder)] == ["4712.jsonl"]


def test_a_start_looks_at_a_bounded_number_of_files(folder: Path) -> None:
    run()
    (file,) = files(folder)
    for n in range(300):
        old = file.with_name(f"{n}.jsonl")
        old.touch()
        os.utime(old, (time.time() - KEPT - 1,) * 2)
    before = len(files(folder))
    assert Journal.of("127.0.0.1:4712")
    assert 1 + before - 100 <= len(files(folder)) < before


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(folder: Path) -> None:
    one = run()
    (file,) = files(folder)
    with file.open("ab", buffering=0) as writing:
        writing.write(b'["failed", "relay", "key", "st')
        assert not one.declares(STANDUP)
        writing.write(b'andup", ""]\n')
    assert not one.declares(STANDUP)
    assert not one.has_failed(STANDUP)  # another key's


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ([], None),
        (["127.0.0.1:1"], "127.0.0.1:1"),
        (["--logtostderr", "-v=9", "--tracing", "http://x", "127.0.0.1:1"], "127.0.0.1:1"),
        (["--tracing", "http://x"], None),
    ],
)
def test_the_engines_address(arguments: list[str], address: str | None) -> None:
    assert engine_address(arguments) == address
