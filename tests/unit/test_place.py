"""One place, whichever way it was written down; and two, however alike."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from relay_provider.config import DEFAULT_BASE_URL, Connection, load
from relay_provider.place import DEFAULT_PLACE, Place, home_of, place_of

pytestmark = pytest.mark.unit


def relay(**values: Any) -> Connection:
    return load({"apiKey": "sk_live_1", **values}, {})


def livekit(**values: Any) -> Connection:
    return load({"backend": "livekit", "livekitApiKey": "k", "livekitApiSecret": "s", **values}, {})


SPELLINGS = {
    "the default": [relay(), relay(backend="relay"), relay(baseUrl=DEFAULT_BASE_URL), load({}, {})],
    "the default in other spellings": [
        relay(baseUrl=DEFAULT_BASE_URL + "/"),
        relay(baseUrl=DEFAULT_BASE_URL.upper().replace("/V1", "/v1")),
        relay(baseUrl=DEFAULT_BASE_URL.replace("/v1", ":443/v1")),
        relay(),
    ],
    "moved between config and environment": [
        load({"baseUrl": "https://rooms.example/v1"}, {}),
        load({}, {"RELAY_BASE_URL": "https://rooms.example/v1"}),
    ],
    "this machine": [
        relay(baseUrl=f"http://{host}:8080/v1")
        for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.0.0.2", "[::1]", "localhost.", "rooms.localhost")
    ],
    "default ports": [relay(baseUrl="http://localhost/v1"), relay(baseUrl="http://127.0.0.1:80/v1/")],
    "LiveKit by socket or by request": [
        livekit(livekitUrl="wss://rtc.example"),
        livekit(livekitUrl="https://rtc.example:443/"),
    ],
    "LiveKit in the clear": [livekit(livekitUrl="ws://localhost:7880"), livekit(livekitUrl="http://127.0.0.1:7880")],
    "what does not lead anywhere else": [
        relay(baseUrl="https://rooms.example/v1"),
        relay(baseUrl="https://rooms.example/v1", requestTimeout=3, maxRetries=1, livekitUrl="wss://rtc.example"),
        relay(baseUrl="https://rooms.example/v1", apiKey="sk_live_2", projectId="acme"),
    ],
}


@pytest.mark.parametrize("spellings", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_one_place(spellings: list[Connection]) -> None:
    assert len({place_of(one) for one in spellings}) == 1


DIFFERENT = [
    relay(),
    relay(baseUrl="https://rooms.example/v1"),
    relay(baseUrl="https://rooms.example/v2"),
    relay(baseUrl="https://rooms.example/V1"),
    relay(baseUrl="https://rooms.example"),
    relay(baseUrl="https://rooms.example:8443/v1"),
    relay(baseUrl="https://other.example/v1"),
    relay(baseUrl="http://localhost/v1"),
    relay(baseUrl="http://localhost:8080/v1"),
    relay(baseUrl="https://localhost:8080/v1"),
    livekit(livekitUrl="wss://rooms.example"),
    livekit(livekitUrl="wss://rooms.example", projectId="acme"),
    livekit(livekitUrl="wss://rooms.example", projectId="ACME"),
    livekit(livekitUrl="wss://other.example"),
]


def test_different_places_differ() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert place_of(one) != place_of(other), (one, other)
        assert place_of(one).as_state() != place_of(other).as_state(), (one, other)


@pytest.mark.parametrize("settings", [*DIFFERENT, *(one for many in SPELLINGS.values() for one in many)])
def test_a_state_keeps_a_place_as_it_is(settings: Connection) -> None:
    place = place_of(settings)
    assert Place.from_state(place.as_state()) == place


def test_a_state_does_not_repeat_the_default() -> None:
    assert DEFAULT_PLACE.as_state() == "relay"
    assert place_of(relay(baseUrl="http://127.0.0.1:80/v1/")).as_state() == "relay http://localhost:80/v1"
    assert (
        place_of(livekit(livekitUrl="wss://a.example", projectId="p")).as_state() == "livekit https://a.example:443 p"
    )


@pytest.mark.parametrize("there", DIFFERENT)
def test_the_settings_of_a_place_lead_there_with_the_keys_of_here(there: Connection) -> None:
    led = place_of(there).settings(relay(requestTimeout=3))
    assert place_of(led) == place_of(there)
    assert (led.api_key, led.request_timeout) == (relay().api_key, 3)


def test_the_settings_of_a_place_that_lead_there_already_keep_their_spelling() -> None:
    here = relay(baseUrl="http://127.0.0.1:80/v1/")
    assert place_of(here).settings(here) is here


@pytest.mark.parametrize("url", ["", "rooms.example", "http://[::1", "http://rooms.example:port/v1", "http://a:99999"])
def test_an_address_that_is_none_is_a_place_of_its_own_and_no_crash(url: str) -> None:
    place = place_of(Connection(base_url=url))
    assert place != DEFAULT_PLACE
    assert Place.from_state(place.as_state()) == place


# -- Projects


def test_at_relay_each_key_has_a_project_and_on_livekit_the_prefix_is_one() -> None:
    assert home_of(relay()) == home_of(relay(baseUrl=DEFAULT_BASE_URL))
    assert home_of(relay()) != home_of(relay(apiKey="sk_live_2"))
    there = {"livekitUrl": "wss://a.example"}
    assert home_of(livekit(**there)) == home_of(livekit(**there, livekitApiKey="k2", apiKey="sk_live_2"))
    assert home_of(livekit(**there)) != home_of(livekit(**there, projectId="p"))


def test_a_project_shows_no_key() -> None:
    assert "sk_live_1" not in repr(home_of(relay()))
