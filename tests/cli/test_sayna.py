"""`relay-rooms get --source sayna`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Api, Run
from tests.cli.shapes import conforms
from tests.unit.test_sayna import ALICE, ROOM, TOKEN

pytestmark = pytest.mark.unit

PATH = "GET /livekit/rooms/conversation-room-123"


def test_as_json_it_is_the_documents_answer(run: Run, api: Api) -> None:
    api.answer(PATH, ROOM)
    result = run("get", "conversation-room-123", "--source", "sayna", "-o", "json", env={"SAYNA_URL": api.url})
    assert (result.exit_code, json.loads(result.stdout)) == (0, ROOM)
    conforms("get-sayna", ROOM)


def test_people_are_shown_with_kind_metadata_and_attributes(run: Run, api: Api) -> None:
    bot = {**ALICE, "identity": "bot", "kind": "AGENT", "metadata": "text", "attributes": {"lang": "ü"}}
    api.answer(PATH, {**ROOM, "participants": [ALICE, bot]})
    result = run("get", "conversation-room-123", "--source", "sayna", env={"SAYNA_URL": api.url})
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert 'user-alice-456 Alice Smith ACTIVE STANDARD yes 2023-12-21 01:50:56Z {"role": "host"}' in lines
    assert 'bot Alice Smith ACTIVE AGENT yes 2023-12-21 01:50:56Z text {"lang": "ü"}' in lines
    assert lines[-1] == "2 participants in conversation-room-123."


def test_nobody_in_the_room(run: Run, api: Api) -> None:
    api.answer(PATH, {**ROOM, "participants": [], "max_participants": 0})
    result = run("get", "conversation-room-123", "--source", "sayna", "-o", "markdown", env={"SAYNA_URL": api.url})
    assert result.stdout.startswith("**Nobody in conversation-room-123.**")


def test_no_key_of_the_rooms_api_is_needed_but_the_address_is(run: Run) -> None:
    result = run("get", "conversation-room-123", "--source", "sayna")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "saynaUrl is not set; set SAYNA_URL" in result.stderr


def test_a_404_is_an_error_that_concludes_nothing(run: Run, api: Api) -> None:
    env = {"SAYNA_URL": api.url, "SAYNA_TOKEN": TOKEN}
    result = run("get", "conversation-room-123", "--source", "sayna", env=env)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not there, or not yours" in result.stderr
    assert TOKEN not in result.stderr
