"""Sayna's own client, as it is published, against what is served."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sayna_client import SaynaClient, SaynaHttpError, SaynaValidationError

from tests.conformance.sayna.conftest import Join, Make, Sayna, signed
from tests.conformance.target import eventually

pytestmark = pytest.mark.conformance

MINE = '{"auth_id":"tenant-123"}'


def asked(sayna: Sayna, name: str, token: str | None) -> dict[str, Any]:
    """What the client makes of the room of this name."""

    async def ask() -> Any:
        client = SaynaClient(sayna.url, without_audio=True, api_key=token)
        try:
            return await client.get_livekit_room(name)
        finally:
            await client._http_client.close()  # it has no public way

    found: dict[str, Any] = asyncio.run(ask()).model_dump()
    return found


@pytest.mark.parametrize("metadata", ["", "hello", '{ "role": "host" }'])
def test_it_shows_a_room_and_who_is_in_it(sayna: Sayna, make: Make, join: Join, metadata: str) -> None:
    name = make(metadata=MINE, maxParticipants=10)
    join(name, "team/ana ü?#", name="Ana", tracks=1, metadata=metadata, attributes={"a": "ü"})
    eventually(
        lambda: sayna.shown(name), lambda room: room["num_participants"] and room["participants"][0]["is_publisher"]
    )
    room = asked(sayna, name, sayna.token)
    assert room == sayna.shown(name)
    assert room["participants"][0]["metadata"] == metadata


def test_it_shows_an_empty_room_without_a_token_where_none_is_required(unguarded: Sayna, make_unguarded: Make) -> None:
    name = make_unguarded(metadata=MINE)
    assert asked(unguarded, name, None) == unguarded.shown(name)


def test_it_says_that_a_room_is_not_there_or_not_ones_own(sayna: Sayna, make: Make) -> None:
    for name in ("never-made", make(metadata='{"auth_id": "other"}')):
        with pytest.raises(SaynaHttpError) as caught:
            asked(sayna, name, sayna.token)
        assert (caught.value.status_code, caught.value.message) == (404, "Not found or not accessible: Room not found")


def test_it_says_what_is_wrong_with_a_token(sayna: Sayna, visible: str) -> None:
    if sayna.rooms is None:
        pytest.skip("what is said there is not known")
    for token, message in (
        (None, "A token is required: Authorization: Bearer <JWT>"),
        (signed(sub="tenant-123", exp=1), "The token is invalid or has expired"),
    ):
        with pytest.raises(SaynaValidationError) as caught:
            asked(sayna, visible, token)
        assert caught.value.message == message
