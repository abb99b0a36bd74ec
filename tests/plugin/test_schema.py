"""`schema.json` is what the model says, and what Pulumi accepts."""

from __future__ import annotations

import json
import subprocess

import pytest

from relay_provider.config import OPTIONS
from relay_provider.model import FIELDS, LiveRoom, RoomInputs
from relay_provider.plugin.functions import FUNCTIONS, OPTIONAL, SECRET
from relay_provider.plugin.package_schema import ROOM, package_schema
from tests.conftest import ROOT, TOOLS

SCHEMA = package_schema()


@pytest.mark.unit
def test_the_committed_schema_is_not_stale() -> None:
    assert json.loads((ROOT / "schema.json").read_text()) == SCHEMA, "run `make schemas`"


@pytest.mark.e2e
def test_pulumi_accepts_it() -> None:
    done = subprocess.run(
        [TOOLS / "pulumi", "schema", "check", ROOT / "schema.json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.unit
def test_inputs_are_the_models() -> None:
    inputs = SCHEMA["resources"][ROOM]["inputProperties"]
    assert list(inputs) == list(FIELDS.values())
    for field, alias in FIELDS.items():
        assert inputs[alias]["description"] == RoomInputs.model_fields[field].description
    assert inputs["metadata"]["$ref"] == "pulumi.json#/Any"
    assert {name for name, spec in inputs.items() if spec.get("willReplaceOnChanges")} == inputs.keys() - {
        "forceDestroy",
        "livekit",  # in part
    }
    assert "requiredInputs" not in SCHEMA["resources"][ROOM]  # the name has a default


@pytest.mark.unit
def test_outputs_are_always_there_but_what_only_the_inputs_say() -> None:
    room = SCHEMA["resources"][ROOM]
    assert room["properties"].keys() - set(room["required"]) == {"emptyTimeout", "livekit", "roomConfig"}
    assert room["properties"]["metadata"]["type"] == "string"
    assert room["properties"]["sid"]["description"] == LiveRoom.model_fields["sid"].description
    assert room["listInputs"]["properties"].keys() == {"namePrefix"}


@pytest.mark.unit
@pytest.mark.parametrize("where", [SCHEMA["config"]["variables"], SCHEMA["provider"]["inputProperties"]])
def test_every_setting_is_there(where: dict[str, dict[str, object]]) -> None:
    assert list(where) == [setting.name for setting in OPTIONS]
    for setting in OPTIONS:
        spec = where[setting.name]
        assert spec["defaultInfo"] == {"environment": [setting.env]}
        assert bool(spec.get("secret")) == setting.secret
        assert setting.description in str(spec["description"])


@pytest.mark.unit
def test_functions_are_the_ones_there_are() -> None:
    assert SCHEMA["functions"].keys() == FUNCTIONS.keys()
    for token, arguments in FUNCTIONS.items():
        inputs = SCHEMA["functions"][token].get("inputs", {"properties": {}, "required": []})
        assert set(arguments) == set(inputs["required"])
        assert {*arguments, *OPTIONAL.get(token, ())} == inputs["properties"].keys()
        outputs = SCHEMA["functions"][token]["outputs"]["properties"]
        assert [name for name, one in outputs.items() if one.get("secret")] == list(SECRET.get(token, ()))


@pytest.mark.unit
def test_everything_is_described_and_exemplified() -> None:
    def described(spec: object, path: str) -> None:
        if isinstance(spec, dict):
            for name, one in spec.get("properties", {}).items():
                assert one.get("description"), f"{path}.{name} has no description"
                described(one, f"{path}.{name}")

    for kind in ("types", "resources", "functions"):
        for token, spec in SCHEMA[kind].items():
            assert spec["description"], token
            for part in (spec, spec.get("inputs"), spec.get("outputs"), spec.get("listInputs")):
                described(part, token)
            if kind != "types":
                for language in ("typescript", "python", "go", "yaml"):
                    assert f"```{language}\n" in spec["description"], f"{token} has no example in {language}"


@pytest.mark.unit
def test_references_lead_somewhere() -> None:
    text = json.dumps(SCHEMA)
    for token in SCHEMA["types"]:
        assert f'"#/types/{token}"' in text, f"{token} is not used"
    resolver = {f"#/types/{token}" for token in SCHEMA["types"]} | {"pulumi.json#/Any"}
    assert {part.split('"')[0] for part in text.split('"$ref": "')[1:]} <= resolver
