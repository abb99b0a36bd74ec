from __future__ import annotations

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from relay_provider.errors import InvalidInputs
from relay_provider.plugin import codec
from relay_provider.plugin.codec import SIGNATURE, decode, encode
from relay_provider.values import UNKNOWN

pytestmark = pytest.mark.unit

PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def wire(value: object) -> Struct:
    return ParseDict({"metadata": value}, Struct())


def secret(value: object) -> dict[str, object]:
    return {SIGNATURE: codec.SECRET, "value": value}


def output(**fields: object) -> dict[str, object]:
    return {SIGNATURE: codec.OUTPUT, **fields}


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_plain_values_survive_the_wire(values: dict[str, object]) -> None:
    assert decode(encode(values)) == codec.Properties(values)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_secrets_survive_the_wire_as_secrets(values: dict[str, object]) -> None:
    assert decode(encode(values, values.keys())) == codec.Properties(values, frozenset(values))


def test_what_is_as_it_was_is_not_written_anew() -> None:
    before = decode(encode({"name": "lobby", "metadata": None}))
    assert encode({"metadata": None, "name": "lobby"}, before=before) is before.struct
    assert decode(encode({"name": "hall", "metadata": None}, before=before)).values["name"] == "hall"
    assert decode(encode(before.values, {"name"}, before)).secrets == {"name"}


def test_the_magic_words_are_the_sdks() -> None:
    assert rpc._special_sig_key == codec.SIGNATURE
    assert rpc._special_secret_sig == codec.SECRET
    assert rpc._special_output_value_sig == codec.OUTPUT
    assert codec.UNKNOWN_SENTINEL == rpc.UNKNOWN
    refused = {rpc._special_asset_sig, rpc._special_archive_sig, rpc._special_resource_sig}
    assert set(codec._REFUSED) == refused


@pytest.mark.parametrize("sentinel", sorted(codec.UNKNOWNS))
def test_every_unknown_is_unknown(sentinel: str) -> None:
    assert decode(wire(sentinel)).values["metadata"] is UNKNOWN
    assert decode(wire({"deep": [sentinel]})).values["metadata"]["deep"] == [UNKNOWN]


def test_unknown_is_written_as_the_sentinel() -> None:
    assert encode({"sid": UNKNOWN})["sid"] == rpc.UNKNOWN
    assert encode({"sid": UNKNOWN}, {"sid"})["sid"]["value"] == rpc.UNKNOWN


@pytest.mark.parametrize(
    ("value", "plain", "is_secret"),
    [
        (secret("s"), "s", True),
        (secret(secret("s")), "s", True),
        (secret({"a": [1]}), {"a": [1]}, True),
        ({"a": [secret("s")]}, {"a": ["s"]}, True),
        ({SIGNATURE: codec.SECRET}, None, True),
        (output(value="v"), "v", False),
        (output(value="v", secret=True), "v", True),
        (output(value="v", secret=False, dependencies=["urn:x"]), "v", False),
        (output(), UNKNOWN, False),
        (output(secret=True), UNKNOWN, True),
        (output(value=secret("s")), "s", True),
    ],
)
def test_secrets_and_outputs(value: object, plain: object, is_secret: bool) -> None:
    found = decode(wire(value))
    assert found.values["metadata"] == plain
    assert found.secrets == ({"metadata"} if is_secret else set())


@pytest.mark.parametrize(
    ("signature", "what"),
    [
        (rpc._special_asset_sig, "an asset"),
        (rpc._special_archive_sig, "an archive"),
        (rpc._special_resource_sig, "a resource"),
        ("something else", "a value of an unknown kind"),
    ],
)
def test_what_no_room_can_hold_is_refused_where_it_is(signature: str, what: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        decode(wire({"list": [1, {SIGNATURE: signature, "text": "x"}]}))
    assert [str(problem) for problem in caught.value.problems] == [f"metadata.list[1]: must not be {what}"]


def test_texts_worth_hiding() -> None:
    found = decode(encode({"metadata": {"a": ["long enough", "abc"]}, "name": "public"}, {"metadata"}))
    assert found.secret_texts() == ("long enough",)
