"""Pulumi's property values on the wire: plain JSON-like data, with secrets, unknowns and outputs among them.

Secrets are tracked per top-level property: a property that holds a secret anywhere is secret as a whole. The magic
words are those of the SDK (`pulumi.runtime.rpc`, and `rpc.go` for the typed unknowns).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

from relay_provider.errors import InvalidInputs, Problem
from relay_provider.values import UNKNOWN

UNKNOWN_SENTINEL: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_SENTINEL,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public marker
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFUSED: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "an asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "a resource",
}


@dataclass(frozen=True, slots=True)
class Properties:
    """Decoded properties: plain values, the names of those that are secret, and what they were decoded from."""

    values: dict[str, Any]
    secrets: frozenset[str] = frozenset()
    struct: Struct | None = field(default=None, compare=False, repr=False)

    def secret_texts(self) -> tuple[str, ...]:
        """The strings in the secret properties, for redaction; short ones would redact half of every sentence."""
        return tuple(text for name in self.secrets for text in _texts(self.values.get(name)) if len(text) > 3)


def decode(struct: Struct) -> Properties:
    """A protobuf Struct as plain values. Raises InvalidInputs for what no room can hold, such as an asset."""
    reader, fields = _Reader(), struct.fields
    values: dict[str, Any] = {}
    secrets = set()
    for name in fields:
        reader.secret = False
        values[name] = reader.read(fields[name])
        if reader.secret:
            secrets.add(name)
    if reader.refused:
        raise InvalidInputs("The properties cannot be used", [*_refused(values)])
    return Properties(values, frozenset(secrets), struct)


class _Refused(str):
    """Stands for a value that no room can hold: an asset."""


class _Reader:
    # Sets of ten thousand rooms are read by this, and protobuf's maps are slow by items(), which is Python.
    def __init__(self) -> None:
        self.refused = False
        self.secret = False

    def read(self, value: Value) -> Any:
        match value.WhichOneof("kind"):
            case "string_value":
                text = value.string_value
                return UNKNOWN if text in UNKNOWNS else text
            case "number_value":
                return value.number_value
            case "struct_value":
                return self._object(value.struct_value.fields)
            case "bool_value":
                return value.bool_value
            case "list_value":
                return [self.read(item) for item in value.list_value.values]
        return None

    def _object(self, fields: Mapping[str, Value]) -> Any:
        if SIGNATURE not in fields:
            return {key: self.read(fields[key]) for key in fields}
        signature = fields[SIGNATURE].string_value
        if signature == SECRET:
            self.secret = True
            return self.read(fields["value"]) if "value" in fields else None
        if signature == OUTPUT:
            self.secret |= "secret" in fields and fields["secret"].bool_value
            return self.read(fields["value"]) if "value" in fields else UNKNOWN
        self.refused = True
        return _Refused(_REFUSED.get(signature, "a value of an unknown kind"))


def _refused(value: Any, path: str = "") -> Iterator[Problem]:
    match value:
        case _Refused():
            yield Problem(path, f"must not be {value}")
        case dict():
            for key, item in value.items():
                yield from _refused(item, f"{path}.{key}" if path else key)
        case list():
            for index, item in enumerate(value):
                yield from _refused(item, f"{path}[{index}]")


def encode(values: Mapping[str, Any], secrets: Collection[str] = (), before: Properties | None = None) -> Struct:
    """Plain values as a protobuf Struct, the properties named in `secrets` marked as secret.

    Where they are as they were `before`, that one is the answer, which takes no time.
    """
    if before and before.struct and not secrets and before.values == values:
        return before.struct
    struct = Struct()
    for name, value in values.items():
        target = struct.fields[name]
        if name in secrets:
            secret = target.struct_value.fields
            secret[SIGNATURE].string_value = SECRET
            target = secret["value"]
        _write(target, value)
    return struct


def _write(target: Value, value: Any) -> None:
    """Written in place: a message that is handed to another one is copied, at every level."""
    match value:
        case None:
            target.null_value = NULL_VALUE
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case str():
            target.string_value = value
        case dict() | Mapping():
            target.struct_value.SetInParent()
            fields = target.struct_value.fields
            for key, item in value.items():
                _write(fields[key], item)
        case list() | tuple():
            target.list_value.SetInParent()
            for item in value:
                _write(target.list_value.values.add(), item)
        case _ if value is UNKNOWN:
            target.string_value = UNKNOWN_SENTINEL
        case _:
            raise TypeError(f"{type(value).__name__} is no property value")


def _texts(value: Any) -> tuple[str, ...]:
    match value:
        case str():
            return (value,)
        case Mapping():
            return tuple(text for item in value.values() for text in _texts(item))
        case list() | tuple():
            return tuple(text for item in value for text in _texts(item))
    return ()
