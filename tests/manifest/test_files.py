"""Several files make one manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay_provider.config import KeyRef, ProjectRef
from relay_provider.manifest import Manifest, ManifestError, load
from relay_provider.model import RoomInputs

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(*texts: str) -> Manifest:
    """The manifest of files a.yaml, b.yaml, … with these projects."""
    names = [f"{letter}.yaml" for letter, _ in zip("abcdef", texts, strict=False)]
    for name, text in zip(names, texts, strict=True):
        Path(name).write_text(f"version: 1\n{text}\n")
    return load(names)


def problems(*texts: str) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        loaded(*texts)
    return str(raised.value).split("\n")


def test_projects_of_several_files() -> None:
    manifest = loaded("projects: {p: {rooms: {a: }}}", "projects: {q: {rooms: {a: }}, p: {rooms: {b: }}}")
    assert [(project.ref.label, [room.name for room in project.rooms]) for project in manifest.projects] == [
        ("p", ["a", "b"]),
        ("q", ["a"]),
    ]
    assert str(manifest.position("p", "b")) == "b.yaml:2:43"


@pytest.mark.parametrize(
    "texts",
    [
        ("projects: {p: {apiKey: {env: A}}}", "projects: {p: {rooms: {b: }}}"),
        ("projects: {p: {rooms: {b: }}}", "projects: {p: {apiKey: {env: A}}}"),
        ("projects: {p: {apiKey: {env: A}, rooms: {b: }}}", "projects: {p: {apiKey: {env: A}}}"),
        ("projects: {p: }", "projects: {p: {apiKey: {env: A}, rooms: {b: }}}", "projects: {p: {}}"),
    ],
)
def test_a_connection_is_said_once_or_the_same(texts: tuple[str, ...]) -> None:
    (project,) = loaded(*texts).projects
    assert project.ref == ProjectRef("p", api_key=KeyRef("env", "A"))
    assert project.rooms == (RoomInputs(name="b"),)


def test_another_connection_is_an_error_that_names_both() -> None:
    assert problems(
        "projects: {p: }",
        "projects: {p: {apiKey: {env: A}}}",
        "projects:\n  q:\n  p: {apiKey: {env: B}, baseUrl: https://x}",
        "projects: {p: {livekit: {url: wss://x}}}",
    ) == [
        "c.yaml:4:3: project p has another connection at b.yaml:2:12 (baseUrl, apiKey differ); "
        "say it in one place, or the same in both",
        "d.yaml:2:12: project p has another connection at b.yaml:2:12 (backend, apiKey, livekit.url differ); "
        "say it in one place, or the same in both",
    ]


def test_a_room_in_two_places_is_an_error_that_names_both() -> None:
    assert problems(
        "projects: {p: {rooms: {a: , b: }}}", "projects:\n  p:\n    rooms:\n      c:\n      a: {maxParticipants: 5}"
    ) == ["b.yaml:6:7: room a of project p is declared at a.yaml:2:24 already"]


def test_defaults_count_in_their_own_file() -> None:
    (project,) = loaded(
        "defaults: {emptyTimeout: 60}\nprojects: {p: {defaults: {maxParticipants: 5}, rooms: {a: }}}",
        "projects: {p: {rooms: {b: }}}",
    ).projects
    assert project.rooms == (RoomInputs(name="a", max_participants=5, empty_timeout=60), RoomInputs(name="b"))


def test_anchors_count_in_their_own_file() -> None:
    assert problems("x-a: &a {}\nprojects: {}", "projects: {p: *a}") == [
        "b.yaml:2:15: this alias (*) has no anchor (&) above it; text that begins with * needs quotes"
    ]


def test_every_problem_of_every_file_in_their_order() -> None:
    Path("c.yaml").write_text("version: 1\nprojects: [p\n")
    Path("b.yaml").write_text("version: 2\nprojects: {p: {rooms: {a b: }, bckend: relay}}\n")
    with pytest.raises(ManifestError) as raised:
        load(["./c.yaml", Path("b.yaml"), "none.yaml"])
    assert str(raised.value).split("\n") == [
        "./c.yaml:2:11: this [list] has no end",
        "b.yaml:1:10: version must be the number 1, not 2",
        'b.yaml:2:24: a room\'s name may hold letters, digits and . _ - : only, not "a b"',
        "b.yaml:2:32: bckend is not a known key; did you mean backend?",
        "none.yaml:1:1: there is no such file",
    ]
    assert [(found.position.file, found.position.line) for found in raised.value.problems][-1] == ("none.yaml", 1)


def test_a_wrong_room_still_counts_as_declared() -> None:
    assert problems("projects: {p: {rooms: {a: 5}}}", "projects: {p: {rooms: {a: }}}") == [
        "a.yaml:2:27: room a must be a mapping (key: value), not a number",
        "b.yaml:2:24: room a of project p is declared at a.yaml:2:24 already",
    ]


def test_a_file_named_twice_is_read_once() -> None:
    Path("a.yaml").write_text("version: 1\nprojects: {p: {rooms: {a: }}}\n")
    manifest = load(["./a.yaml", "a.yaml", Path("a.yaml").absolute()])
    assert str(manifest.position("p", "a")) == "./a.yaml:2:24"


def test_a_manifest_has_one_name_whichever_file_says_it() -> None:
    assert loaded("projects: {p: }").name is None
    assert (
        loaded("projects: {p: }", "name: acme_1.b-c\nprojects: ", "name: acme_1.b-c\nprojects: ").name == "acme_1.b-c"
    )
    assert problems("name: a\nprojects: ", "projects: ", "projects: \nname: b") == [
        "c.yaml:3:7: name is b here and a at a.yaml:2:7; one manifest says it once, or the same everywhere"
    ]
