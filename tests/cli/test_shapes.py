"""The JSON Schemas of what commands print: fresh, valid, true. `Shop.json` holds the engine's commands to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from relay_provider.cli.json_schemas import SCHEMAS, json_schema
from relay_provider.cli.validate import OUTPUTS
from tests.cli.conftest import Api, Run, manifest, room
from tests.cli.shapes import ROOT, conforms
from tests.served import KEY

pytestmark = pytest.mark.unit


def test_every_schema_is_told_of_and_committed() -> None:
    assert tuple(SCHEMAS) == OUTPUTS
    assert sorted(file.stem for file in (ROOT / "schemas").iterdir()) == sorted(SCHEMAS)
    assert f"OUTPUTS = {' '.join(OUTPUTS)}\n" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schemas_are_fresh_and_schemas(run: Run, name: str) -> None:
    Draft202012Validator.check_schema(json_schema(name))
    assert (ROOT / f"schemas/{name}.json").read_bytes() == run("schema", name).stdout_bytes, "run `make schemas`"


def test_drift(run: Run, api: Api, folder: Path) -> None:
    (folder / "rooms.yaml").write_text(manifest(api.url))
    for live in ([], [room("standup", maxParticipants=3, metadata="x"), room("zoo")]):
        api.rooms(*live)
        conforms("drift", json.loads(run("drift", "-o", "json", env={"ACME_KEY": KEY}).stdout))


def test_what_is_asked_by_hand(run: Run, api: Api) -> None:
    person = {"identity": "a", "name": "", "state": 2, "joinedAt": 1, "tracks": 0}
    api.rooms(room("a"), room("b", metadata="x"))
    api.answer("GET /v1/rooms/a", {**room("a"), "participants": [person]})
    api.answer("DELETE /v1/rooms/a/participants/a", {"removed": True})
    for name, *command in (
        ("list", "list"),
        ("get", "get", "a"),
        ("remove-participant", "remove-participant", "a", "a"),
    ):
        done = run(*command, "-o", "json", env=api.env)
        assert done.exit_code == 0, done.stderr
        conforms(name, json.loads(done.stdout))
    conforms("imports", json.loads(run("export", "--imports", env=api.env).stdout))


@pytest.mark.parametrize("wrong", [{"removed": 1}, {}, {"removed": True, "more": 1}])
def test_the_check_itself_is_strict(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        conforms("remove-participant", wrong)
