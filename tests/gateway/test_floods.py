"""Clients that take places and give nothing: others are answered, and the places come back.

`make soak T=tests/gateway/test_floods.py PYTEST_ARGS="-n 0 -s"` shows the figures.
"""

from __future__ import annotations

import http.client
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gateway.process import Running, running

pytestmark = pytest.mark.unit

KEY = "sk_live_flood"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
SCRIPT = """
import dataclasses, resource, sys
from relay_provider.gateway import serve
from relay_provider.gateway.connections import Limits
files, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
limits = dataclasses.replace(Limits.of_this_process(), headers=seconds, body=seconds, answer=seconds)
serve(port=0, limits=dataclasses.replace(limits, connections=connections or limits.connections))
"""
HALF = b"GET /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bea"
GET = f"GET /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
BODY = (
    f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    "Content-Length: 60000\r\n\r\n{"
).encode()
CHUNKED = BODY.replace(b"Content-Length: 60000", b"Transfer-Encoding: chunked").removesuffix(b"{")


@dataclass(frozen=True)
class Served:
    """A gateway in a process with few files, or with little patience."""

    gateway: Running
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.gateway.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    def asks(self) -> float:
        """The seconds until another client has its answer."""
        begun = time.monotonic()
        answer = httpx.get(f"{self.gateway.url}/rooms/none", headers=AUTHORIZATION, timeout=30)
        assert answer.status_code == 404
        return time.monotonic() - begun

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=30)

    @property
    def proc(self) -> Path:
        return Path("/proc") / str(self.gateway.process.pid)

    def memory(self) -> float:
        """Resident MiB."""
        if not self.proc.exists():
            pytest.skip("how much memory it takes is read from /proc")
        return int((self.proc / "statm").read_text().split()[1]) * resource.getpagesize() / 2**20

    def cpu(self) -> float:
        """The seconds of CPU that it has used; 0 where there is no /proc."""
        if not self.proc.exists():
            return 0.0
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(tmp_path: Path, *, files: int = 1024, seconds: float = 10.0, connections: int = 0) -> Iterator[Served]:
    env = {"RELAY_GATEWAY_KEYS": f"{KEY}=flood"}
    path = tmp_path / "log"
    with (
        path.open("wb") as log,
        running(str(files), str(seconds), str(connections), env=env, script=SCRIPT, log=log) as gateway,
    ):
        yield Served(gateway, path)


@contextmanager
def connected(served: Served, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """So many clients, who have sent this much and say no more."""
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(count)]
        for client in clients:
            with suppress(ConnectionError):  # a place may have been given to another already
                client.sendall(sent)
        yield clients


def ended(client: socket.socket, within: float) -> bool:
    """Is the connection closed from the other side within so many seconds? What comes before that is read."""
    until = time.monotonic() + within
    try:
        while (left := until - time.monotonic()) > 0:
            client.settimeout(left)
            if not client.recv(65536):
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return False


def flooded(tmp_path: Path, files: int, count: int, seconds: float) -> None:
    """Half-sent requests, more than the process may open files, while others ask."""
    with serving(tmp_path, files=files, seconds=seconds) as served:
        begun, used = time.monotonic(), served.cpu()
        with connected(served, count, HALF) as clients:
            asked = [served.asks() for _ in range(5)]
            time.sleep(seconds / 2)
            asked += [served.asks() for _ in range(5)]
            assert all(ended(client, seconds + 2) for client in clients)
            passed, used = time.monotonic() - begun, served.cpu() - used
        log = served.log.read_text()
        print(  # noqa: T201
            f"{count} half-sent requests, {files} files: another client is answered within {max(asked):.2f} s; "
            f"all are closed after {passed:.1f} s; {used:.2f} s of CPU, {len(log)} bytes of log"
        )
        assert max(asked) < 2
        assert used < passed / 3
        assert log == ""


def test_half_sent_requests_beyond_the_file_limit_keep_nobody_out(tmp_path: Path) -> None:
    flooded(tmp_path, files=128, count=150, seconds=2)


@pytest.mark.soak
def test_a_thousand_half_sent_requests_keep_nobody_out(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        flooded(tmp_path, files=1024, count=1100, seconds=10)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_limit_that_was_too_high_keeps_nobody_out_and_is_not_logged_without_end(tmp_path: Path) -> None:
    with serving(tmp_path, files=64, seconds=60, connections=1000) as served, connected(served, 100, HALF):
        assert max(served.asks() for _ in range(3)) < 5
        assert 0 < served.log.stat().st_size < 2048


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway that gives one second to each part of a request."""
    with serving(tmp_path_factory.mktemp("impatient"), seconds=1) as served:
        yield served
        assert served.log.read_text() == ""


@pytest.mark.parametrize("sent", [b"", HALF, BODY, GET + HALF, GET + BODY], ids=repr)
def test_a_request_that_is_not_sent_to_its_end_is_given_up(impatient: Served, sent: bytes) -> None:
    with connected(impatient, 1, sent) as (client,):
        assert ended(client, 5)


@pytest.mark.parametrize("begun", [HALF, BODY, GET + HALF], ids=["headers", "body", "second request"])
def test_sending_a_little_now_and_then_gains_no_time(impatient: Served, begun: bytes) -> None:
    with connected(impatient, 1, begun) as (client,):
        until = time.monotonic() + 5
        with pytest.raises(ConnectionError):
            while time.monotonic() < until:
                client.sendall(b"a")
                time.sleep(0.2)


def test_an_answer_that_nobody_takes_is_given_up(impatient: Served) -> None:
    filled(impatient, rooms=100)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(impatient.address)
        until = time.monotonic() + 5
        with pytest.raises(ConnectionError):
            while time.monotonic() < until:
                client.sendall(GET)
                time.sleep(0.1)  # so that few of them wait for their turn


def test_who_is_idle_between_requests_is_left_alone(impatient: Served) -> None:
    client = http.client.HTTPConnection(*impatient.address)
    for _ in range(3):
        client.request("GET", "/v1/rooms", headers=AUTHORIZATION)
        assert client.getresponse().read()
        assert client.sock is not None
        client.auto_open = 0  # the same connection, or none
        time.sleep(1.2)
    client.close()


@pytest.mark.parametrize("body", [b"x\r\n", b"2\r\n{}\r\nx\r\n", b"-1\r\n"])
def test_a_body_that_is_no_http_is_answered_once_and_logs_nothing(impatient: Served, body: bytes) -> None:
    with connected(impatient, 1, CHUNKED + body) as (client,):
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_body_that_turns_out_to_be_no_http_when_it_is_answered_already_logs_nothing(impatient: Served) -> None:
    with connected(impatient, 1, CHUNKED.replace(KEY.encode(), b"sk_live_wrong")) as (client,):
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")
        client.sendall(b"x\r\n")
        assert ended(client, 0.5)


def filled(served: Served, rooms: int) -> None:
    """Rooms whose metadata make a list big."""
    with httpx.Client(headers=AUTHORIZATION) as client:
        for number in range(rooms):
            room = {"name": f"room-{number}", "metadata": "x" * 4096}
            assert client.post(f"{served.gateway.url}/rooms", json=room).status_code == 201


@pytest.mark.soak
def test_memory_that_unread_answers_take_is_given_back(tmp_path: Path) -> None:
    with serving(tmp_path, seconds=5) as served:
        filled(served, rooms=3000)
        served.asks()
        before = served.memory()
        with ExitStack() as stack:
            for _ in range(50):
                client = stack.enter_context(socket.socket())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(served.address)
                client.sendall(GET)
            most, until, asked = before, time.monotonic() + 30, 0.0
            while time.monotonic() < until:
                asked = max(asked, served.asks())
                most = max(most, served.memory())
                time.sleep(0.1)
            after = served.memory()
        print(  # noqa: T201
            f"50 unread answers of 12 MB: {before:.0f} MiB before, {most:.0f} at most, {after:.0f} afterwards; "
            f"another client is answered within {asked:.2f} s while they are made"
        )
        assert most < before + 512
        assert after < before + 64
