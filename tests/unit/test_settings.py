"""The one table of settings: what is in it, what reads it, and that a new setting is one entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.backends.relay import RelayBackend
from relay_provider.model import ABSENT, FIELDS, SETTINGS, LiveRoom, RoomInputs, in_place, same, unreported
from relay_provider.values import UNKNOWN

pytestmark = pytest.mark.unit


def test_the_settings_are_every_input_but_the_name_and_the_consent() -> None:
    assert list(SETTINGS) == ["maxParticipants", "emptyTimeout", "metadata"]
    assert set(FIELDS.values()) - set(SETTINGS) == {"name", "forceDestroy"}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_a_field_of_the_inputs_and_of_the_live_room(name: str) -> None:
    field = SETTINGS[name].field
    assert field in RoomInputs.model_fields
    assert field in LiveRoom.model_fields


def test_what_is_absent_has_one_meaning() -> None:
    assert ABSENT == {"maxParticipants": 0, "emptyTimeout": None, "metadata": "", "forceDestroy": False}


@pytest.mark.parametrize(
    ("backend", "place", "can", "hides"),
    [(RelayBackend, "relay", set(), {"emptyTimeout"}), (LiveKitBackend, "livekit", {"metadata"}, set())],
)
def test_what_a_backend_changes_in_place_and_does_not_report(backend: Any, place: str, can: Any, hides: Any) -> None:
    assert backend.in_place == in_place(place) == can
    assert backend.unreported == unreported(place) == hides


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("maxParticipants", None, 0),
        ("maxParticipants", 50, 50.0),
        ("emptyTimeout", None, None),
        ("metadata", None, ""),
        ("metadata", '{"a":1,"b":2}', '{ "b": 2.0, "a": 1 }'),
        ("metadata", UNKNOWN, UNKNOWN),
        ("forceDestroy", None, False),
        ("name", "a", "a"),
    ],
)
def test_the_same_in_any_spelling(name: str, one: object, other: object) -> None:
    assert same(name, one, other)
    assert same(name, other, one)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("maxParticipants", None, 1),
        ("emptyTimeout", None, 300),
        ("metadata", None, "{}"),
        ("metadata", "a", UNKNOWN),
        ("metadata", "", UNKNOWN),
        ("maxParticipants", 1, UNKNOWN),
        ("forceDestroy", None, True),
        ("name", '{"a":1}', '{ "a": 1 }'),
        ("sid", '{"a":1}', '{ "a": 1 }'),
    ],
)
def test_not_the_same(name: str, one: object, other: object) -> None:
    assert not same(name, one, other)
    assert not same(name, other, one)


NEW_SETTING = """
    departure_timeout: Annotated[
        int | None,
        _optional(lambda value: whole_number(value, 1, 60)),
        Setting(absent=None, limits="1 to 60", when_absent="the server's default", in_place_on=frozenset({"livekit"}),
             unreported_by=frozenset({"relay"})),
    ] = Field(default=None, ge=1, le=60, description="Seconds after the last one left.")
    force_destroy: Annotated["""
LIVE_FIELD = """    departure_timeout: int | None = None
    empty_timeout: int | None = Field("""
PROOF = """
from relay_provider import changes, drift, model
from relay_provider.model import LiveRoom, RoomInputs, check

old = {"name": "a", "departureTimeout": 5}
assert check({"name": "a", "departureTimeout": 61}).problems[0].path == "departureTimeout"
wanted = RoomInputs(name="a", departure_timeout=7)
assert wanted.wire() == {"name": "a", "departureTimeout": 7}
assert changes.diff(old, wanted.props(), model.in_place("relay")).replaces == ("departureTimeout",)
assert changes.diff(old, wanted.props(), model.in_place("livekit")).replaces == ()
assert model.unreported("relay") == {"emptyTimeout", "departureTimeout"}
live = LiveRoom(name="a", sid="RM_1", max_participants=0, creation_time=1, metadata="", departure_timeout=5)
assert [str(one.field) for one in drift.differences(wanted, live)] == ["departureTimeout"]
assert changes.outputs(wanted.props(), live)["departureTimeout"] == 5
assert changes.imported_inputs(live) == {"name": "a", "departureTimeout": 5}

from relay_provider.manifest.json_schema import manifest_schema
from relay_provider.plugin.package_schema import package_schema

assert "departureTimeout" in str(manifest_schema()) and "departureTimeout" in str(package_schema())
"""


def test_a_new_setting_is_one_entry_and_its_field_of_the_live_room(tmp_path: Path) -> None:
    """The model with one more setting, and everything that reads the table knows it."""
    text = Path(sys.modules["relay_provider.model"].__file__ or "").read_text()
    for old, new in [
        ("\n    force_destroy: Annotated[", NEW_SETTING),
        (
            "    empty_timeout: int | None = Field(",
            "    departure_timeout: int | None = None\n    empty_timeout: int | None = Field(",
        ),
    ]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "model.py").write_text(text)
    program = (
        "import sys, importlib.util as u, relay_provider\n"
        "spec = u.spec_from_file_location('relay_provider.model', sys.argv[1])\n"
        "model = sys.modules['relay_provider.model'] = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(model)\n"
    )
    subprocess.run([sys.executable, "-c", program + PROOF, str(tmp_path / "model.py")], check=True, timeout=60)
