"""A room's inputs: every rule of the table, both sides of every limit."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from relay_provider.checks import Checked, check
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.values import UNKNOWN, canonical_json, holds_unknown, metadata_meaning

pytestmark = pytest.mark.unit


def checked(**inputs: Any) -> Checked:
    return check({"name": "standup", **inputs})


def value_of(field: str, value: Any) -> Any:
    found = checked(**{field: value})
    assert not found.problems
    return found.inputs.get(field)


def problem_of(field: str, value: Any) -> str:
    (problem,) = checked(**{field: value}).problems
    assert problem.path == field
    return problem.message


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


# -- Names


@pytest.mark.parametrize("name", ["a", "A.b_c-d:e", "7", "...", "-", "x" * 128])
def test_a_name_of_allowed_characters_passes(name: str) -> None:
    assert check({"name": name}) == Checked({"name": name}, ())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "must not be empty"),
        pytest.param("x" * 129, "must have at most 128 characters, not 129", id="too long"),
        ("team/standup", 'may hold letters, digits and . _ - : only, not "team/standup"'),
        ("stand up ", 'may hold letters, digits and . _ - : only, not "stand up "'),
        ("standup\n", 'may hold letters, digits and . _ - : only, not "standup\\n"'),
        ("bücher", 'may hold letters, digits and . _ - : only, not "bücher"'),
        ("٣", 'may hold letters, digits and . _ - : only, not "٣"'),
        ("\ud800", 'may hold letters, digits and . _ - : only, not "\\ud800"'),
        ("/" * 50, f'may hold letters, digits and . _ - : only, not "{"/" * 39}…"'),
        (".", 'must not be ".": an address cannot hold it, so the room could never be ended'),
        ("..", 'must not be "..": an address cannot hold it, so the room could never be ended'),
        (7, "must be a string, not a number"),
        (True, "must be a string, not a boolean"),
        (["a"], "must be a string, not a list"),
        ({"a": 1}, "must be a string, not an object"),
    ],
)
def test_any_other_name_is_a_sentence(name: Any, message: str) -> None:
    assert problem_of("name", name) == message


@pytest.mark.parametrize("inputs", [{}, {"name": None}])
def test_a_name_is_required(inputs: dict[str, Any]) -> None:
    assert [str(problem) for problem in check(inputs).problems] == ["name: is required"]


# -- Numbers


@pytest.mark.parametrize("field", ["maxParticipants", "emptyTimeout"])
def test_a_number_may_be_absent(field: str) -> None:
    assert value_of(field, None) is None


@pytest.mark.parametrize(
    ("field", "value", "whole"),
    [
        ("maxParticipants", 1, 1),
        ("maxParticipants", 10_000, 10_000),
        ("maxParticipants", 50.0, 50),
        ("emptyTimeout", 1, 1),
        ("emptyTimeout", 86_400, 86_400),
        ("emptyTimeout", 600.0, 600),
    ],
)
def test_a_number_within_its_limits_passes_as_an_integer(field: str, value: float, whole: int) -> None:
    found = value_of(field, value)
    assert (found, type(found)) == (whole, int)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (-1, "-1"),
        (10_001, "10001"),
        (50.5, "50.5"),
        (True, "a boolean"),
        ("50", '"50"'),
        ([50], "a list"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (1e308, "1e+308"),
        pytest.param(10**5000, "a number of more than 20 digits", id="5000 digits"),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_any_other_number_of_participants_is_a_sentence(value: Any, shown: str) -> None:
    assert problem_of("maxParticipants", value) == f"must be a whole number from 1 to 10000, not {shown}"


@pytest.mark.parametrize("value", [0, 86_401, True, 0.5, "600"])
def test_any_other_timeout_is_a_sentence(value: Any) -> None:
    assert problem_of("emptyTimeout", value).startswith("must be a whole number from 1 to 86400, not ")


# -- Metadata


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain words", "plain words"),
        ("", ""),
        ('{ "b": 1, "a": 2 }', '{ "b": 1, "a": 2 }'),
        ({"b": 1, "a": [True, None, 1.5]}, '{"a":[true,null,1.5],"b":1}'),
        ({"topic": "Grüße ☎ 😀"}, '{"topic":"Grüße ☎ 😀"}'),
        ({"n": 50.0, "m": -0.0}, '{"m":0,"n":50}'),
        ({"n": 10**20}, '{"n":100000000000000000000}'),
        ({"n": 1e300}, '{"n":1e+300}'),
        (("a", 1), '["a",1]'),
        ([], "[]"),
        ({"quote": '"\\\n'}, '{"quote":"\\"\\\\\\n"}'),
    ],
)
def test_metadata_is_a_string_as_it_is_or_canonical_json(value: Any, text: str) -> None:
    assert value_of("metadata", value) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "must be a string, or an object or list that becomes JSON, not a number"),
        (True, "must be a string, or an object or list that becomes JSON, not a boolean"),
        ({"n": math.nan}, "must not hold NaN or Infinity, which JSON cannot say"),
        ([-math.inf], "must not hold NaN or Infinity, which JSON cannot say"),
        ({"a": {5: 1}}, "must have strings as keys, not a number (5)"),
        ({None: 1}, "must have strings as keys, not null (null)"),
        ({"a": b"bytes"}, "must hold JSON data only, not a bytes"),
        ({"a": {1, 2}}, "must hold JSON data only, not a set"),
        ("\ud800", "must be valid Unicode: it holds half of a surrogate pair"),
        ({"a": "\udfff"}, "must be valid Unicode: it holds half of a surrogate pair"),
        ({"\ud800": 1}, "must be valid Unicode: it holds half of a surrogate pair"),
        ({"n": 10**5000}, "must not hold a number of thousands of digits"),
        (nested(600), "is nested too deeply"),
        (nested(20_000), "is nested too deeply"),
    ],
)
def test_metadata_that_cannot_be_stored_is_a_sentence(value: Any, message: str) -> None:
    assert problem_of("metadata", value) == message


def test_metadata_that_holds_itself_is_nested_too_deeply() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert problem_of("metadata", loop) == "is nested too deeply"


@pytest.mark.parametrize("character", ["x", "ü", "😀"])
def test_4096_characters_of_metadata_are_the_limit(character: str) -> None:
    assert value_of("metadata", character * 4096) == character * 4096
    assert problem_of("metadata", character * 4097) == "must have at most 4096 characters, not 4097"


def test_characters_of_metadata_are_counted_after_it_became_json() -> None:
    fits = {"a": "x" * (4096 - len('{"a":""}'))}
    assert len(value_of("metadata", fits)) == 4096
    assert problem_of("metadata", {"a": fits["a"] + "x"}) == "must have at most 4096 characters, not 4097"
    assert value_of("metadata", {"n": [50.0] * 1000})  # "50.0" each would be too long


# -- Consent


@pytest.mark.parametrize(("value", "kept"), [(True, True), (False, None), (None, None)])
def test_force_destroy_is_false_unless_it_is_true(value: Any, kept: bool | None) -> None:
    assert value_of("forceDestroy", value) is kept


@pytest.mark.parametrize(("value", "shown"), [("true", '"true"'), (1, "1"), ("yes", '"yes"')])
def test_force_destroy_is_never_guessed(value: Any, shown: str) -> None:
    assert problem_of("forceDestroy", value) == f"must be true or false, not {shown}"


# -- Keys


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("max_participants", "maxParticipants"),
        ("maxparticipants", "maxParticipants"),
        ("maxParticipant", "maxParticipants"),
        ("empty-timeout", "emptyTimeout"),
        ("emptyTimeOut", "emptyTimeout"),
        ("force_destroy", "forceDestroy"),
        ("meta", "metadata"),
        ("METADATA", "metadata"),
    ],
)
def test_an_unknown_key_gets_a_did_you_mean(key: str, meant: str) -> None:
    assert problem_of(key, 1) == f"is not a known key; did you mean {meant}?"


def test_an_unknown_key_like_no_other_gets_the_list() -> None:
    known = "name, maxParticipants, emptyTimeout, metadata, livekit, forceDestroy"
    assert problem_of("colour", "red") == f"is not a known key; known are {known}"


def test_every_wrong_field_is_reported_at_once() -> None:
    wrong = {"name": "a b", "maxParticipants": 0, "emptyTimeout": -1, "metadata": 5, "forceDestroy": 1, "colour": 1}
    assert [problem.path for problem in check(wrong).problems] == list(wrong)


# -- Unknowns


@pytest.mark.parametrize("field", ["name", "maxParticipants", "emptyTimeout", "metadata", "forceDestroy"])
def test_an_unknown_value_passes_and_stays_unknown(field: str) -> None:
    found = checked(**{field: UNKNOWN})
    assert not found.problems
    assert found.inputs[field] is UNKNOWN


@pytest.mark.parametrize("value", [{"a": UNKNOWN}, [1, UNKNOWN], {"a": [{"b": (UNKNOWN,)}]}])
def test_a_value_that_holds_an_unknown_is_unknown(value: Any) -> None:
    assert value_of("metadata", value) is UNKNOWN


def test_unknowns_do_not_hide_what_is_wrong_with_the_rest() -> None:
    found = check({"name": UNKNOWN, "maxParticipants": 0, "metadata": {"a": UNKNOWN}})
    assert [problem.path for problem in found.problems] == ["maxParticipants"]


def test_an_unknown_key_is_wrong_even_when_its_value_is_unknown() -> None:
    assert [problem.path for problem in checked(colour=UNKNOWN).problems] == ["colour"]


def test_a_known_value_holds_no_unknown() -> None:
    assert not holds_unknown({"a": [1, "UNKNOWN", None, {"b": ()}]})


def test_an_unknown_equals_only_itself() -> None:
    assert UNKNOWN not in (None, "", 0, "UNKNOWN", object())


# -- Meaning


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":[2]}', '{ "b": [ 2.0 ],\n "a": 1 }'),
        ('{"a":"ü"}', '{"a":"\\u00fc"}'),
        ('[1,"a"]', ' [1.0, "\\u0061"]\n'),
    ],
)
def test_two_spellings_of_one_json_document_mean_the_same(one: str, other: str) -> None:
    assert metadata_meaning(one) == metadata_meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),  # plain text that happens to be a number
        ('"a"', '"\\u0061"'),
        ("{", "{ "),
        ('{"a":NaN}', '{"a": NaN}'),
        ('{"a":true}', '{"a":1}'),
        ('{"a":null}', "{}"),
        ("[1,2]", "[2,1]"),
        ("", "{}"),
        ("{}", "[]"),
        pytest.param("[" * 5000, "[" * 5001, id="too deep"),
        pytest.param("[" + "1" * 5000 + "]", "[ " + "1" * 5000 + "]", id="too many digits"),
    ],
)
def test_other_strings_mean_what_they_are(one: str, other: str) -> None:
    assert metadata_meaning(one) != metadata_meaning(other)


# -- Spelling


def test_props_leave_out_what_is_absent() -> None:
    assert RoomInputs(name="a").props() == {"name": "a"}
    assert RoomInputs(name="a", max_participants=2, metadata="", force_destroy=True).props() == {
        "name": "a",
        "maxParticipants": 2,
        "metadata": "",
        "forceDestroy": True,
    }


def test_inputs_take_python_names_in_programs_and_schema_names_in_check() -> None:
    assert RoomInputs(name="a", empty_timeout=5) == RoomInputs.model_validate({"name": "a", "emptyTimeout": 5})
    assert checked(empty_timeout=5).problems


def test_canonical_json_sorts_keys_at_every_level() -> None:
    assert canonical_json([{"b": {"d": 1, "c": 2}, "a": 3}]) == '[{"a":3,"b":{"c":2,"d":1}}]'


def test_a_live_room_never_shows_a_timeout_that_the_document_does_not_have() -> None:
    live = LiveRoom(name="a", sid="RM_1", max_participants=0, creation_time=1, metadata="", empty_timeout=60)
    assert json.loads(live.model_dump_json(by_alias=True)).keys() == {
        "room",
        "sid",
        "numParticipants",
        "maxParticipants",
        "creationTime",
        "metadata",
    }
