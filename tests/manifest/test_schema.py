"""The JSON Schema of the YAML: fresh, valid, and of the same mind as the loader where a schema can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from relay_provider.manifest import load, manifest_schema
from relay_provider.manifest.problems import Broken, Problems
from relay_provider.manifest.reader import Reader
from relay_provider.manifest.yamlpos import Scalar, compose
from relay_provider.model import FIELDS, RoomInputs
from tests.manifest.test_bad import CASES
from tests.manifest.test_good import WHOLE

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
VALIDATOR = Draft202012Validator(manifest_schema())

# What only the loader can know: what a text means, and which backend a setting is for.
BEYOND = {
    "The top of the file: a name that is a key",
    "The top of the file: version as a float",  # 1.0 and 1 are equal in JSON
    "Other settings: metadata too long as JSON",
    "Projects: livekit of relay",
    "Projects: relay's settings with livekit",
    "Projects: baseUrl with a password",
    "Projects: baseUrl with a key",
    "Projects: baseUrl broken",
    "Keys: literal as a config key",
    "LiveKit's own settings: on Relay, in every place where they can stand",
    "LiveKit's own settings: on Relay, by default",
    "LiveKit's own settings: delays that are wrong together with a default",
}


def test_the_committed_schema_is_fresh() -> None:
    fresh = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    assert (ROOT / "rooms.schema.json").read_text(encoding="utf-8") == fresh, (
        "rooms.schema.json is stale; write what `relay-rooms schema manifest` prints into it"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(manifest_schema())


def test_settings_come_from_the_model() -> None:
    properties = manifest_schema()["$defs"]["settings"]["properties"]
    assert list(properties) == [alias for alias in FIELDS.values() if alias != "name"]
    for name, field in RoomInputs.model_fields.items():
        if name != "name":
            assert properties[FIELDS[name]]["description"] == field.description
    assert properties["maxParticipants"]["anyOf"] == [
        {"type": "integer", "minimum": 1, "maximum": 10_000},
        {"type": "null"},
    ]


def test_everything_is_described() -> None:
    def undescribed(schema: object, path: str = "") -> list[str]:
        if not isinstance(schema, dict):
            return []
        found = [f"{path}/{key}" for key, value in schema.get("properties", {}).items() if "description" not in value]
        return found + [line for key, value in schema.items() for line in undescribed(value, f"{path}/{key}")]

    assert undescribed(manifest_schema()) == []


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "{version: 1, projects: }",
        "{version: 1, projects: {p: }, x-a: [1]}",
        "{version: 1, defaults: , projects: {p: {defaults: , rooms: , livekit: }}}",
        "{version: 1, projects: {p: {rooms: {a: {maxParticipants: , emptyTimeout: , metadata: , forceDestroy: }}}}}",
        "{version: 1, projects: {p: {rooms: {a: {metadata: [1]}, b: {metadata: {a: 1}}, c: {metadata: x}}}}}",
        "{version: 1, projects: {p: {rooms: {a: {maxParticipants: 50.0}}, apiKey: {config: 'relay:key'}}}}",
    ],
)
def test_good_manifests_pass(text: str, tmp_path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(text))
    (tmp_path / "rooms.yaml").write_text(text)
    load([tmp_path / "rooms.yaml"])


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, text, _ in CASES], ids=[name for name, _, _ in CASES]
)
def test_bad_manifests_fail(name: str, text: str) -> None:
    try:
        problems = Problems("rooms.yaml")
        data = Reader(problems).plain(compose(text) or Scalar("", True, None, (1, 1)))
    except Broken:
        return  # no schema is asked about what is no YAML
    assert problems.found() or VALIDATOR.is_valid(data) == (name in BEYOND)
