"""The served gateway: start, end, and what it says."""

import http.client
import re
import signal
import socket
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest

from relay_provider.errors import ConfigError
from relay_provider.gateway import serve
from tests.gateway.process import command, environment, running

pytestmark = pytest.mark.unit


def refused(host: str = "127.0.0.1", port: int = 0, engine: str = "memory", **environ: str) -> str:
    def announce(line: str) -> None:
        pytest.fail(f"it started: {line}")

    with pytest.raises(ConfigError) as caught:
        serve(host, port, engine, environ=environ, announce=announce)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_are_not_served_without_keys(host: str) -> None:
    assert refused(host) == f"{host} can be reached by other machines, so RELAY_GATEWAY_KEYS must say who may ask."


def test_an_open_second_document_is_pointed_out_where_others_can_reach_it(caplog: pytest.LogCaptureFixture) -> None:
    keys = {"RELAY_GATEWAY_KEYS": "sk_live_x=a"}
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        refused("0.0.0.0", port, **keys, RELAY_GATEWAY_JWT_SECRET="x" * 32)
        assert caplog.text == ""
        refused("0.0.0.0", port, **keys)
    assert "RELAY_GATEWAY_JWT_SECRET" in caplog.text


def test_livekit_is_not_served_without_keys() -> None:
    assert "RELAY_GATEWAY_KEYS is not set" in refused(engine="livekit")


def test_wrong_keys_are_refused_before_anything_is_served() -> None:
    assert refused(RELAY_GATEWAY_KEYS="sk_live_x=a__b").startswith("Entry 1 of RELAY_GATEWAY_KEYS is wrong")


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(port=port).startswith(f"The Rooms API cannot be served on 127.0.0.1 port {port}: ")


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_is_a_sentence(host: str, port: int) -> None:
    message = refused(host, port, RELAY_GATEWAY_KEYS="sk_live_x=a")
    assert message.startswith(f"The Rooms API cannot be served on {host}")


def test_a_refusal_on_the_command_line_is_one_line_and_shows_no_key() -> None:
    env = environment({"RELAY_GATEWAY_KEYS": "sk_live_SECRET=a__b"})
    ended = subprocess.run(command(), env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert "SECRET" not in ended.stderr


def test_it_says_where_it_is_and_the_key_it_made() -> None:
    with running() as gateway:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", gateway.url)
        assert gateway.key
        assert re.fullmatch(r"sk_live_dev_[\w-]{32}", gateway.key)
        answer = httpx.get(f"{gateway.url}/rooms", headers={"Authorization": f"Bearer {gateway.key}"})
        assert answer.json() == {"rooms": []}


def test_it_serves_the_keys_it_was_given_and_no_other() -> None:
    with running(env={"RELAY_GATEWAY_KEYS": "sk_live_given=acme"}) as gateway:
        assert gateway.key is None
        answer = httpx.post(
            f"{gateway.url}/rooms", headers={"Authorization": "Bearer sk_live_given"}, json={"name": "room"}
        )
        assert answer.status_code == 201
        assert httpx.get(f"{gateway.root}/livekit/rooms/p_acme__room").json()["name"] == "p_acme__room"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_while_clients_hold_connections(sent: signal.Signals) -> None:
    with running() as gateway:
        address = urlsplit(gateway.url)
        assert address.hostname
        idle = http.client.HTTPConnection(address.hostname, address.port)
        idle.request("GET", "/openapi.json")
        idle.getresponse().read()
        with socket.create_connection((address.hostname, address.port)) as slow:
            head = f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\n"
            slow.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
            gateway.process.send_signal(sent)
            assert gateway.process.wait(10) == 0
        idle.close()


def test_what_is_no_http_gets_the_documented_error_body_too() -> None:
    with running() as gateway:
        address = urlsplit(gateway.url)
        with socket.create_connection((address.hostname, address.port)) as client:
            client.sendall(b"GET /v1/rooms/\xff\x00 HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b'{"error":{"type":"invalid_request"' in answer


def test_it_logs_no_requests_and_no_keys() -> None:
    process = subprocess.Popen(
        command("--port", "0"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("Rooms API on ").strip()
        process.stdout.readline()
        for path in ("/rooms", "/rooms/a%2Fb", "/rooms/nothing"):
            httpx.get(url + path, headers={"Authorization": "Bearer sk_live_SECRET"})
        process.terminate()
        assert process.stdout.read() == ""
