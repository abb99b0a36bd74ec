"""YAML text as a tree of nodes that know where they stand.

Built from PyYAML's parser events, not by its composer: that one keeps no limits, and reads plain scalars by YAML 1.1
(`on`, `012`, `1:30`, dates). Here a plain scalar is what YAML 1.1 and 1.2 agree on, else a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from relay_provider.manifest.problems import At, Broken
from relay_provider.manifest.syntax import explain

LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser: libyaml's where PyYAML has it, several times as fast as the Python one."""

MAX_DEPTH: Final = 64
MAX_EXPANDED: Final = 1_000_000
"""How many values all aliases of a file may stand for together."""
MAX_BYTES: Final = 100_000_000
"""How much text a file may hold when its aliases are written out, as JSON; 10,000 rooms may share a long metadata."""

STR: Final = "tag:yaml.org,2002:str"


@dataclass(slots=True, eq=False)
class Scalar:
    """A text as it is written; `plain` when it has no quotes and may mean a number, a boolean or null."""

    text: str
    plain: bool
    tag: str | None
    at: At


@dataclass(slots=True, eq=False)
class Seq:
    """A list."""

    tag: str | None
    at: At
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Map:
    """A mapping as it is written: duplicate keys and merge keys are still there."""

    tag: str | None
    at: At
    pairs: list[Pair] = field(default_factory=list)


Node = Scalar | Seq | Map
Pair = tuple[Node, Node]

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)")
_NO_NUMBER: Final = re.compile(r"\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF)")
_MAX_DIGITS: Final = 4000  # Python refuses more; no setting is as long


def resolve(node: Scalar) -> str | int | float | bool | None:
    """What a scalar means: null, true, false, a plain decimal number; everything else is the text itself."""
    text = node.text
    if not node.plain or node.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789" and len(text) <= _MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _NO_NUMBER.fullmatch(text):  # a number to both YAMLs, and none that JSON can say: whoever uses it refuses it
            return float(text.replace(".", ""))
    return text


@dataclass(slots=True)
class _Anchored:
    """What an alias stands for; `size`, `bytes` and `height` count the values in it, their text and their nesting. None
    while it is open."""

    node: Node | None = None
    size: int = 0
    bytes: int = 0
    height: int = 0


class _Composer:
    """Builds the tree. A value behind an anchor is shared by its aliases, never copied."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = self._expanded = self._bytes = 0

    def document(self) -> Node | None:
        root = None
        for event in self._events:
            match event:
                case yaml.NodeEvent():
                    root, _ = self._node(event, 0)
                case yaml.DocumentStartEvent() if root is not None:
                    raise Broken(
                        _at(event), "a second document begins here; a file holds one manifest, without --- inside"
                    )
        return root

    def _node(self, event: yaml.NodeEvent, depth: int) -> tuple[Node, int]:
        """The node that begins with this event, inside of `depth` others, and how many levels it has below it."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        before, bytes_before = self._nodes + self._expanded, self._bytes
        self._nodes += 1
        if not event.anchor:
            return self._content(event, depth)
        anchored = self._anchors[event.anchor] = _Anchored()
        anchored.node, anchored.height = self._content(event, depth)
        anchored.size, anchored.bytes = self._nodes + self._expanded - before, self._bytes - bytes_before
        return anchored.node, anchored.height

    def _content(self, event: yaml.NodeEvent, depth: int) -> tuple[Node, int]:
        at = _at(event)
        if isinstance(event, yaml.ScalarEvent):
            self._bytes += _bytes(event.value)
            return Scalar(event.value, not event.style, event.tag, at), 0
        assert isinstance(event, yaml.CollectionStartEvent)
        if depth >= MAX_DEPTH:
            raise Broken(at, f"this is nested more than {MAX_DEPTH} levels deep")
        children, height = [], 1
        while not isinstance(child := next(self._events), yaml.CollectionEndEvent):
            node, below = self._node(child, depth + 1)
            children.append(node)
            if below >= height:
                height = below + 1
        if isinstance(event, yaml.SequenceStartEvent):
            return Seq(event.tag, at, children), height
        return Map(event.tag, at, list(zip(children[::2], children[1::2], strict=True))), height

    def _alias(self, event: yaml.AliasEvent, depth: int) -> tuple[Node, int]:
        at = _at(event)
        target = self._anchors.get(event.anchor or "")
        if target is None:
            raise Broken(at, "this alias (*) has no anchor (&) above it; text that begins with * needs quotes")
        if target.node is None:
            raise Broken(at, "this alias (*) is inside of what it stands for, which would never end")
        self._expanded += target.size
        if self._expanded > MAX_EXPANDED:
            raise Broken(at, "this is one alias (*) too many: together they stand for more than a million values")
        self._bytes += target.bytes
        if self._bytes > MAX_BYTES:
            raise Broken(at, "this is one alias (*) too many: together they stand for more than 100 MB of text")
        if depth + target.height > MAX_DEPTH:
            raise Broken(at, f"this alias (*) makes the file more than {MAX_DEPTH} levels deep")
        return target.node, target.height


def compose(text: str) -> Node | None:
    """The one document of `text`; None when there is nothing in it. Raises Broken."""
    try:
        return _Composer(yaml.parse(text, Loader=LOADER)).document()
    except yaml.YAMLError as error:
        raise explain(error, text) from None


def _bytes(text: str) -> int:
    if text.isascii() and text.isprintable():
        return len(text)
    return len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))


def _at(event: yaml.Event) -> At:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
