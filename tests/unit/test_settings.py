"""The one table of settings: what is in it, what reads it, and that a new setting is one entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_camel

from relay_provider.backends.livekit import LiveKitBackend
from relay_provider.backends.relay import RelayBackend
from relay_provider.livekit_room import LiveKit
from relay_provider.model import ABSENT, FIELDS, SETTINGS, LiveRoom, RoomInputs, in_place, same, settings_of, unreported
from relay_provider.values import UNKNOWN

pytestmark = pytest.mark.unit


def agent(name: str, **told: str) -> dict[str, str]:
    return {"agentName": name, **told}


def test_the_settings_are_every_input_but_the_name_and_the_consent() -> None:
    assert settings_of("relay") == ("maxParticipants", "emptyTimeout", "metadata")
    assert set(SETTINGS) - set(settings_of("relay")) == {f"livekit.{to_camel(name)}" for name in LiveKit.model_fields}
    assert set(FIELDS.values()) - set(SETTINGS) == {"name", "forceDestroy", "livekit"}
    assert settings_of("livekit") == tuple(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_a_field_of_the_inputs_and_of_the_live_room_where_it_is_reported(name: str) -> None:
    setting = SETTINGS[name]
    inputs = LiveKit if name.startswith("livekit.") else RoomInputs
    assert setting.field in inputs.model_fields
    assert (setting.field in LiveRoom.model_fields) == (setting.unreported_by != setting.only_on)


def test_what_is_absent_has_one_meaning() -> None:
    assert {name: value for name, value in ABSENT.items() if value is not None} == {
        "maxParticipants": 0,
        "metadata": "",
        "livekit.minPlayoutDelay": 0,
        "livekit.maxPlayoutDelay": 0,
        "livekit.syncStreams": False,
        "forceDestroy": False,
    }


@pytest.mark.parametrize(
    ("backend", "place", "can", "hides"),
    [
        (RelayBackend, "relay", set(), {"emptyTimeout"}),
        (
            LiveKitBackend,
            "livekit",
            {"metadata", "livekit.agents"},
            {f"livekit.{name}" for name in ("roomPreset", "minPlayoutDelay", "maxPlayoutDelay", "syncStreams")},
        ),
    ],
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
        (
            "livekit.agents",
            [{"agentName": "a"}, {"agentName": "b"}],
            [{"agentName": "b", "metadata": ""}, {"agentName": "a"}],
        ),
        (
            "livekit.agents",
            [{"agentName": "a", "metadata": '{"x":1}'}],
            [{"agentName": "a", "metadata": '{ "x": 1.0 }'}],
        ),
        ("livekit.minPlayoutDelay", None, 0),
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
        ("livekit.agents", [agent("a")], [agent("a"), agent("a")]),
        ("livekit.agents", None, []),
        ("livekit.agents", [agent("a")], UNKNOWN),
        ("forceDestroy", None, True),
        ("name", '{"a":1}', '{ "a": 1 }'),
        ("sid", '{"a":1}', '{ "a": 1 }'),
    ],
)
def test_not_the_same(name: str, one: object, other: object) -> None:
    assert not same(name, one, other)
    assert not same(name, other, one)


NEW_SETTING = """
    ring_timeout: Annotated[
        int | None,
        optional(lambda value: whole_number(value, 1, 60)),
        Setting(absent=None, limits="1 to 60", when_absent="the server's default", in_place_on=frozenset({"livekit"}),
             unreported_by=frozenset({"relay"})),
    ] = Field(default=None, ge=1, le=60, description="Seconds after the last one left.")
    force_destroy: Annotated["""
LIVE_FIELD = """    ring_timeout: int | None = None
    empty_timeout: int | None = Field("""
PROOF = """
from relay_provider import changes, drift, model
from relay_provider.checks import check
from relay_provider.model import LiveRoom, RoomInputs

old = {"name": "a", "ringTimeout": 5}
assert check({"name": "a", "ringTimeout": 61}).problems[0].path == "ringTimeout"
wanted = RoomInputs(name="a", ring_timeout=7)
assert wanted.wire() == {"name": "a", "ringTimeout": 7}
assert changes.diff(old, wanted.props(), model.in_place("relay")).replaces == ("ringTimeout",)
assert changes.diff(old, wanted.props(), model.in_place("livekit")).replaces == ()
assert model.unreported("relay") == {"emptyTimeout", "ringTimeout"}
live = LiveRoom(name="a", sid="RM_1", max_participants=0, creation_time=1, metadata="", ring_timeout=5)
assert [str(one.field) for one in drift.differences(wanted, live)] == ["ringTimeout"]
assert changes.outputs(wanted.props(), live)["ringTimeout"] == 5
assert changes.imported_inputs(live) == {"name": "a", "ringTimeout": 5}

from relay_provider.manifest.json_schema import manifest_schema
from relay_provider.plugin.package_schema import package_schema

assert "ringTimeout" in str(manifest_schema()) and "ringTimeout" in str(package_schema())
"""


def test_a_new_setting_is_one_entry_and_its_field_of_the_live_room(tmp_path: Path) -> None:
    """The model with one more setting, and everything that reads the table knows it."""
    for name, old, new in [
        ("model", "\n    force_destroy: Annotated[", NEW_SETTING),
        ("live", "    empty_timeout: int | None = Field(", LIVE_FIELD),
    ]:
        text = Path(sys.modules[f"relay_provider.{name}"].__file__ or "").read_text()
        assert text.count(old) == 1
        (tmp_path / f"{name}.py").write_text(text.replace(old, new))
    program = (
        "import sys, importlib.util as u, relay_provider\n"
        "for name in ('live', 'model'):\n"
        "    spec = u.spec_from_file_location(f'relay_provider.{name}', f'{sys.argv[1]}/{name}.py')\n"
        "    sys.modules[f'relay_provider.{name}'] = module = u.module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n"
    )
    subprocess.run([sys.executable, "-c", program + PROOF, str(tmp_path)], check=True, timeout=60)
