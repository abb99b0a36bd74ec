"""Keys: who may ask, and settings that are wrong."""

import pytest

from relay_provider.errors import ConfigError
from relay_provider.gateway.keys import new_development_key, parse_keys
from tests.gateway.asgi import KEY, App

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", KEY.encode())],
        [(b"authorization", b"Basic " + KEY.encode())],
        [(b"authorization", b"Bearer sk_live_min")],
        [(b"authorization", b"Bearer sk_live_mine2")],
        [(b"authorization", b"Bearer sk_live_mine sk_live_mine")],
        [(b"authorization", b"Bearer \xff\x00")],
        [(b"authorization", b"Bearer sk_live_mine"), (b"authorization", b"Bearer sk_live_mine")],
        [(b"x-api-key", KEY.encode())],
    ],
)
def test_a_request_without_the_right_key_is_unauthorized(app: App, headers: list[tuple[bytes, bytes]]) -> None:
    answer = app.call("GET", "/v1/rooms", key=None, headers=headers)
    assert (answer.status, answer.error) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/rooms"),
        ("BREW", "/v1/rooms"),
        ("GET", "/v1/rooms/%ff"),
        ("GET", "/v1/nowhere"),
        ("DELETE", "/v1/rooms/a/participants/%00"),
        ("POST", "/dev/rooms/a/participants"),
    ],
)
def test_the_key_is_judged_before_anything_else(app: App, method: str, path: str) -> None:
    assert app.call(method, path, key="sk_live_wrong", headers=[], content=[b"x" * 100_000]).error == "unauthorized"


def test_the_scheme_is_not_case_sensitive(app: App) -> None:
    headers = [(b"authorization", b"bearer " + KEY.encode())]
    assert app.call("GET", "/v1/rooms", key=None, headers=headers).status == 200


def test_keys_are_read_from_a_list_of_pairs() -> None:
    keys = parse_keys(" sk_live_a=one, sk_live_b==two,\nsk_test_c=one,")
    assert [keys.home_of(key) for key in (b"sk_live_a", b"sk_live_b=", b"sk_test_c", b"sk_live_b")] == [
        "one",
        "two",
        "one",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("SECRET", 1),
        ("SECRET=one", 1),
        ("sk_live_SECRET", 1),
        ("sk_live_SECRET=", 1),
        ("=one", 1),
        ("sk_live_=one", 1),
        ("sk_live_a=one,sk_live_SECRET=a__b", 2),
        ("sk_live_a=one,sk_live_SECRET=_a", 2),
        ("sk_live_a=one,sk_live_SECRET=a_", 2),
        ("sk_live_SECRET=sk_live_SECRET", 1),
        ("one=sk_live_SECRET", 1),
        ("sk_live_SECRET=one,sk_live_SECRET=two", 2),
        ("sk_live_SEC RET=one", 1),
        ("sk_live_SECRETü=one", 1),
        (f"sk_live_SECRET={'x' * 125}", 1),
    ],
)
def test_a_wrong_entry_is_named_by_its_number_and_never_shown(text: str, entry: int) -> None:
    with pytest.raises(ConfigError, match=f"^Entry {entry} of RELAY_GATEWAY_KEYS is wrong") as caught:
        parse_keys(text)
    assert "SEC" not in str(caught.value)


def test_a_list_without_keys_is_refused() -> None:
    with pytest.raises(ConfigError, match="holds no key"):
        parse_keys(" , ")


def test_the_representation_of_keys_shows_none() -> None:
    assert "sk_live" not in repr(parse_keys("sk_live_a=one"))


def test_development_keys_differ_and_look_like_keys() -> None:
    first, second = new_development_key(), new_development_key()
    assert first != second
    assert parse_keys(f"{first}=dev").home_of(first.encode()) == "dev"
