from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from relay_provider.cli.app import app
from tests.cli.shop import Shop
from tests.served import KEY, Served

Run = Callable[..., Result]


def room(name: str, **settings: Any) -> dict[str, Any]:
    """A room as the API shows it."""
    facts = {
        "sid": f"RM_{name}",
        "numParticipants": 0,
        "maxParticipants": 0,
        "creationTime": 1718800000,
        "metadata": "",
    }
    return {"room": name, **facts, **settings}


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Api:
    """An API that answers what it is told to, and remembers what it was asked."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    later: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: str, body: Any, status: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[request] = Answer(status, data, {"Content-Type": "application/json", **headers})

    def rooms(self, *rooms: dict[str, Any]) -> None:
        self.answer("GET /v1/rooms", {"rooms": list(rooms)})

    def then(self, request: str, body: Any) -> None:
        """Answer this from the second time on."""
        self.later[request] = Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    @property
    def env(self) -> dict[str, str]:
        return {"RELAY_API_KEY": KEY, "RELAY_BASE_URL": f"{self.url}/v1", "RELAY_MAX_RETRIES": "0"}


@pytest.fixture
def api() -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            request = f"{self.command} {self.path}"
            stub.asked.append(request)
            missing = Answer(404, b'{"error": {"type": "not_found", "code": "not_found", "message": "not there"}}')
            answer = stub.answers.get(request, missing)
            stub.answers.update({request: stub.later[request]} if request in stub.later else {})
            if "Date" in answer.headers:  # the answer's own, alone
                self.send_response_only(answer.status)
            else:
                self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_DELETE = do_POST = handle_one  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub = Api(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield stub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command line in this process; `env` on top of the environment."""

    def command(*args: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, list(args), prog_name="relay-rooms", env=env)

    return command


def manifest(url: str, rooms: str = "{standup: {maxParticipants: 12}, lobby: }") -> str:
    return f"""
version: 1
projects:
  acme:
    apiKey: {{env: ACME_KEY}}
    baseUrl: {url}/v1
    rooms: {rooms}
"""


@pytest.fixture
def shop(served: Served, tmp_path: Path) -> Shop:
    home = tmp_path / "home"
    home.mkdir()
    folder = tmp_path / "my rooms #1"
    folder.mkdir()
    env = {**os.environ, "PULUMI_HOME": str(home), "ACME_KEY": KEY, "RELAY_MAX_RETRIES": "1"}
    return Shop(served, folder, env)
