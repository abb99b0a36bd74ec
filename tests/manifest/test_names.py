"""What a manifest is called, also when it is broken or gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay_provider.manifest.names import declared_name, first_of, is_name, name_of_file, namesakes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("rooms.yaml", "rooms"),
        ("some/where/staging.yml", "staging"),
        ("rooms.prod.yaml", "rooms.prod"),
        ("rooms.json", "rooms"),
        ("rooms.conf", "rooms.conf"),
        ("rooms", "rooms"),
    ],
)
def test_a_file_names_its_manifest(file: str, name: str) -> None:
    assert name_of_file(file) == name


def test_files_that_differ_in_odd_characters_are_still_two() -> None:
    files = [
        "my rooms.yaml",
        "my-rooms.yaml",
        "my#rooms.yaml",
        "..yaml",
        ".yaml",
        "\u00fc.yaml",
        "\u00f6.yaml",
        "x" * 200,
    ]
    names = [name_of_file(file) for file in files]
    assert len(set(names)) == len(files)
    assert all(map(is_name, names)), names


def test_no_file_is_by_chance_the_stack_of_earlier_versions() -> None:
    assert name_of_file("relay-rooms.yaml") != "relay-rooms"


def test_the_order_on_the_command_line_does_not_matter(tmp_path: Path) -> None:
    files = [tmp_path / "b.yaml", tmp_path / "a.yaml", tmp_path / "c" / "0.yaml"]
    assert first_of(files) == first_of(reversed(files)) == tmp_path / "a.yaml"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("version: 2\nname: acme\nrooms: [", "acme"),
        ("version: 1\nname: 'acme' # ours\n\tprojects:", "acme"),
        ("name: acme\nname: other\nversion: nonsense\n", "acme"),
        ('{"name": "acme"}', "acme"),
        ("name: not one\n", None),
        ("x: {name: acme}\n", None),
        ("- name: acme\n", None),
        ("", None),
        ("\x00", None),
    ],
)
def test_the_name_of_a_broken_manifest(tmp_path: Path, text: str, name: str | None) -> None:
    (tmp_path / "rooms.yaml").write_text(text)
    assert declared_name(tmp_path / "rooms.yaml") == name


def test_the_name_of_a_file_that_is_gone(tmp_path: Path) -> None:
    assert declared_name(tmp_path / "rooms.yaml") is None


def test_namesakes_are_nameless_manifests(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms.yaml"
    (tmp_path / "rooms.yml").write_text("version: 1\nname: other\nprojects: {}\n")
    (tmp_path / "rooms.json").write_text("{}")
    assert namesakes(rooms) == []
    (tmp_path / "rooms.json").write_text('{"version": 1, "projects": {}}')
    assert namesakes(rooms) == [tmp_path / "rooms.json"]
