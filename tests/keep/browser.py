"""A real Chromium, by the W3C's WebDriver protocol, which is JSON over HTTP."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

PATIENCE = 30.0


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/session/{self._session}/{path}", json=body).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def open(self, url: str) -> None:
        self._post("url", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function of this body returns; it sees its arguments as `arguments`."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def until(self, script: str, *arguments: Any) -> Any:
        """The first answer that counts as true."""
        return waited_for(lambda: self.run(script, *arguments), script)

    def type(self, selector: str, text: str) -> None:
        """Empty the field, and type the text with the keyboard."""
        found = self._post("element", using="css selector", value=selector)
        element = next(iter(found.values()))
        self._post(f"element/{element}/clear")
        self._post(f"element/{element}/value", text=text)

    def click(self, selector: str) -> None:
        found = self._post("element", using="css selector", value=selector)
        self._post(f"element/{next(iter(found.values()))}/click")

    def look(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """The window's size, and how the person who looks wants to see things."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self._cdp("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._cdp("Emulation.setEmulatedMedia", {"features": [scheme]})

    def picture(self, file: Path) -> None:
        """Save what is seen."""
        answer = self._client.get(f"/session/{self._session}/screenshot").json()["value"]
        file.write_bytes(base64.b64decode(answer))

    def complaints(self) -> list[str]:
        """What the browser's console has to say since it was asked last."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def _cdp(self, command: str, params: dict[str, Any]) -> None:
        self._post("goog/cdp/execute", cmd=command, params=params)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser until the block ends; the test is skipped where there is none."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("Chromium is not installed (Debian: chromium chromium-driver)")
    with subprocess.Popen(
        [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            port = next(found[1] for line in process.stdout if (found := re.search(r"started.* on port (\d+)", line)))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                # In containers there is neither a sandbox nor much of /dev/shm.
                arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
                options = {"binary": program, "args": arguments}
                wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
                made = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
                assert "sessionId" in made, made
                yield Browser(client, made["sessionId"])
                client.delete(f"/session/{made['sessionId']}")
        finally:
            process.terminate()


def waited_for(question: Callable[[], Any], what: str) -> Any:
    """The first answer that counts as true."""
    until = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < until, f"waited in vain for: {what}"
        time.sleep(0.05)
    return answer
