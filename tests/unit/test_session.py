"""One event loop, one client and one list for all the threads of a process, and a clean end."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from relay_provider import session
from relay_provider.config import Connection, load
from relay_provider.errors import ConfigError
from relay_provider.lifecycle import Rooms
from relay_provider.run import Run
from tests.unit.fake import FakeBackend, live_room

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> dict[Connection, FakeBackend]:
    """The backends that were connected, by settings."""
    made: dict[Connection, FakeBackend] = {}

    def connect(settings: Connection) -> FakeBackend:
        assert settings not in made, "connected twice"
        made[settings] = FakeBackend(live_room())
        return made[settings]

    monkeypatch.setattr(session, "connect", connect)
    return made


@pytest.fixture
def shared(backends: dict[Connection, FakeBackend]) -> session._Shared:
    """A process's shared loop, of this test's own."""
    return session._Shared()


def settings(key: str = "one") -> Connection:
    return load({"apiKey": key}, {})


def test_equal_settings_share_one_client(backends: dict[Connection, FakeBackend]) -> None:
    opened = session.Session()
    assert opened.rooms(settings()) is opened.rooms(settings())
    assert opened.rooms(settings("two")) is not opened.rooms(settings())
    assert len(backends) == 2


def test_the_projects_of_a_session_know_of_each_other(backends: dict[Connection, FakeBackend]) -> None:
    opened = session.Session()
    one, two = opened.rooms(settings()), opened.rooms(settings("two"))
    assert [*one.opened] == [*two.opened] == [one, two]


async def test_the_end_of_a_session_closes_every_client(backends: dict[Connection, FakeBackend]) -> None:
    async with session.Session() as opened:
        opened.rooms(settings())
        opened.rooms(settings("two"))
        assert not any(backend.closed for backend in backends.values())
    assert [backend.closed for backend in backends.values()] == [True, True]


def test_settings_that_lack_something_are_an_error_each_time() -> None:
    opened = session.Session()
    for _ in range(2):
        with pytest.raises(ConfigError):
            opened.rooms(Connection())


def test_many_threads_share_one_loop_one_client_and_one_list(
    shared: session._Shared, backends: dict[Connection, FakeBackend]
) -> None:
    run = Run()

    async def work(rooms: Rooms) -> tuple[str, int]:
        live = await rooms.read("standup", run)
        assert live
        return live.sid, threading.get_ident()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: shared.run(settings(), work), range(200)))
    shared._close()
    assert len(set(answers)) == 1
    assert backends[settings()].calls == [("list",)]


def test_an_error_comes_back_to_the_thread_that_asked(shared: session._Shared) -> None:
    async def work(_: Rooms) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        shared.run(settings(), work)
    shared._close()


def test_closing_closes_the_clients_and_twice_is_fine(
    shared: session._Shared, backends: dict[Connection, FakeBackend]
) -> None:
    async def work(rooms: Rooms) -> None:
        await rooms.list()

    shared.run(settings(), work)
    shared._close()
    shared._close()
    assert backends[settings()].closed


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"rooms": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


PROGRAM = """
import sys, threading
from relay_provider import config, session

async def work(rooms):
    return await rooms.list()

answers = []

def ask():
    answers.append(session.run(config.load({"apiKey": "sk_live_x", "baseUrl": sys.argv[1]}, {}), work))

threads = [threading.Thread(target=ask) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(answers)
"""


@pytest.mark.parametrize(("end", "code"), [("", 0), ("sys.exit(3)", 3), ("raise SystemExit(4)", 4)])
def test_a_process_with_an_open_connection_ends_cleanly_and_says_nothing(end: str, code: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        ended = subprocess.run(
            [sys.executable, "-W", "default", "-c", PROGRAM + end, f"http://127.0.0.1:{server.server_port}/v1"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "[[], [], []]\n", "")
