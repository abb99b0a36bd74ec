"""Connection: where they come from, what is refused, and that they show no secret."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import SecretStr

from relay_provider.address import checked_url, is_loopback
from relay_provider.config import (
    OPTIONS,
    Connection,
    KeyRef,
    ProjectRef,
    load,
    required,
)
from relay_provider.errors import ConfigError

pytestmark = pytest.mark.unit

KEY = "sk_live_0123456789"


def refusal(config: dict[str, object], environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(config, environ or {})
    return str(caught.value)


# -- Sources


def test_without_anything_the_defaults_hold() -> None:
    assert load({}, {}) == Connection()


def test_the_defaults_are_those_that_the_settings_document() -> None:
    documented = {setting.name: setting.default for setting in OPTIONS if setting.default is not None}
    assert load(documented, {}) == Connection()


def test_every_setting_can_come_from_the_environment() -> None:
    found = load(
        {},
        {
            "RELAY_API_KEY": KEY,
            "RELAY_BASE_URL": "https://relay.example/v1",
            "RELAY_BACKEND": "livekit",
            "LIVEKIT_URL": "wss://lk.example",
            "LIVEKIT_API_KEY": "API1",
            "LIVEKIT_API_SECRET": "s3cret",
            "RELAY_PROJECT_ID": "acme",
            "SAYNA_URL": "https://sayna.example",
            "SAYNA_TOKEN": "t0ken",
            "RELAY_REQUEST_TIMEOUT": "2.5",
            "RELAY_MAX_RETRIES": "0",
            "RELAY_ALLOW_HTTP": "true",
        },
    )
    assert found == Connection(
        backend="livekit",
        base_url="https://relay.example/v1",
        api_key=SecretStr(KEY),
        livekit_url="wss://lk.example",
        livekit_api_key="API1",
        livekit_api_secret=SecretStr("s3cret"),
        project_id="acme",
        sayna_url="https://sayna.example",
        sayna_token=SecretStr("t0ken"),
        request_timeout=2.5,
        max_retries=0,
        allow_http=True,
    )


def test_pulumi_config_comes_before_the_environment() -> None:
    assert load({"projectId": "config"}, {"RELAY_PROJECT_ID": "environment"}).project_id == "config"


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank_config_leaves_it_to_the_environment(blank: str | None) -> None:
    assert load({"projectId": blank}, {"RELAY_PROJECT_ID": "environment"}).project_id == "environment"


def test_a_blank_environment_leaves_the_default() -> None:
    assert load({}, {"RELAY_MAX_RETRIES": "", "RELAY_BASE_URL": " "}) == Connection()


def test_the_environment_is_the_process_own_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PROJECT_ID", "mine")
    assert load().project_id == "mine"


def test_a_pasted_key_loses_its_line_end() -> None:
    assert load({"apiKey": f" {KEY}\n"}, {}).secrets == (KEY,)


# -- Coercion


@pytest.mark.parametrize("value", ["3", "3.0", 3, 3.0])
def test_whole_numbers_come_in_any_spelling(value: object) -> None:
    found = load({"maxRetries": value}, {}).max_retries
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize(
    ("value", "meant"),
    [(True, True), ("TRUE", True), ("1", True), (1, True), (False, False), ("False", False), (0, False)],
)
def test_booleans_come_in_any_spelling(value: object, meant: bool) -> None:
    assert load({"allowHttp": value}, {}).allow_http is meant


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"maxRetries": "many"}, "relay:maxRetries must be a number"),
        ({"maxRetries": True}, "relay:maxRetries must be a number"),
        ({"maxRetries": "2.5"}, "relay:maxRetries must be a whole number"),
        ({"maxRetries": "inf"}, "relay:maxRetries must be a whole number"),
        ({"maxRetries": -1}, "maxRetries must be from 0 to 20"),
        ({"maxRetries": 21}, "maxRetries must be from 0 to 20"),
        ({"requestTimeout": "0"}, "requestTimeout must be more than 0 and at most 600 seconds"),
        ({"requestTimeout": 601}, "requestTimeout must be more than 0 and at most 600 seconds"),
        ({"requestTimeout": "nan"}, "requestTimeout must be more than 0 and at most 600 seconds"),
        ({"requestTimeout": "inf"}, "requestTimeout must be more than 0 and at most 600 seconds"),
        ({"allowHttp": "maybe"}, "relay:allowHttp must be true or false"),
        ({"backend": "zoom"}, 'backend must be relay or livekit, not "zoom"'),
    ],
)
def test_a_wrong_setting_is_a_sentence(config: dict[str, object], sentence: str) -> None:
    assert refusal(config) == f"The settings are wrong: {sentence}."


@pytest.mark.parametrize("config", [{"maxRetries": 0}, {"maxRetries": 20}, {"requestTimeout": 600}])
def test_the_limits_themselves_are_allowed(config: dict[str, object]) -> None:
    load(config, {})


def test_every_wrong_setting_is_named_at_once_with_its_source() -> None:
    said = refusal({"maxRetries": "x", "backend": "zoom"}, {"RELAY_ALLOW_HTTP": "x", "RELAY_REQUEST_TIMEOUT": "-1"})
    assert said == (
        "The settings are wrong: relay:maxRetries must be a number; RELAY_ALLOW_HTTP must be true or false; "
        'backend must be relay or livekit, not "zoom"; requestTimeout must be more than 0 and at most 600 seconds.'
    )


def test_a_key_in_the_wrong_setting_is_not_echoed() -> None:
    assert KEY not in refusal({"backend": KEY, "maxRetries": KEY, "allowHttp": KEY})


# -- Secrets


def test_settings_show_no_secret() -> None:
    settings = load({"apiKey": KEY, "livekitApiSecret": "hush-hush", "saynaToken": "t0ken"}, {})
    shown = f"{settings!r} {settings} {vars(settings)} {vars(settings).values()!r}"
    assert not [secret for secret in settings.secrets if secret in shown]
    assert settings.secrets == (KEY, "hush-hush", "t0ken")


def test_equal_settings_are_one_key_of_a_dictionary() -> None:
    same = load({"apiKey": KEY}, {}), load({}, {"RELAY_API_KEY": KEY})
    assert len(set(same)) == 1
    assert load({"apiKey": KEY + "x"}, {}) not in same


# -- Addresses


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://api.example/v1", "https://api.example/v1"),
        ("https://api.example/v1//", "https://api.example/v1"),
        ("wss://lk.example", "wss://lk.example"),
        ("https://bücher.example", "https://bücher.example"),
        ("https://[2001:db8::1]:8443/v1", "https://[2001:db8::1]:8443/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
        ("HTTP://LOCALHOST", "HTTP://LOCALHOST"),
        ("http://relay.localhost", "http://relay.localhost"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880"),
    ],
)
def test_encrypted_addresses_and_this_machine_are_used(url: str, used: str) -> None:
    assert checked_url("baseUrl", url, allow_http=False) == used


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example",
        "ws://lk.example",
        "http://10.0.0.5",
        "http://0.0.0.0",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://notlocalhost",
        "http://[2001:db8::1]",
    ],
)
def test_plain_http_is_for_this_machine_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^baseUrl uses plain http to \S+, .* set allowHttp \(RELAY_"):
        checked_url("baseUrl", url, allow_http=False)
    assert checked_url("baseUrl", url, allow_http=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@api.example",
        "https://user@api.example",
        "https://@api.example",
        "http://127.0.0.1@api.example",
        "https://api.example/v1?key=password",
        "https://api.example/v1?",
        "https://api.example/#part",
        "https://api.example#",
    ],
)
def test_an_address_is_an_address_alone(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^baseUrl must be an address alone") as caught:
        checked_url("baseUrl", url, allow_http=True)
    assert "password@" not in str(caught.value) and "key=" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example/v1",
        "//api.example",
        "https://",
        "https:///v1",
        "ftp://api.example",
        "file:///etc/passwd",
        "https://api.example:99999",
        "https://api.example:port",
        "https://[::1",
        "https://api example",
        "https://api.example/a b",
        "https://api.example\n/v1",
        "https://api.example/\u202e",
        "http://evil.example\\.localhost",
        "http://evil.example%2f.localhost",
        "\ud800",
    ],
)
def test_rubbish_is_not_an_address(url: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^baseUrl is not an address that can be used; it must look like https://host"
    ):
        checked_url("baseUrl", url, allow_http=True)


def test_an_address_can_be_limited_to_some_schemes() -> None:
    with pytest.raises(ConfigError, match="is not an address that can be used"):
        checked_url("baseUrl", "wss://api.example", allow_http=False, schemes=("https",))


@pytest.mark.parametrize(("host", "here"), [("localhost", True), ("::1", True), ("127.0.0.2", True), ("::", False)])
def test_loopback_is_this_machine_only(host: str, here: bool) -> None:
    assert is_loopback(host) is here


# -- Required settings


def test_a_missing_key_says_the_two_ways_to_set_it() -> None:
    with pytest.raises(ConfigError) as caught:
        required(Connection(), "api_key")
    assert str(caught.value) == (
        "apiKey is not set; set RELAY_API_KEY, or run `pulumi config set --secret relay:apiKey …`."
    )


def test_a_missing_address_is_not_called_a_secret() -> None:
    with pytest.raises(ConfigError, match=r"^livekitUrl is not set; set LIVEKIT_URL, or run `pulumi config set relay:"):
        required(Connection(livekit_url=""), "livekit_url")


def test_a_present_setting_is_its_value() -> None:
    settings = Connection(api_key=SecretStr(KEY), livekit_url="wss://x")
    assert (required(settings, "api_key"), required(settings, "livekit_url")) == (KEY, "wss://x")


# -- Projects of a manifest


def nothing(_: str) -> None:
    return None


def test_a_project_without_settings_uses_the_process_own() -> None:
    base = load({"apiKey": KEY}, {})
    assert ProjectRef("p").settings(base, nothing, {}) == base


def test_references_are_looked_up_where_they_point() -> None:
    ref = ProjectRef(
        "p",
        backend="livekit",
        livekit_url="wss://lk.example",
        livekit_api_key=KeyRef("env", "THE_KEY"),
        livekit_api_secret=KeyRef("config", "theSecret"),
        project_id="acme",
    )
    found = ref.settings(Connection(max_retries=1), {"theSecret": " hush\n"}.get, {"THE_KEY": "API1"})
    assert found == Connection(
        backend="livekit",
        livekit_url="wss://lk.example",
        livekit_api_key="API1",
        livekit_api_secret=SecretStr("hush"),
        project_id="acme",
        max_retries=1,
    )


def test_a_project_with_a_relay_key_is_at_relay_whatever_the_process_uses() -> None:
    ref = ProjectRef("p", api_key=KeyRef("env", "K"))
    assert ref.settings(Connection(backend="livekit"), nothing, {"K": KEY}).backend == "relay"


@pytest.mark.parametrize(
    ("ref", "environ", "way"),
    [
        (KeyRef("env", "WEBINARS_KEY"), {}, "set the environment variable WEBINARS_KEY"),
        (KeyRef("env", "WEBINARS_KEY"), {"WEBINARS_KEY": "  "}, "set the environment variable WEBINARS_KEY"),
        (KeyRef("config", "webinarsKey"), {}, "run `pulumi config set --secret webinarsKey …`"),
    ],
)
def test_a_reference_to_nothing_names_the_project_and_the_way_out(
    ref: KeyRef, environ: dict[str, str], way: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        ProjectRef("webinars", api_key=ref).settings(Connection(), nothing, environ)
    assert str(caught.value) == f"Project webinars has no apiKey: {ref} is not set; {way}."


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("api_key", "apiKey is not set; write apiKey: {env: NAME} in its manifest, or set RELAY_API_KEY"),
        ("livekit_url", "livekit.url is not set; write livekit: {url: wss://…} in its manifest, or set LIVEKIT_URL"),
        (
            "livekit_api_secret",
            "livekit.apiSecret is not set; write livekit: {apiSecret: {env: NAME}} in its manifest, or set "
            "LIVEKIT_API_SECRET",
        ),
    ],
)
def test_what_a_project_of_a_manifest_lacks_is_named_as_the_manifest_writes_it(field: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        required(ProjectRef("p").settings(Connection(), nothing, {}), field)
    assert str(caught.value) == f"Project p: {said}."


def test_a_setting_is_called_by_where_it_is_said() -> None:
    keys = ("livekit_api_key", "livekit_api_secret")
    of_process = Connection()
    of_project = ProjectRef("p", livekit_api_secret=KeyRef("env", "S")).settings(of_process, nothing, {"S": "s"})
    names = "livekitApiKey (LIVEKIT_API_KEY) and livekitApiSecret (LIVEKIT_API_SECRET)"
    assert of_process.called(*keys) == names
    assert of_project.called(*keys) == "livekitApiKey (LIVEKIT_API_KEY) and livekit.apiSecret of project p"


def test_no_project_id_in_a_project_is_none_whatever_the_process_has() -> None:
    base = Connection(project_id="of-the-process")
    assert not ProjectRef("p", project_id="").settings(base, nothing, {}).project_id
    assert ProjectRef("p").settings(base, nothing, {}).project_id == "of-the-process"


@pytest.mark.parametrize(
    "ref",
    [
        ProjectRef("p"),
        ProjectRef("p", project_id=""),
        ProjectRef("p", api_key=KeyRef("env", "K"), base_url="https://x/v1"),
        ProjectRef(
            "p",
            backend="livekit",
            livekit_url="wss://x",
            livekit_api_key=KeyRef("config", "a"),
            livekit_api_secret=KeyRef("env", "B"),
            project_id="acme",
        ),
    ],
)
def test_a_reference_survives_the_state(ref: ProjectRef) -> None:
    assert ProjectRef.from_state(ref.as_state()) == ref
    assert pickle.loads(pickle.dumps(ref)) == ref


def test_the_state_holds_references_and_no_values() -> None:
    state: dict[str, Any] = ProjectRef("p", api_key=KeyRef("env", "K"), base_url="https://x/v1").as_state()
    assert state == {"label": "p", "base_url": "https://x/v1", "api_key": {"env": "K"}}
