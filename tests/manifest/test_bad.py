"""Bad manifests: each with exactly what is said of it (`bad.txt`), and those that a text file cannot hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from relay_provider.manifest import ManifestError, load, yamlpos

pytestmark = pytest.mark.unit

START = "version: 1\nprojects:\n"


def cases() -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, list[str], list[str]]] = []
    group = ""
    for line in (Path(__file__).parent / "bad.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("##### "):
            group = line.removeprefix("##### ")
        elif line.startswith("=== "):
            found.append((f"{group}: {line.removeprefix('=== ')}", [], []))
        elif line.startswith("! "):
            found[-1][2].append(line.removeprefix("! "))
        elif found and not found[-1][2]:
            found[-1][1].append(line)
    return [(name, "".join(f"{line}\n" for line in text), problems) for name, text, problems in found]


CASES = cases()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(data: str | bytes, name: str = "rooms.yaml") -> list[str]:
    """What is said of a file, without the file's name."""
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(ManifestError) as raised:
        load([name])
    assert str(raised.value) == "\n".join(map(str, raised.value.problems))
    assert all(str(problem).startswith(f"{name}:") for problem in raised.value.problems)
    return [str(problem).removeprefix(f"{name}:") for problem in raised.value.problems]


def room(settings: str) -> str:
    return f"{START}  p:\n    rooms:\n      a: {{{settings}}}\n"


def test_there_are_many_cases() -> None:
    assert len(CASES) > 140
    assert len({name for name, _, _ in CASES}) == len(CASES)


TOO_LONG = "2:3001: this is one alias (*) too many: together they stand for more than 100 MB of text"


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_every_problem_is_told_where_it_stands(name: str, text: str, expected: list[str]) -> None:
    found = problems(text)
    assert found == expected
    assert "SECRET" not in "".join(found)


@pytest.mark.skipif(yamlpos.LOADER is yaml.SafeLoader, reason="there is only one parser")
@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_the_python_parser_says_the_same(
    name: str, text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamlpos, "LOADER", yaml.SafeLoader)
    found = problems(text)
    assert "SECRET" not in "".join(found)
    assert [line.split(":")[0] for line in found] == [line.split(":")[0] for line in expected]
    if not name.startswith("Syntax") and "empty" not in name and "no variable" not in name and "escape" not in name:
        assert found == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xfev\x00", "1:1: the file is UTF-16 or UTF-32; save the file as UTF-8"),
        (b"\xfe\xff\x00v", "1:1: the file is UTF-16 or UTF-32; save the file as UTF-8"),
        (b"version: 1\r\n# caf\xe9\n", "2:6: the file is not UTF-8 here (byte 0xE9); save the file as UTF-8"),
        (b"version: 1\n# \xc3\xa9\xc3", "2:4: the file is not UTF-8 here (byte 0xC3); save the file as UTF-8"),
        *(
            (
                f"version: 1\n# é{character}\n".encode(),
                f"2:4: the character U+{ord(character):04X} is not allowed here; "
                f'write it as "\\u{ord(character):04x}" in a double-quoted text',
            )
            for character in "\0\x01\x1b\x7f\x85\u2028\u2029\ufeff\uffff"
        ),
        ("[" * 100_000, "1:65: this is nested more than 64 levels deep"),
        ("- " * 100_000, "1:129: this is nested more than 64 levels deep"),
        ("{a: " * 100_000, "1:257: this is nested more than 64 levels deep"),
        ("? " * 100_000, "1:129: this is nested more than 64 levels deep"),
        (
            "x-0: &a0 [1]\n" + "".join(f"x-{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 90)),
            "64:13: this alias (*) makes the file more than 64 levels deep",
        ),
        (
            "x-0: &a0 {k0: 1}\n" + "".join(f"x-{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 90)),
            "64:17: this alias (*) makes the file more than 64 levels deep",
        ),
        (
            "x-a: &a [" + "1," * 2000 + "]\nx-b: [" + "*a," * 1000 + "]\n",
            "2:1504: this is one alias (*) too many: together they stand for more than a million values",
        ),
        *(  # just over 100 MB: of text, of a list, and of what JSON writes as six letters
            (f"x-a: &a {text}\nx-b: [{'*a,' * 999}]\n", TOO_LONG)
            for text in ("x" * 100_001, '"' + "\\x01" * 16_667 + '"', '["' + "é" * 25_000 + '", ' + "x" * 50_001 + "]")
        ),
        (
            room("metadata: " + "x" * 4097),
            "5:21: metadata must have at most 4096 characters, not 4097",
        ),
        (
            room("metadata: [" + "x" * 4093 + "]"),
            "5:21: metadata must have at most 4096 characters, not 4097",
        ),
        (
            room("metadata: [1" + "0" * 5000 + "]"),
            "5:21: metadata must have at most 4096 characters, not 5005",
        ),
        (
            room("maxParticipants: " + "1" * 5000),
            f'5:28: maxParticipants must be a whole number from 1 to 10000, not "{"1" * 39}…"',
        ),
        (
            room("maxParticipants: " + "9" * 600 + ".5"),
            "5:28: maxParticipants must be a whole number from 1 to 10000, not inf",
        ),
        (
            room("metadata: [" + "9" * 600 + ".5]"),
            "5:21: metadata must not hold NaN or Infinity, which JSON cannot say",
        ),
        ("#" + " " * 1024 * 1024, "1:1: the file is over 1 MiB; divide the rooms among several files"),
    ],
)
def test_what_a_text_file_cannot_hold(data: str | bytes, expected: str) -> None:
    assert problems(data) == [expected]


def test_a_file_of_exactly_one_mebibyte_is_read() -> None:
    text = "version: 1\nprojects: {}\n"
    Path("rooms.yaml").write_text(text + "#" * (1024 * 1024 - len(text)))
    assert load(["rooms.yaml"]).projects == ()


def refuse(error: Exception) -> Callable[..., object]:
    def fail(*_args: object, **_kwargs: object) -> object:
        raise error

    return fail


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("none.yaml", "none.yaml:1:1: there is no such file"),
        ("./none.yaml", "./none.yaml:1:1: there is no such file"),
        ("folder", "folder:1:1: this is a directory; name the manifest file in it"),
        ("file.yaml/rooms.yaml", "file.yaml/rooms.yaml:1:1: the file cannot be read: not a directory"),
    ],
)
def test_what_is_no_file(path: str, expected: str) -> None:
    Path("folder").mkdir()
    Path("file.yaml").touch()
    with pytest.raises(ManifestError) as raised:
        load([path])
    assert str(raised.value) == expected


def test_an_unreadable_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", refuse(PermissionError(13, os.strerror(13))))
    assert problems_of_opening("rooms.yaml") == "rooms.yaml:1:1: the file cannot be read: permission denied"


def test_a_path_that_cannot_be_one() -> None:
    assert problems_of_opening("a\0b") == "a\0b:1:1: the file cannot be read: not a file name"


def problems_of_opening(path: str) -> str:
    with pytest.raises(ManifestError) as raised:
        load([path])
    return str(raised.value)


def test_no_file_at_all() -> None:
    with pytest.raises(ManifestError, match=r"^no manifest file was given$"):
        load([])
