"""Nodes as values: mappings with their merge keys resolved, plain data, and a problem for what cannot be one.

Problems are noted when something is read, so what nobody reads (`x-` keys) may hold anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Final

from relay_provider import values
from relay_provider.errors import quoted
from relay_provider.manifest.problems import Problems
from relay_provider.manifest.yamlpos import STR, Map, Node, Pair, Scalar, Seq, resolve
from relay_provider.values import kind_of, unknown_key

WRONG: Final = object()
"""Stands for a value whose problem has been told already."""


def kind(node: Node) -> str:
    """A node's type in words."""
    match node:
        case Scalar():
            return kind_of(resolve(node))
        case Seq():
            return "a list"
    return "a mapping"


def shown(node: Node) -> str:
    """A value for a message: scalars as they are, other things by their type."""
    return values.shown(resolve(node)) if isinstance(node, Scalar) else kind(node)


class Reader:
    """Reads the nodes of one file and notes its problems in `problems`. What is shared by aliases is read once."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._entries: dict[int, dict[str, Pair]] = {}
        self._plain: dict[int, object] = {}

    def fields(
        self,
        node: Node,
        what: str,
        keys: Collection[str] | None = None,
        hints: Mapping[str, str] | None = None,
        ignored: str | None = None,
    ) -> dict[str, Pair]:
        """A mapping's entries by key; null is an empty one.

        With `keys`, others are problems (`hints` say more), unless they begin with `ignored`.
        """
        if isinstance(node, Scalar) and self.scalar(node) in (None, WRONG):
            return {}
        if not isinstance(node, Map):
            self.problems.say(node.at, f"{what} must be a mapping (key: value), not {kind(node)}")
            return {}
        entries = self.entries(node)
        if keys is None:
            return entries
        for key, (name, _) in entries.items():
            if key not in keys and not (ignored and key.startswith(ignored)):
                self.problems.say(name.at, _unknown(key, keys, hints or {}))
        return {key: pair for key, pair in entries.items() if key in keys}

    def entries(self, node: Map) -> dict[str, Pair]:
        """A mapping's own entries and those it merges (`<<`), its own first."""
        known = self._entries.get(id(node))
        if known is not None:
            return known
        own: dict[str, Pair] = {}
        merged: dict[str, Pair] = {}
        if self._tagged(node):
            return own
        for pair in node.pairs:
            key = self._key(pair[0])
            if key is None:
                continue
            if key in own:
                first = self.problems.position(own[key][0].at)
                self.problems.say(pair[0].at, f"{_name(key)} is a duplicate key; the first is at {first}")
                continue
            own[key] = pair
        if "<<" in own and isinstance(own["<<"][0], Scalar) and own["<<"][0].plain:
            merged = self._merged(own.pop("<<")[1])
        self._entries[id(node)] = entries = {**merged, **own}
        return entries

    def scalar(self, node: Scalar) -> object:
        """What a scalar means, or WRONG."""
        return WRONG if self._tagged(node) else resolve(node)

    def plain(self, node: Node) -> object:
        """A node as plain data, or WRONG."""
        if isinstance(node, Scalar):
            return self.scalar(node)
        if id(node) not in self._plain:
            self._plain[id(node)] = self._collection(node)
        return self._plain[id(node)]

    def text(self, name: str, node: Node, such_as: str = "") -> str | None:
        """A text; None where its problem has been told."""
        value = self.plain(node)
        if isinstance(value, str):
            return value
        if value is not WRONG:
            quotes = "; put it in quotes" if isinstance(node, Scalar) and value is not None else ""
            self.problems.say(node.at, f"{name} must be a string{such_as}, not {kind(node)}{quotes}")
        return None

    def _collection(self, node: Seq | Map) -> object:
        if self._tagged(node):
            return WRONG
        if isinstance(node, Seq):
            items = [self.plain(item) for item in node.items]
            return WRONG if any(item is WRONG for item in items) else items
        entries = {key: self.plain(value) for key, (_, value) in self.entries(node).items()}
        return WRONG if any(value is WRONG for value in entries.values()) else entries

    def _merged(self, node: Node) -> dict[str, Pair]:
        merged: dict[str, Pair] = {}
        for source in node.items if isinstance(node, Seq) else [node]:
            if isinstance(source, Map):
                for key, pair in self.entries(source).items():
                    merged.setdefault(key, pair)
            else:
                self.problems.say(source.at, f"<< merges mappings, such as *anchor, and cannot merge {kind(source)}")
        return merged

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, Scalar):
            self.problems.say(node.at, f"a key must be text, not {kind(node)}")
            return None
        value = self.scalar(node)
        if isinstance(value, str):
            return value
        if value is not WRONG:
            text = quoted(node.text, limit=40)
            self.problems.say(
                node.at, f'the key {text} is {kind_of(value)}, not text; write "{text}"' if text else "a key is empty"
            )
        return None

    def _tagged(self, node: Node) -> bool:
        """Has the node a tag other than `!!str` on a scalar? The tag is not quoted: it may be part of a secret."""
        if node.tag is None or (node.tag == STR and isinstance(node, Scalar)):
            return False
        self.problems.say(
            node.at, "tags (!) are not allowed, except !!str before text; text that begins with ! needs quotes"
        )
        return True


def _unknown(key: str, keys: Collection[str], hints: Mapping[str, str]) -> str:
    before = key.partition(":")[0]
    if before != key and before in keys:  # what follows the colon may be a secret
        return f"{before}: needs a space after its colon"
    return f"{_name(key)} {hints.get(key) or unknown_key(key[:100], keys)}"


def _name(key: str) -> str:
    return quoted(key, limit=60) or json.dumps(key[:60])
