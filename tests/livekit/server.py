"""A LiveKit server of one's own, on free ports of loopback."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START_ATTEMPTS = 3
GIVE_UP_AFTER = 30.0


@dataclass
class LiveKit:
    """A LiveKit server that answers."""

    url: str
    key: str
    secret: str
    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self) -> None:
        """End it now."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """End it now, and start it again at the same address; wait until it answers."""
        self.stop()
        self.process = _started(self.folder)
        assert _answers(int(self.url.rpartition(":")[2]), self.process), "livekit-server did not start again"

    @property
    def env(self) -> dict[str, str]:
        """The environment that points livekit-api, the backend and the gateway here."""
        return {"LIVEKIT_URL": self.url, "LIVEKIT_API_KEY": self.key, "LIVEKIT_API_SECRET": self.secret}


def binary() -> str | None:
    """Where the program is: in the checkout, else on PATH."""
    local = Path(__file__).parents[2] / ".toolchain" / "bin" / "livekit-server"
    return str(local) if local.exists() else shutil.which("livekit-server")


@contextmanager
def serving_livekit(more: Mapping[str, object] | None = None, secret: str | None = None) -> Iterator[LiveKit]:
    """Start a server, with `more` in its configuration, and end it afterwards; skips the test where the program is
    not installed."""
    if binary() is None:
        pytest.skip("livekit-server is not installed (make setup)")
    key, secret = "devkey", secret or secrets.token_hex(32)
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        for _ in range(START_ATTEMPTS):  # another process may take a free port first
            port = _free_port(socket.SOCK_STREAM)
            config = {**_config(port, key, secret), **(more or {})}
            (folder / "livekit.yaml").write_text(json.dumps(config), encoding="utf-8")
            livekit = LiveKit(f"http://127.0.0.1:{port}", key, secret, _started(folder), folder)
            try:
                if _answers(port, livekit.process):
                    yield livekit
                    return
            finally:
                livekit.process.terminate()
                try:
                    livekit.process.wait(10)
                except subprocess.TimeoutExpired:
                    livekit.stop()
        log_text = (folder / "log").read_text(encoding="utf-8", errors="replace")
        pytest.fail(f"livekit-server did not start: {log_text[-2000:]}")


def _started(folder: Path) -> subprocess.Popen[bytes]:
    program = binary()
    assert program
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([program, "--config", str(folder / "livekit.yaml")], stdout=log, stderr=log)


def _config(port: int, key: str, secret: str) -> dict[str, object]:
    return {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "keys": {key: secret},
        "rtc": {
            "udp_port": _free_port(socket.SOCK_DGRAM),
            "tcp_port": 0,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo", "lo0"]},
        },
        "logging": {"level": "warn"},
    }


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + GIVE_UP_AFTER
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                # The process must be ours still: a foreign one may have the port.
                return answer.read() == b"OK" and process.poll() is None
        except OSError:
            time.sleep(0.05)
    return False
