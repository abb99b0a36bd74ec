"""The schemas are the model's, in this door's names and words."""

from __future__ import annotations

import asyncio
import re

import pytest
from pydantic import BaseModel, Field

from relay_provider.config import OPTIONS, Connection, required
from relay_provider.errors import ConfigError
from relay_provider.model import FIELDS
from relay_provider.terraform import schema
from relay_provider.terraform.provider import Provider
from relay_provider.terraform.words import in_hcl, path

pytestmark = pytest.mark.unit

CAMEL = re.compile(r"\b[a-z]+[A-Z]\w*")


class Inner(BaseModel):
    agent_name: str = Field(description="Who.")


class Nested(BaseModel):
    """A setting that is an object, with objects in it."""

    departure_timeout: int | None = Field(default=None, description="Seconds.")
    agents: list[Inner] | None = Field(default=None, description="Who comes.")


class Model(BaseModel):
    nested: Nested | None = Field(default=None, description="More.")


def test_everything_of_the_model_and_the_settings_is_there() -> None:
    found = asyncio.run(Provider().get_provider_schema(None))
    room = {one.name: one for one in found.resource_schemas["relay_room"].block.attributes}
    assert set(room) == {*FIELDS, "sid", "creation_time", "room_config"}
    assert [name for name, one in room.items() if one.required] == ["name"]
    assert room["metadata"].type == b'"dynamic"'
    options = {one.name: one for one in found.provider.block.attributes}
    assert set(options) == {one.field for one in OPTIONS}
    assert {name for name, one in options.items() if one.sensitive} == {one.field for one in OPTIONS if one.secret}
    assert all(one.optional for one in options.values())
    assert set(found.data_source_schemas) == {"relay_room", "relay_rooms", "relay_sayna_room"}
    (text,) = found.functions["manifest"].parameters
    assert text.name == "text"


def test_what_people_read_has_this_doors_names() -> None:
    found = asyncio.run(Provider().get_provider_schema(None))
    schemas = [found.provider, *found.resource_schemas.values(), *found.data_source_schemas.values()]
    texts = [one.description for each in schemas for one in each.block.attributes]
    assert all(texts)
    assert not [text for text in texts if (word := CAMEL.search(text)) and word[0] != "iOS"], texts


def test_an_object_in_a_setting_keeps_its_names_on_each_side() -> None:
    (attribute,) = schema._of(Model, optional=True)
    message = attribute.message()
    assert [one.name for one in message.nested_type.attributes] == ["departure_timeout", "agents"]
    value = {"departureTimeout": 5, "agents": [{"agentName": "ana"}]}
    raw = attribute.written(value)
    assert raw == {"departure_timeout": 5, "agents": [{"agent_name": "ana"}]}
    assert attribute.read(raw) == value
    assert attribute.read({"departure_timeout": None, "agents": None}) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set forceDestroy: true to have it", "set force_destroy = true to have it"),
        ('metadata is "maxParticipants" there', 'metadata is "maxParticipants" there'),
        ("relay:requestTimeout must be a number", "request_timeout must be a number"),
        ("check apiKey (RELAY_API_KEY)", "check api_key (RELAY_API_KEY)"),
        ("livekit.departureTimeout is 5 there", "livekit.departure_timeout is 5 there"),
    ],
)
def test_a_sentence_in_this_doors_words(text: str, expected: str) -> None:
    assert in_hcl(text) == expected


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.default is None], ids=lambda one: one.field)
def test_every_setting_that_is_missed_is_named_as_it_is_written_here(option: object) -> None:
    with pytest.raises(ConfigError) as missing:
        required(Connection(), option.field)  # type: ignore[attr-defined]
    said = in_hcl(str(missing.value))
    assert f"write {option.field} into the provider's block" in said  # type: ignore[attr-defined]
    assert "pulumi" not in said


def test_a_path_leads_into_lists() -> None:
    steps = path("livekit.agents[0].agentName").steps
    assert [one.WhichOneof("selector") for one in steps] == ["attribute_name"] * 2 + [
        "element_key_int",
        "attribute_name",
    ]
    assert steps[3].attribute_name == "agent_name"
