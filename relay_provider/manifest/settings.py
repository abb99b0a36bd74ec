"""A room's settings as a manifest says them: defaults, what stands over them, and where what is wrong stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ValidationError

from relay_provider.checks import problems_of
from relay_provider.errors import Problem
from relay_provider.manifest.problems import At
from relay_provider.manifest.reader import WRONG, Reader
from relay_provider.manifest.yamlpos import Map, Node, Pair, Seq
from relay_provider.model import RoomInputs

Settings = Mapping[str, Any]
"""Settings as they are said, of a room or as defaults; null takes a default away."""


def said(entries: Mapping[str, Pair], reader: Reader) -> dict[str, Any]:
    """The values of a mapping's entries; what is wrong is noted and left out."""
    values = {key: reader.plain(node) for key, (_, node) in entries.items()}
    return {key: value for key, value in values.items() if value is not WRONG}


def over(defaults: Settings, own: Settings) -> dict[str, Any]:
    """`own` over the defaults, one by one, also those in `livekit`."""
    merged = {**defaults, **own}
    outer, inner = defaults.get("livekit"), own.get("livekit")
    if isinstance(outer, Mapping) and isinstance(inner, Mapping):
        merged["livekit"] = {**outer, **inner}
    return merged


def spelled(values: Settings, inputs: RoomInputs) -> dict[str, Any]:
    """The same in their one spelling, so that each room need not find it again."""
    found = inputs.model_dump(by_alias=True, mode="json")
    own = values.get("livekit")
    if own:
        found["livekit"] = {key: (found["livekit"] or {})[key] for key in own}
    return {key: found[key] for key in values}


def checked(
    name: str, values: Settings, entries: Mapping[str, Pair], reader: Reader
) -> tuple[RoomInputs | None, set[str]]:
    """The values as inputs, or the names of the wrong ones, told where they stand. Null is absent."""
    given = {key: value for key, value in values.items() if value is not None}
    try:
        return RoomInputs.model_validate({**given, "name": name}, by_alias=True, by_name=False), set()
    except ValidationError as error:
        problems = problems_of(error)
    for problem in problems:
        subject = "a room's name" if problem.path == "name" else problem.path
        reader.problems.say(_place(problem, entries, reader), f"{subject} {problem.message}")
    return None, {re.split(r"[.[]", problem.path)[0] for problem in problems}


def _place(problem: Problem, entries: Mapping[str, Pair], reader: Reader) -> At:
    """Where it stands: the value that is wrong, or the key that there is not."""
    first, *rest = re.findall(r"[^.\[\]]+", problem.path)
    key, node = entries.get(first) or entries["name"]
    for part in rest if first in entries else ():
        inner = _within(node, part, reader)
        if inner is None:
            return node.at
        key, node = inner
    return key.at if problem.message.startswith("is not a known key") else node.at


def _within(node: Node, part: str, reader: Reader) -> tuple[Node, Node] | None:
    if isinstance(node, Map):
        return reader.entries(node).get(part)
    if isinstance(node, Seq) and part.isdigit() and int(part) < len(node.items):
        return node, node.items[int(part)]
    return None
