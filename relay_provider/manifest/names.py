"""A manifest's name, which tells it apart from every other: `name:` at its top, or the name of its file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from relay_provider.errors import key_like
from relay_provider.manifest.problems import Broken
from relay_provider.manifest.source import text_of
from relay_provider.manifest.yamlpos import Map, Node, Scalar, compose, resolve

# What Pulumi allows for a project, which this names; a dot in front would make a hidden folder, or `..`, of it.
NAME_PATTERN: Final = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$"
ALLOWED: Final = "1 to 100 letters, digits and _ . -, and no dot in front"
ENDINGS: Final = (".yaml", ".yml", ".json")

_TAKEN: Final = "relay-rooms"
"""The name of every local stack before manifests had names: no file may mean it by chance."""
_UNPARSED: Final = re.compile(r"^name:[ \t]+[\"']?([^\s\"'#]+)", re.MULTILINE)


def is_name(text: str) -> bool:
    """May a manifest be called so?"""
    return re.fullmatch(NAME_PATTERN, text) is not None and not key_like(text)


def first_of(files: Iterable[str | os.PathLike[str]]) -> Path:
    """The file by which a manifest of several is known, whatever their order on the command line."""
    return min(Path(os.path.abspath(file)) for file in files)  # noqa: PTH100, links stay as they are


def name_of_file(file: str | os.PathLike[str]) -> str:
    """The name that a file without `name:` has: `staging.yaml` is `staging`."""
    stem = _stem(Path(file))
    if is_name(stem) and stem != _TAKEN:
        return stem
    # Two files whose names differ in what a name may not hold are still two.
    mark = hashlib.sha256(stem.encode(errors="surrogateescape")).hexdigest()[:6]
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '-', stem).lstrip('.')[:90] or 'rooms'}-{mark}"


def namesakes(file: Path) -> list[Path]:
    """The other manifests beside a file that have no name either and would be known by the same one."""
    stem = _stem(file)
    beside = (file.with_name(stem + end) for end in ("", *ENDINGS) if stem)
    return [other for other in beside if other != file and other.is_file() and _is_nameless_manifest(other)]


def declared_name(file: str | os.PathLike[str]) -> str | None:
    """The `name:` of a file that may be broken otherwise; None when it says none that can be used."""
    try:
        text = text_of(os.fspath(file))
    except Broken:
        return None
    try:
        found = _top(text).get("name")
    except Broken:
        match = _UNPARSED.search(text)
        found = match[1] if match else None
    return found if isinstance(found, str) and is_name(found) else None


def declared_rooms(file: str | os.PathLike[str]) -> dict[str, list[str]]:
    """The names of rooms by their project's label, in a file that may be broken otherwise: for completion, and nothing
    that counts."""
    try:
        projects = _entries(compose(text_of(os.fspath(file)))).get("projects")
    except Broken:
        return {}
    return {label: list(_entries(_entries(project).get("rooms"))) for label, project in _entries(projects).items()}


def _entries(node: Node | None) -> dict[str, Node]:
    pairs = node.pairs if isinstance(node, Map) else ()
    return {key.text: value for key, value in pairs if isinstance(key, Scalar) and key.text != "<<"}


def _stem(file: Path) -> str:
    return next((file.name.removesuffix(end) for end in ENDINGS if file.name.endswith(end)), file.name)


def _is_nameless_manifest(file: Path) -> bool:
    try:
        top = _top(text_of(os.fspath(file)))
    except Broken:
        return False
    return "projects" in top and "name" not in top


def _top(text: str) -> dict[str, object]:
    """The keys at the top, and the values of those that are scalars. Raises Broken for what is not YAML."""
    root = compose(text)
    top: dict[str, object] = {}
    for key, value in root.pairs if isinstance(root, Map) else ():
        if isinstance(key, Scalar):
            top.setdefault(key.text, resolve(value) if isinstance(value, Scalar) else None)
    return top
