"""What holds for every input, not only for those somebody thought of."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_provider.checks import check
from relay_provider.values import UNKNOWN, canonical_json, metadata_meaning
from tests.unit.strategies import anything, json_containers, json_data, names, quick

pytestmark = pytest.mark.unit

DOCUMENT = re.compile(r"\A[A-Za-z0-9._\-:]{1,128}\Z")


def shuffled(value: Any, shuffle: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        shuffle.shuffle(items)
        return {key: shuffled(item, shuffle) for key, item in items}
    return [shuffled(item, shuffle) for item in value] if isinstance(value, list) else value


@quick
@given(json_data)
def test_canonical_json_reads_back_as_the_same_data(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@quick
@given(json_data)
def test_canonical_json_of_canonical_json_is_itself(value: Any) -> None:
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


@quick
@given(json_data, st.randoms(use_true_random=False))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: Any, shuffle: random.Random) -> None:
    assert canonical_json(shuffled(value, shuffle)) == canonical_json(value)


@quick
@given(json_containers, st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 0, 2, "\t"]))
def test_every_spelling_of_a_document_means_the_same(
    value: Any, shuffle: random.Random, escaped: bool, indent: int | str | None
) -> None:
    spelled = json.dumps(shuffled(value, shuffle), ensure_ascii=escaped, indent=indent)
    assert metadata_meaning(spelled) == metadata_meaning(canonical_json(value))


@quick
@given(st.text(st.characters(categories=None)))
def test_metadata_meaning_takes_any_text(text: str) -> None:
    assert metadata_meaning(metadata_meaning(text)) == metadata_meaning(text)


@quick
@given(names | st.text(max_size=3) | names.map(lambda name: name + "\n") | st.integers(1, 300).map("x".__mul__))
def test_a_name_is_accepted_exactly_when_the_document_accepts_it(name: str) -> None:
    # No address can hold a dot or two alone, so such a room could never be ended.
    assert (not check({"name": name}).problems) == (bool(DOCUMENT.match(name)) and name not in (".", ".."))


@quick
@given(
    st.dictionaries(
        st.sampled_from(["name", "maxParticipants", "emptyTimeout", "metadata", "forceDestroy"])
        | st.text(st.characters(categories=None), max_size=5),
        anything | st.just(UNKNOWN) | names | st.integers(-5, 100_000),
    )
)
def test_check_says_what_is_wrong_with_anything(raw: dict[str, Any]) -> None:
    for problem in check(raw).problems:
        str(problem).encode(errors="strict" if problem.path.isprintable() else "replace")
        problem.message.encode()


@quick
@given(
    names,
    st.none() | st.just(UNKNOWN) | st.integers(1, 10_000) | st.integers(1, 10_000).map(float),
    st.none() | st.just(UNKNOWN) | st.integers(1, 86_400),
    st.none() | st.just(UNKNOWN) | json_containers | st.text(),
    st.none() | st.just(UNKNOWN) | st.booleans(),
)
def test_what_check_accepts_it_accepts_again_unchanged(
    name: str, most: Any, timeout: Any, metadata: Any, force: Any
) -> None:
    raw = {
        "name": name,
        "maxParticipants": most,
        "emptyTimeout": timeout,
        "metadata": metadata,
        "forceDestroy": force,
    }
    once = check(raw)
    assert not once.problems
    assert check(once.inputs) == once
