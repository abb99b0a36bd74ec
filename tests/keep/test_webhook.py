"""Who may send a webhook, and what it makes of it: a hint for the one project and room that it is about."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from livekit.api import AccessToken, VideoGrants
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from relay_provider.config import Connection
from relay_provider.keep.webhook import LARGEST, Webhooks

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

KEY, SECRET = "devkey", "a-secret-of-more-than-32-characters-0123"


class Keeper:
    """Takes hints."""

    def __init__(self, settings: Connection) -> None:
        self.settings = settings
        self.hints: list[tuple[str, str]] = []

    def hint(self, name: str, sid: str) -> None:
        self.hints.append((name, sid))


class Site:
    """Webhooks of one LiveKit server with two projects, another server's project, and one that is not on LiveKit."""

    def __init__(self) -> None:
        acme = Connection(
            backend="livekit", livekit_api_key=KEY, livekit_api_secret=SecretStr(SECRET), project_id="acme"
        )
        other_key = Connection(
            **{**vars(acme), "livekit_api_key": "other", "livekit_api_secret": SecretStr(SECRET * 2)}
        )
        other_project = Connection(**{**vars(acme), "project_id": "other"})
        self.acme, self.other_key, self.other_project, self.relay = self.all = [
            Keeper(settings) for settings in (acme, other_key, other_project, Connection())
        ]
        webhooks = Webhooks(
            lambda: [one.settings for one in self.all],
            lambda fits: [one for one in self.all if fits(one.settings)],  # type: ignore[misc]
        )
        app = Starlette(routes=[Route("/webhook", webhooks.__call__, methods=["POST"])])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")

    async def post(self, body: str, token: str) -> int:
        return (await self.client.post("/webhook", content=body, headers={"Authorization": token})).status_code

    @property
    def hints(self) -> list[tuple[str, str]]:
        return [hint for one in self.all for hint in one.hints]


def body(room: str = "p_acme__standup", event: str = "room_finished", number: str = "EV_1", **more: Any) -> str:
    return json.dumps({"event": event, "id": number, "room": {"name": room, "sid": "RM_1"}, **more})


def signed(content: str, key: str = KEY, secret: str = SECRET, life: timedelta = timedelta(minutes=5)) -> str:
    digest = base64.b64encode(sha256(content.encode()).digest()).decode()
    return AccessToken(key, secret).with_sha256(digest).with_ttl(life).to_jwt()


async def test_the_room_that_finished_is_hinted_at_in_its_own_project_alone() -> None:
    site = Site()
    content = body()
    assert await site.post(content, signed(content)) == 200
    assert site.acme.hints == site.hints == [("standup", "RM_1")]


@pytest.mark.parametrize("room", ["standup", "p_acme__", "p__x__standup"])
async def test_a_room_of_no_project_is_hinted_at_where_projects_have_no_id(room: str) -> None:
    site, content = Site(), body(room)
    bare = Keeper(Connection(**{**vars(site.acme.settings), "project_id": None}))
    site.all.append(bare)
    assert await site.post(content, signed(content)) == 200
    assert bare.hints == site.hints == [(room, "RM_1")]


async def test_a_bearer_s_token_is_one_too() -> None:
    site, content = Site(), body(surprise={"of": "a later version"})
    assert await site.post(content, f"Bearer {signed(content)}") == 200
    assert site.hints == [("standup", "RM_1")]


async def test_a_forged_webhook_does_nothing() -> None:
    site, content = Site(), body()
    joins = VideoGrants(room_join=True, room="p_acme__standup")
    tokens = {
        "none": "",
        "no token": "x.y.z",
        "another secret": signed(content, secret=SECRET + "x"),
        "another key": signed(content, key="stranger"),
        "another project's secret under this key": signed(content, secret=SECRET * 2),
        "another body": signed(content + " "),
        "too old": signed(content, life=timedelta(minutes=-10)),
        "a join token": AccessToken(KEY, SECRET).with_grants(joins).with_identity("a").to_jwt(),
        "unsigned": "eyJhbGciOiJub25lIn0." + signed(content).split(".")[1] + ".",
    }
    assert {what: await site.post(content, token) for what, token in tokens.items()} == dict.fromkeys(tokens, 401)
    assert site.hints == []


async def test_a_replayed_webhook_does_nothing() -> None:
    site, content = Site(), body()
    token = signed(content)
    assert [await site.post(content, token) for _ in range(3)] == [200, 200, 200]
    assert await site.post(content, signed(content)) == 200, "LiveKit itself sends one again that it believes lost"
    assert site.hints == [("standup", "RM_1")]
    again = body(number="EV_2")
    assert await site.post(again, signed(again)) == 200
    assert len(site.hints) == 2


@pytest.mark.parametrize("content", ["", "[]", "{", "\0", '{"event": 3}', '{"room": "x"}'])
async def test_what_is_signed_and_is_no_webhook_does_nothing(content: str) -> None:
    site = Site()
    assert await site.post(content, signed(content)) in (200, 401)
    assert site.hints == []


@pytest.mark.parametrize(
    "content",
    [
        body(event="participant_left"),
        body(event="room_started"),
        body(room="standup"),
        body(room="p_stranger__standup"),
        body(room=""),
    ],
)
async def test_what_is_about_no_kept_room_is_accepted_and_does_nothing(content: str) -> None:
    site = Site()
    assert await site.post(content, signed(content)) == 200
    assert site.hints == []


async def test_a_body_without_end_is_refused() -> None:
    site, content = Site(), " " * (LARGEST + 1)
    assert await site.post(content, signed(content)) == 413


async def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay_provider.keep.webhook.REMEMBERED", 3)
    site = Site()
    for number in range(10):
        content = body(number=f"EV_{number}")
        await site.post(content, signed(content))
    assert len(site.hints) == 10
    await site.post(content, signed(content))
    assert len(site.hints) == 10
