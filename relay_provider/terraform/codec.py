"""Terraform's values on the wire: msgpack by a type, with values that are not known yet, and state as JSON.

A type is JSON as the protocol has it: `"string"`, `["list", TYPE]`, `["object", {NAME: TYPE}]`. A value of the type
`"dynamic"` brings its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import msgpack

from relay_provider.errors import InvalidInputs, Problem
from relay_provider.values import UNKNOWN

Type = Any
"""A type in the protocol's JSON."""

DYNAMIC: Final = "dynamic"
DEEPEST: Final = 100
"""How deep a value may be nested; JSON of a room's metadata fits into 4096 characters."""
_EXTENSION: Final = msgpack.ExtType(0, b"\0")


class Malformed(InvalidInputs):
    """A value that the protocol does not allow."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__("A value of the engine cannot be read", [Problem(path or "(root)", what)])


def unpacked(data: bytes) -> Any:
    """A message as raw values; unknown ones are `UNKNOWN`. Raises Malformed."""
    if not data:
        return None
    try:
        return msgpack.unpackb(data, ext_hook=lambda *_: UNKNOWN, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError):
        raise Malformed("", "is not msgpack") from None


def packed(raw: Any) -> bytes:
    """The message that `unpacked` reads."""
    data: bytes = msgpack.packb(raw, default=lambda _: _EXTENSION)
    return data


def fields(raw: Any, path: str = "") -> dict[str, Any]:
    """A raw object; null is empty."""
    if raw is not None and not isinstance(raw, Mapping):
        raise Malformed(path, "must be an object")
    return {str(name): value for name, value in (raw or {}).items()}


def read(raw: Any, type_: Type, path: str = "", depth: int = 0) -> Any:
    """A raw value as plain data; what is null inside an object stays. Raises Malformed."""
    if raw is None or raw is UNKNOWN:
        return raw
    if depth > DEEPEST:
        raise Malformed(path, "is nested too deeply")
    match type_:
        case "string":
            return _expected(raw, str, path)
        case "bool":
            return _expected(raw, bool, path)
        case "number":
            return _number(raw, path)
        case "dynamic":
            if not isinstance(raw, list) or len(raw) != 2:
                raise Malformed(path, "must be a type and a value")
            return read(raw[1], _own_type(raw[0], path), path, depth + 1)
        case ["list" | "set", inner]:
            return [read(item, inner, f"{path}.{at}", depth + 1) for at, item in enumerate(_expected(raw, list, path))]
        case ["map", inner]:
            return {key: read(item, inner, f"{path}.{key}", depth + 1) for key, item in fields(raw, path).items()}
        case ["tuple", list() as inner]:
            items = _expected(raw, list, path)
            if len(items) != len(inner):
                raise Malformed(path, f"must have {len(inner)} items, not {len(items)}")
            return [
                read(item, one, f"{path}.{at}", depth + 1)
                for at, (item, one) in enumerate(zip(items, inner, strict=True))
            ]
        case ["object", dict() as inner, *_]:
            found = fields(raw, path)
            return {key: read(found.get(key), one, f"{path}.{key}", depth + 1) for key, one in inner.items()}
    raise Malformed(path, "has a type that the protocol does not know")


def written(value: Any, type_: Type) -> Any:
    """The raw value that `read` reads; an object lacks none of its members."""
    if value is None or value is UNKNOWN:
        return value
    match type_:
        case "number":
            # The engine's numbers are decimal: as a float, 0.1 would be another.
            return repr(value) if isinstance(value, float) or not -(2**63) <= value < 2**64 else value
        case "dynamic":
            own = type_of(value)
            return None if own == DYNAMIC else [json.dumps(own, separators=(",", ":")).encode(), written(value, own)]
        case ["list" | "set", inner]:
            return [written(item, inner) for item in value]
        case ["map", inner]:
            return {key: written(item, inner) for key, item in value.items()}
        case ["tuple", list() as inner]:
            return [written(item, one) for item, one in zip(value, inner, strict=True)]
        case ["object", inner]:
            return {key: written(value.get(key), one) for key, one in inner.items()}
    return value


def type_of(value: Any) -> Type:
    """The type of plain data, as an expression of the language has it."""
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return ["object", {key: type_of(item) for key, item in value.items()}]
        case list():
            return ["tuple", [type_of(item) for item in value]]
    return DYNAMIC


def from_state(value: Any, type_: Type, path: str = "", depth: int = 0) -> Any:
    """A value of the state's JSON as the raw value of the wire. Raises Malformed."""
    if depth > DEEPEST:
        raise Malformed(path, "is nested too deeply")
    if type_ == DYNAMIC and value is not None:
        found = fields(value, path)
        own = json.dumps(found.get("type"), separators=(",", ":")).encode()
        return [own, from_state(found.get("value"), _own_type(own, path), path, depth + 1)]
    match type_, value:
        case "number", int() | float():
            return written(value, type_)
        case ["list" | "set" | "map", inner], Mapping():
            return {str(key): from_state(item, inner, f"{path}.{key}", depth + 1) for key, item in value.items()}
        case ["list" | "set", inner], list():
            return [from_state(item, inner, f"{path}.{at}", depth + 1) for at, item in enumerate(value)]
        case ["tuple", list() as inner], list():
            return [
                from_state(item, one, f"{path}.{at}", depth + 1)
                for at, (item, one) in enumerate(zip(value, inner, strict=False))
            ]
        case ["object", dict() as inner, *_], Mapping():
            return {key: from_state(value.get(key), one, f"{path}.{key}", depth + 1) for key, one in inner.items()}
    return value


def _own_type(text: Any, path: str) -> Type:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise Malformed(path, "has a type that is not JSON") from None


def _expected(raw: Any, kind: type, path: str) -> Any:
    if not isinstance(raw, kind):
        raise Malformed(path, f"must be a {kind.__name__} on the wire")
    return raw


def _number(raw: Any, path: str) -> int | float:
    if isinstance(raw, str):  # what neither an integer nor a float can say exactly
        try:
            raw = int(raw) if raw.lstrip("-").isdigit() else float(raw)
        except ValueError:
            raise Malformed(path, "is not a number") from None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Malformed(path, "is not a number")
    if isinstance(raw, float) and not math.isfinite(raw):
        raise Malformed(path, "must be finite")
    return int(raw) if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53 else raw


def json_or(text: str) -> Any:
    """What a text says as JSON, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def json_object(data: bytes, otherwise: str = "the state is not JSON of an object") -> dict[str, Any]:
    """An object in JSON; an empty one where there is nothing. Raises Malformed, which says `otherwise`."""
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise Malformed("", otherwise)
    return dict(found)
