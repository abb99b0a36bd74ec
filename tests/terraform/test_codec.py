"""Values on the wire and in the state: nothing is lost, and what the protocol does not allow is told."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.terraform import codec
from relay_provider.terraform.codec import Malformed
from relay_provider.terraform.private import Private
from relay_provider.values import UNKNOWN

pytestmark = pytest.mark.unit

numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def canonical(value: Any) -> Any:
    """Whole floats are integers to the engine."""
    match value:
        case float():
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case list():
            return [canonical(item) for item in value]
        case dict():
            return {key: canonical(item) for key, item in value.items()}
    return value


@given(json_values)
def test_any_json_goes_over_the_wire_and_back(value: Any) -> None:
    raw = codec.unpacked(codec.packed(codec.written(value, codec.DYNAMIC)))
    found = codec.read(raw, codec.DYNAMIC)
    assert canonical(found) == canonical(value)


@given(json_values)
def test_any_json_goes_from_the_state_to_the_wire(value: Any) -> None:
    stated = json.loads(json.dumps({"type": codec.type_of(value), "value": value}))
    raw = codec.from_state(None if value is None else stated, codec.DYNAMIC)
    assert canonical(codec.read(codec.unpacked(codec.packed(raw)), codec.DYNAMIC)) == canonical(value)


@pytest.mark.parametrize("extension", [msgpack.ExtType(0, b"\0"), msgpack.ExtType(12, b"\x81\x01\xc2")])
def test_every_kind_of_unknown_is_one(extension: msgpack.ExtType) -> None:
    raw = codec.unpacked(msgpack.packb({"name": extension, "metadata": [b'"string"', extension]}))
    assert codec.read(raw["name"], "string") is UNKNOWN
    assert codec.read(raw["metadata"], codec.DYNAMIC) is UNKNOWN
    assert codec.packed({"a": UNKNOWN}) == msgpack.packb({"a": msgpack.ExtType(0, b"\0")})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (12, 12),
        (50.0, 50),
        ("0.1", 0.1),
        ("12345678901234567890123", 12345678901234567890123),
        (-3, -3),
        ("1e400", None),
    ],
)
def test_numbers_come_in_three_ways(raw: Any, expected: Any) -> None:
    if expected is None:
        with pytest.raises(Malformed):
            codec.read(raw, "number")
    else:
        assert codec.read(raw, "number") == expected


@pytest.mark.parametrize(
    ("raw", "type_"),
    [
        (1, "string"),
        ("1", "bool"),
        ("one", "number"),
        (True, "number"),
        ("x", "dynamic"),
        ([b"{", 1], "dynamic"),
        ([b'["list"]', []], "dynamic"),
        ([b"7", 1], "dynamic"),
        ([b'["tuple",["string"]]', []], "dynamic"),
        ({}, ["list", "string"]),
        ([], ["object", {"a": "string"}]),
    ],
)
def test_what_the_protocol_does_not_allow_is_told(raw: Any, type_: Any) -> None:
    with pytest.raises(Malformed):
        codec.read(raw, type_, "metadata")


def test_depth_has_an_end() -> None:
    value: Any = 1
    for _ in range(400):
        value = [value]
    with pytest.raises(Malformed):
        codec.read(codec.written(value, codec.DYNAMIC), codec.DYNAMIC)


@pytest.mark.parametrize("data", [b"\xc1", b"\xff\xff", b"\xa5ab", b"\xd9"])
def test_what_is_no_msgpack_is_told(data: bytes) -> None:
    with pytest.raises(Malformed):
        codec.unpacked(data)


def test_what_is_kept_beside_the_state_survives_and_no_more_of_a_plan_than_needed() -> None:
    plan = Private("me", "relay", had="a", foretold=True, force=False, kept=True)
    assert Private.read(plan.written()) == plan
    assert Private.read(plan.of_state("here")) == Private("me", "here")
    assert Private.read(b"").by != Private.read(b"").by
    with pytest.raises(Malformed):
        Private.read(b"[]")
