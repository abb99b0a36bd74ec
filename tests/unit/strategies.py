"""Hypothesis strategies and the one setting they run with: no deadlines, as a busy machine is no bug."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

quick = settings(deadline=None, max_examples=50)

json_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_data: st.SearchStrategy[Any] = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
json_containers: st.SearchStrategy[Any] = st.lists(json_data, max_size=4) | st.dictionaries(
    st.text(max_size=8), json_data, max_size=4
)

anything: st.SearchStrategy[Any] = st.recursive(
    json_scalars
    | st.floats()
    | st.text(st.characters(categories=None))  # half surrogate pairs too
    | st.binary(max_size=4)
    | st.integers(min_value=10**30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text(st.characters(categories=None), max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)
"""JSON-like input and what only looks like it."""

names = st.from_regex(r"[A-Za-z0-9._:-]{1,20}", fullmatch=True).filter(lambda name: name not in (".", ".."))
