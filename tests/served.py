"""A served Rooms API of one's own: a real process on a free loopback port, and a plain client to look inside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

KEY = "sk_live_0123456789abcdefghijklmnopqrstuvwxyz"
OTHER_KEY = "sk_live_zyxwvutsrqponmlkjihgfedcba9876543210"


@dataclass
class Served:
    """The API's address and key, and what a test needs to see or do behind the back of the code under test."""

    url: str
    process: subprocess.Popen[str]
    key: str = KEY

    @property
    def env(self) -> dict[str, str]:
        """The environment that points the provider here."""
        return {"RELAY_API_KEY": self.key, "RELAY_BASE_URL": self.url}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = httpx.request(
            method, self.url + path, json=body, headers={"Authorization": f"Bearer {self.key}"}, trust_env=False
        )
        response.raise_for_status()
        return response.json()

    def rooms(self) -> dict[str, dict[str, Any]]:
        return {room["room"]: room for room in self.call("GET", "/rooms")["rooms"]}

    def people(self, room: str) -> list[str]:
        return sorted(p["identity"] for p in self.call("GET", f"/rooms/{room}")["participants"])

    def create(self, name: str, **settings: Any) -> None:
        self.call("POST", "/rooms", {"name": name, **settings})

    def end(self, room: str) -> None:
        self.call("DELETE", f"/rooms/{room}")

    def join(self, room: str, *identities: str) -> None:
        root = self.url.removesuffix("/v1")
        for identity in identities:
            httpx.post(
                f"{root}/dev/rooms/{room}/participants",
                json={"identity": identity},
                headers={"Authorization": f"Bearer {self.key}"},
                trust_env=False,
            ).raise_for_status()

    def leave(self, room: str, identity: str) -> None:
        root = self.url.removesuffix("/v1")
        httpx.delete(
            f"{root}/dev/rooms/{room}/participants/{identity}",
            headers={"Authorization": f"Bearer {self.key}"},
            trust_env=False,
        ).raise_for_status()


@contextmanager
def serving(*options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """Serve on a free port until the block ends; projects `acme` (KEY) and `other` (OTHER_KEY)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "relay_provider.gateway", "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "RELAY_GATEWAY_KEYS": f"{KEY}=acme,{OTHER_KEY}=other", **(env or {})},
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        found = re.match(r"Rooms API on (\S+)", line)
        assert found, f"the API did not start: {line!r}"
        yield Served(found[1], process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
