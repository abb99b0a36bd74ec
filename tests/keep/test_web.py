"""What `keep --listen` answers, in this process: who may ask, health, metrics and the page's headers."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from relay_provider.errors import ConfigError, Unavailable
from relay_provider.keep.listen import listener
from relay_provider.keep.web import Web, checked_token
from relay_provider.keep.webhook import Webhooks
from tests.keep.keeping import Loop, room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

TOKEN = "a-token-of-22-characters"
GUARDED = ("/", "/state.json", "/metrics")

EXPECTED = {
    "relay_rooms_declared",
    "relay_rooms_missing",
    "relay_rooms_changed",
    "relay_rooms_recreated_total",
    "relay_rooms_api_requests_total",
    "relay_rooms_look_duration_seconds_bucket",
    "relay_rooms_look_duration_seconds_count",
    "relay_rooms_look_duration_seconds_sum",
    "relay_rooms_last_success_timestamp_seconds",
    "relay_rooms_manifest_last_reload_successful",
    "relay_rooms_build_info",
}


class Asked:
    """The answers about a loop."""

    def __init__(self, loop: Loop, token: str = "", host: str = "localhost:9090") -> None:
        self.looks: list[float] = []
        webhooks = Webhooks(list, lambda fits: [])
        web = Web(loop.state, token.encode() or None, lambda: self.looks.append(time.monotonic()), webhooks.__call__)
        transport = httpx.ASGITransport(web.app)
        self.client = httpx.AsyncClient(transport=transport, base_url=f"http://{host}")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(
            path, headers={name.replace("_", "-"): value.encode() for name, value in headers.items()}
        )

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Each series by its name and its labels' values."""
        text = (await self.get("/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


# Who may ask


@pytest.mark.parametrize("path", GUARDED)
async def test_a_token_is_wanted_where_one_is_set(path: str) -> None:
    asked = Asked(Loop(room()), TOKEN, host="rooms.acme.com")
    refused = await asked.get(path)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    for wrong in ("Bearer", f"Bearer {TOKEN}x", f"Token {TOKEN}", basic("no"), "Basic %%%", f"Bearer {TOKEN[:-1]}é"):
        assert (await asked.get(path, Authorization=wrong)).status_code == 401
    for right in (f"Bearer {TOKEN}", basic(TOKEN)):
        assert (await asked.get(path, Authorization=right)).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_token(path: str) -> None:
    loop = Loop(room())
    await loop.look()
    answer = await Asked(loop, TOKEN, host="10.0.0.1").get(path)
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize("path", GUARDED)
async def test_without_a_token_only_this_machine_s_names_are_answered(path: str) -> None:
    """A site may let its own name lead to this machine, and its page would read what we say."""
    loop = Loop(room())
    for host in ("localhost:1", "127.0.0.1:1", "[::1]:1"):
        assert (await Asked(loop, host=host).get(path)).status_code == 200
    assert (await Asked(loop, host="rooms.acme.com").get(path)).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "rooms.acme.com"])
async def test_beyond_this_machine_a_token_has_to_be_set(host: str) -> None:
    with pytest.raises(ConfigError, match="RELAY_KEEP_TOKEN must be set"):
        checked_token(host, "")
    assert checked_token(host, TOKEN) == TOKEN.encode()
    assert checked_token("127.0.0.1", "") is None
    with pytest.raises(ConfigError, match="at least 16"):
        checked_token("127.0.0.1", "short")


@pytest.mark.parametrize(
    "address", ["9090", "localhost", ":9090", "::1:9090", "localhost:", "localhost:x", "localhost:-1"]
)
async def test_an_address_that_is_none_is_a_sentence(address: str) -> None:
    with pytest.raises(ConfigError, match="--listen must be HOST:PORT"), listener(address, {}):
        pass


# Health


async def test_health_follows_the_loop() -> None:
    loop = Loop(room())
    asked = Asked(loop)
    assert (await asked.get("/healthz")).status_code == 200
    loop.project.move_by = time.monotonic() - 1
    stuck = await asked.get("/healthz")
    assert (stuck.status_code, stuck.text) == (503, "1 of 1 loops do not move\n")
    await loop.look()
    assert (await asked.get("/healthz")).status_code == 200


async def test_ready_after_the_first_list_and_from_then_on() -> None:
    loop = Loop(room())
    asked = Asked(loop)
    assert (await asked.get("/readyz")).status_code == 503
    await loop.look()
    assert (await asked.get("/readyz")).status_code == 200
    loop.project.found = None  # a project that came with a new manifest
    assert (await asked.get("/readyz")).status_code == 200


# Metrics


async def test_every_series_is_there_from_the_start_and_none_is_a_room_s() -> None:
    loop = Loop(room("a-room-of-mine"))
    asked = Asked(loop)
    before = await asked.metrics()
    names = {name for name, *_ in before}
    assert {name for name in names if name.startswith("relay_")} == EXPECTED
    assert before["relay_rooms_declared", "acme"] == 1
    assert before["relay_rooms_api_requests_total", "list", "unavailable"] == 0
    assert before["relay_rooms_last_success_timestamp_seconds",] == 0
    await loop.look()
    loop.state.on_look(0.2)
    after = await asked.metrics()
    assert after.keys() == before.keys()
    assert "a-room-of-mine" not in str(after.keys())
    assert after["relay_rooms_recreated_total",] == 1
    assert after["relay_rooms_api_requests_total", "create", "ok"] == 1
    assert after["relay_rooms_look_duration_seconds_count",] == 1
    assert after["relay_rooms_last_success_timestamp_seconds",] > 1_700_000_000


async def test_metrics_say_what_is_missing_changed_and_broken() -> None:
    loop = Loop(room("a", max_participants=3), room("b"))
    await loop.server.create(room("a", max_participants=4))

    async def no_create(*_: object) -> None:
        raise Unavailable("no answer")

    loop.server.create = no_create  # type: ignore[assignment,method-assign]
    loop.state.reload_problem = "rooms.yaml:1:1: broken"
    await loop.look()
    found = await Asked(loop).metrics()
    assert (found["relay_rooms_missing", "acme"], found["relay_rooms_changed", "acme"]) == (1, 1)
    assert found["relay_rooms_api_requests_total", "create", "unavailable"] == 1
    assert found["relay_rooms_manifest_last_reload_successful",] == 0


async def test_promtool_finds_nothing_wrong() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    loop = Loop(room())
    await loop.look()
    text = (await Asked(loop).get("/metrics")).text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# The page


async def test_the_page_may_load_nothing_and_run_nothing_but_itself() -> None:
    page = await Asked(Loop(room())).get("/")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["style-src"])
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", page.text)
    assert "innerHTML" not in page.text


async def test_the_state_is_sent_when_it_is_another_one_only() -> None:
    loop = Loop(room())
    await loop.look()
    asked = Asked(loop)
    first = await asked.get("/state.json")
    assert first.json()["rooms"][0]["state"] == "as declared"
    assert (await asked.get("/state.json", If_None_Match=first.headers["etag"])).status_code == 304
    await loop.server.delete("standup")
    await loop.look()
    assert (await asked.get("/state.json", If_None_Match=first.headers["etag"])).status_code == 200
    assert len(asked.looks) == 1, "whoever begins to look makes it look at once, for who is in the rooms"


async def test_what_is_shown_of_a_room() -> None:
    loop = Loop(room("a", max_participants=3, metadata="x" * 4000), room("b", empty_timeout=5))
    loop.join("a", "ana", "bob")
    await loop.server.create(room("c"))
    loop.state.somebody_looks()
    await loop.look()
    rooms = {one["room"]: one for one in (await Asked(loop).get("/state.json")).json()["rooms"]}
    assert {name: one["state"] for name, one in rooms.items()} == {
        "a": "changed",
        "b": "as declared",
        "c": "undeclared",
    }
    assert rooms["a"]["people"] == ["ana", "bob"]
    assert rooms["a"]["fields"][0] == {"field": "maxParticipants", "declared": 3, "live": 0}
    assert rooms["a"]["declared"]["metadata"] == "x" * 299 + "…"
    assert rooms["b"]["declared"] == rooms["b"]["live"]["settings"] == {"emptyTimeout": 5}
    assert rooms["c"]["declared"] is None
