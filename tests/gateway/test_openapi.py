"""The published OpenAPI document."""

import pytest
from openapi_spec_validator import validate

from relay_provider.gateway.openapi import document
from tests.gateway.asgi import App

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("token_required", [False, True])
def test_the_document_is_valid(token_required: bool) -> None:
    validate(document(token_required=token_required))


def test_it_is_published_without_a_key(app: App) -> None:
    answer = app.call("GET", "/openapi.json", key=None)
    assert answer.json == document(token_required=False)


def test_it_holds_exactly_the_operations_of_the_documents() -> None:
    found = {(method, path) for path, methods in document(token_required=False)["paths"].items() for method in methods}
    assert found == {
        ("post", "/v1/rooms"),
        ("get", "/v1/rooms"),
        ("get", "/v1/rooms/{name}"),
        ("delete", "/v1/rooms/{name}"),
        ("delete", "/v1/rooms/{name}/participants/{identity}"),
        ("get", "/livekit/rooms/{room_name}"),
    }


def test_every_field_of_an_answer_is_required() -> None:
    schemas = document(token_required=False)["components"]["schemas"]
    assert schemas["LiveRoom"]["required"] == [
        "room",
        "sid",
        "numParticipants",
        "maxParticipants",
        "creationTime",
        "metadata",
    ]
    assert all(schema["required"] == list(schema["properties"]) for schema in schemas.values())
