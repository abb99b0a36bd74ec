"""The gateway called in process, byte by byte: paths and headers arrive exactly as given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from relay_provider.gateway import Gateway, Keys, MemoryEngine

KEY = "sk_live_mine"
OTHER_KEY = "sk_live_theirs"


class FakeClock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's type, once its body has been found to be as documented."""
        error = self.json["error"]
        assert self.headers["content-type"] == "application/json"
        assert set(error) == {"type", "code", "message"}
        assert all(isinstance(text, str) and text for text in error.values())
        return str(error["type"])


class App:
    """A gateway on a memory engine, with two projects: `mine` and `theirs`."""

    def __init__(self, engine: Any = None, *, jwt_secret: str | None = None, development: bool = True) -> None:
        self.clock = FakeClock()
        self.engine = engine or MemoryEngine(self.clock)
        keys = Keys([(KEY, "mine"), (OTHER_KEY, "theirs")])
        self.asgi = Gateway(self.engine, keys, jwt_secret=jwt_secret, development=development)

    def call(
        self,
        method: str,
        path: str | bytes,
        body: Any = None,
        *,
        key: str | None = KEY,
        headers: Iterable[tuple[bytes, bytes]] | None = None,
        content: Iterable[bytes] | None = None,
    ) -> Answer:
        """One request. `body` is sent as JSON; `headers` and `content` (chunks) replace what that would send."""
        sent = [(b"authorization", f"Bearer {key}".encode())] if key else []
        sent += [(b"content-type", b"application/json")] if headers is None else list(headers)
        chunks = [b"" if body is None else json.dumps(body).encode()] if content is None else list(content)
        raw = path if isinstance(path, bytes) else path.encode()
        scope = {
            "type": "http",
            "method": method,
            "path": raw.decode("latin-1"),
            "raw_path": raw,
            "query_string": b"",
            "headers": sent,
        }
        return asyncio.run(self._call(scope, chunks))

    async def _call(self, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        messages.append({"type": "http.request", "body": b"", "more_body": False})
        answers: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answers.append(message)

        await self.asgi(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in answers[0]["headers"]}
        return Answer(answers[0]["status"], headers, b"".join(message.get("body", b"") for message in answers[1:]))

    def create(self, name: str = "room", *, key: str = KEY, **fields: Any) -> Any:
        answer = self.call("POST", "/v1/rooms", {"name": name, **fields}, key=key)
        assert answer.status == 201, answer
        return answer.json

    def join(self, room: str, identity: str, **fields: Any) -> Answer:
        return self.call("POST", f"/dev/rooms/{room}/participants", {"identity": identity, **fields})

    def names(self, *, key: str = KEY) -> list[str]:
        return [room["room"] for room in self.call("GET", "/v1/rooms", key=key).json["rooms"]]
