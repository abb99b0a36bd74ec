"""Join tokens: who holds one, what it allows, and what it says of the room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from relay_provider.config import Connection
from relay_provider.errors import ConfigError, InvalidInputs, RelayError
from relay_provider.tokens import GRANTS, Settings, holder, join_token

pytestmark = pytest.mark.unit

SECRET = "a secret of more than thirty-two bytes"
LIVEKIT = Connection(backend="livekit", livekit_api_key="devkey", livekit_api_secret=SecretStr(SECRET))


def claims(settings: Connection = LIVEKIT, made_with: Settings | None = None, **asked: Any) -> dict[str, Any]:
    """What a token says."""
    token = join_token(settings, "standup", made_with or Settings(), holder(**{"identity": "ana", **asked}))
    return dict(jwt.decode(token, SECRET, algorithms=["HS256"], issuer="devkey"))


def test_a_token_is_for_one_person_in_one_room() -> None:
    said = claims(name="Ana")
    assert (said["sub"], said["name"]) == ("ana", "Ana")
    assert (said["video"]["roomJoin"], said["video"]["room"]) == (True, "standup")


def test_the_room_has_its_projects_prefix() -> None:
    prefixed = Connection(**{**vars(LIVEKIT), "project_id": "acme"})
    assert claims(prefixed)["video"]["room"] == "p_acme__standup"


def test_it_carries_the_declared_settings_and_the_preset_beside_them() -> None:
    said = claims(made_with=Settings.of({"metadata": '{"a":1}', "livekit": {"roomPreset": "recorded"}}))
    assert (said["roomPreset"], said["roomConfig"]) == ("recorded", {"metadata": '{"a":1}'})


@pytest.mark.parametrize(
    ("ttl", "life"),
    [
        (None, timedelta(hours=1)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("7d", timedelta(days=7)),
        ("365d", timedelta(days=365)),
        (90, timedelta(seconds=90)),
        (90.0, timedelta(seconds=90)),
    ],
)
def test_its_life_is_a_number_and_a_unit_or_seconds(ttl: object, life: timedelta) -> None:
    assert holder("ana", ttl=ttl).ttl == life


@pytest.mark.parametrize(
    "ttl", ["", "1", "1w", "0s", "366d", "1h30m", "-1h", "٣h", "999999999d", 0, -5, True, 1e300, []]
)
def test_another_life_is_refused(ttl: object) -> None:
    with pytest.raises(InvalidInputs, match=r"ttl: must be a time such as 90s, 15m, 1h or 7d, from 1s to 365d, not"):
        holder("ana", ttl=ttl)


@pytest.mark.parametrize(
    "grants",
    [
        ["hidden", "canPublish=false", "roomAdmin=true"],
        {"hidden": True, "canPublish": False, "roomAdmin": True},
        {"hidden": True, "can_publish": False, "room_admin": True},
    ],
)
def test_grants_are_said_as_a_list_or_a_map(grants: object) -> None:
    video = claims(grants=grants)["video"]
    assert (video["hidden"], video["canPublish"], video["roomAdmin"], video["canSubscribe"]) == (
        True,
        False,
        True,
        True,
    )


def test_every_grant_is_one_of_livekits() -> None:
    assert set(GRANTS) <= claims(grants=dict.fromkeys(GRANTS, True))["video"].keys()


@pytest.mark.parametrize(
    ("grants", "why"),
    [
        (["canPublis"], r'must not hold "canPublis"; did you mean canPublish\?'),
        (["roomCreate"], r'must not hold "roomCreate"; there are canPublish, '),
        ({"room": "other"}, r'must not hold "room"'),
        (["hidden=yes"], r'hidden must be true or false, not "yes"'),
        ({"hidden": 1}, "hidden must be true or false, not 1"),
        ("hidden", "must be names of grants, or a map from them to true or false, not a string"),
    ],
)
def test_a_grant_that_is_none_or_reaches_beyond_the_room_is_refused(grants: object, why: str) -> None:
    with pytest.raises(InvalidInputs, match=f"grants: {why}"):
        holder("ana", grants=grants)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInputs) as caught:
        holder("", name="\ud800", ttl="soon", grants=["fly"])
    assert [one.path for one in caught.value.problems] == ["identity", "name", "ttl", "grants"]


def test_a_room_on_relay_has_none() -> None:
    with pytest.raises(
        RelayError, match=r"^Join tokens are made for rooms on LiveKit, and those of project shop live on"
    ):
        join_token(Connection(label="shop"), "standup", Settings(), holder("ana"))


def test_without_keys_the_error_says_which_is_missing() -> None:
    with pytest.raises(ConfigError, match="livekitApiSecret is not set"):
        join_token(Connection(backend="livekit", livekit_api_key="devkey"), "standup", Settings(), holder("ana"))


@pytest.mark.parametrize("config", ["", "{", 5, "[" * 100_000, '{"maxParticipant": 5}', '{"maxParticipants": "many"}'])
def test_what_is_no_room_config_is_refused_and_not_repeated(config: Any) -> None:
    with pytest.raises(InvalidInputs) as caught:
        join_token(LIVEKIT, "standup", Settings(config), holder("ana"))
    assert str(caught.value).endswith(
        "roomConfig: must be the roomConfig of a room: JSON of LiveKit's RoomConfiguration"
    )
