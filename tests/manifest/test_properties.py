"""Whatever is declared comes back, and whatever is thrown at the loader, it answers with sentences and no key."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from relay_provider.manifest import ManifestError, load, yamlpos
from relay_provider.model import RoomInputs
from relay_provider.values import canonical_metadata
from tests.manifest.test_bad import CASES
from tests.manifest.test_good import WHOLE

pytestmark = pytest.mark.unit

KEY = "sk_live_PLANTED0123456789"

names = st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True).filter(
    lambda name: name.strip(".") or len(name) > 2
) | st.sampled_from(["on", "012", "5", "null", "1:30"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
# Floats whose shortest form has an exponent are strings here, so a document that means a number writes it out.
numbers = st.integers(-(10**30), 10**30) | st.floats(-1e9, 1e9, allow_nan=False).map(lambda n: round(n, 3))
json_data = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
).filter(lambda data: not _has_exponent(data))
metadata = texts | json_data.filter(lambda data: isinstance(data, dict | list))
room = st.fixed_dictionaries(
    {},
    optional={
        "maxParticipants": st.integers(1, 10_000) | st.none(),
        "emptyTimeout": st.integers(1, 86_400) | st.none(),
        "metadata": metadata | st.none(),
        "forceDestroy": st.booleans() | st.none(),
    },
)


def _has_exponent(data: object) -> bool:
    match data:
        case float():
            return "e" in repr(data)
        case list():
            return any(_has_exponent(item) for item in data)
        case dict():
            return any(_has_exponent(item) for item in data.values())
    return False


def json_text(document: object) -> str:
    """JSON that is YAML: what may not stand there is escaped, what YAML cannot escape in pairs is not."""
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        json.dumps(document, ensure_ascii=False),
    )


def loaded(data: str | bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rooms.yaml"
        file.write_bytes(data if isinstance(data, bytes) else data.encode(errors="surrogatepass"))
        return load([file])


def said_of(data: str | bytes) -> str:
    """What the loader says; nothing when the manifest is good. Anything but a ManifestError fails the test."""
    try:
        loaded(data)
    except ManifestError as error:
        return str(error)
    return ""


@given(
    st.dictionaries(names, room, max_size=5),
    st.fixed_dictionaries(
        {"default_flow_style": st.sampled_from([None, True, False]), "allow_unicode": st.just(False)}
    ),
)
@settings(max_examples=150, deadline=None)
def test_rooms_come_back_as_they_were(rooms: dict[str, dict[str, Any]], style: dict[str, Any]) -> None:
    expected = [
        RoomInputs.model_validate({"name": name, **{key: value for key, value in room.items() if value is not None}})
        for name, room in rooms.items()
    ]
    document = {"version": 1, "projects": {"p": {"rooms": rooms}}}
    for text in (
        yaml.safe_dump(document, sort_keys=False, width=10_000, **style),
        json_text(document),
    ):
        (project,) = loaded(text).projects
        assert list(project.rooms) == expected


@given(json_data.filter(lambda data: isinstance(data, dict | list)))
@settings(max_examples=100, deadline=None)
def test_metadata_means_what_it_means_in_json(data: Any) -> None:
    (project,) = loaded(json_text({"version": 1, "projects": {"p": {"rooms": {"a": {"metadata": data}}}}})).projects
    assert project.rooms[0].metadata == canonical_metadata(data)


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("{}[]:,-?*&!|>'\"%@` \n\t#<"), max_size=200))
@settings(max_examples=300, deadline=None)
@example("? ")
@example("%TAG ! tag:yaml.org,2002:\n---\n!str x")
def test_any_text_is_answered_with_sentences(text: str) -> None:
    assert said_of(text)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_answered_with_sentences(data: bytes) -> None:
    assert said_of(data)


snippets = st.sampled_from(
    [KEY, "'", '"', "{", "}", "[", "]", ": ", "\n", "  ", "*", "&a ", "!", "!!str ", "<<: ", "x"]
)
good = [WHOLE, *(text for _, text, _ in CASES if len(text) < 400)]


@pytest.mark.parametrize("loader", [yamlpos.LOADER, yaml.SafeLoader], ids=["fast", "python"])
@given(text=st.sampled_from(good), at=st.floats(0, 1), cut=st.integers(0, 12), planted=st.lists(snippets, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_planted_key_is_never_echoed(
    loader: Any, text: str, at: float, cut: int, planted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest damaged at any place, with a key put there."""
    monkeypatch.setattr(yamlpos, "LOADER", loader)
    place = int(at * len(text))
    damaged = text[:place] + KEY + "".join(planted) + text[place + cut :]
    assert "PLANTED" not in said_of(damaged)


@pytest.mark.parametrize("loader", [yamlpos.LOADER, yaml.SafeLoader], ids=["fast", "python"])
@given(
    value=st.lists(
        st.sampled_from(
            ["PLANTED", "'", '"', "{", "}", "[", "]", ": ", ":", ", ", "*", "&", "!", "|", "%", "@", "\\", "env: "]
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_at_the_place_of_a_key_is_echoed(
    loader: Any, value: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamlpos, "LOADER", loader)
    text = f"version: 1\nprojects:\n  p:\n    livekit:\n      apiSecret: {''.join(value)}\n"
    assert "PLANTED" not in said_of(text)
