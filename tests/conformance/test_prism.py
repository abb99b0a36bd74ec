"""The requests of this suite through a validator that others wrote: Prism, as a proxy in front of what is served.

Prism compares each request and each answer with the published OpenAPI document, passes both on, and writes down what
is against it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conformance.conftest import KEY, KEYS, OTHER_KEY
from tests.conformance.target import Api, segment
from tests.gateway.process import running
from tests.livekit.people import real_people
from tests.livekit.server import serving_livekit
from tests.node import installed

pytestmark = [pytest.mark.conformance, pytest.mark.soak, pytest.mark.timeout(900)]

PACKAGE = "@stoplight/prism-cli@5.14.2"
# Prism itself ends at a path that is not UTF-8, spells others anew, and answers what is no JSON.
NOT_THROUGH_PRISM = ("a_path_that_names_no_room", "in_the_path", "fails_validation_is_422", "a_body_that_is_no_json")


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    return installed(tmp_path_factory.mktemp("prism"), PACKAGE) / "node_modules" / ".bin" / "prism"


@contextmanager
def proxied(prism: Path, root: str, log: Path) -> Iterator[str]:
    """The address of a proxy in front of `root`."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = ["node", prism, "proxy", f"{root}/openapi.json", root, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=written) as process:
        try:
            until = time.monotonic() + 60
            while b"Prism is listening" not in log.read_bytes():
                assert process.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
            assert process.poll() is None, log.read_text()[-2000:]
        finally:
            process.terminate()


def violations(log: Path) -> list[str]:
    """What Prism has found."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(encoding="utf-8"))
    return re.findall(r"Violation: (.*)", plain)


@pytest.mark.parametrize("engine", ["memory", "livekit"])
def test_no_answer_to_this_suites_requests_is_against_the_document(engine: str, prism: Path, tmp_path: Path) -> None:
    log = tmp_path / "prism.log"
    with ExitStack() as stack:
        livekit = stack.enter_context(serving_livekit()) if engine == "livekit" else None
        env = KEYS | (livekit.env if livekit else {})
        gateway = stack.enter_context(running("--engine", engine, env=env))
        root = stack.enter_context(proxied(prism, gateway.root, log))
        api = Api(f"{root}/v1", KEY)
        assert api.create({"name": "standup", "maxParticipants": 5, "metadata": "{}"}).status == 201
        if livekit:
            stack.enter_context(real_people(livekit)).join("p_conformance__standup", "ana", "Ana", 1, '{"a":1}')
        else:
            body = json.dumps({"identity": "ana", "name": "Ana", "tracks": 1, "metadata": '{"a":1}'}).encode()
            assert Api(gateway.root, KEY).call("POST", "/dev/rooms/standup/participants", body).status == 201
        assert api.identities("standup") == ["ana"]
        assert Api(root, None).call("GET", f"/livekit/rooms/{segment('p_conformance__standup')}").status == 200
        assert api.remove("standup", "ana").status == 200
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", Path(__file__).parent),
                *("-k", " and not ".join(["deployment", *NOT_THROUGH_PRISM])),
            ],
            env={
                **os.environ,
                "RELAY_CONFORMANCE_URL": f"{root}/v1",
                "RELAY_CONFORMANCE_KEY": KEY,
                "RELAY_CONFORMANCE_OTHER_KEY": OTHER_KEY,
                "SAYNA_CONFORMANCE_URL": root,
                "SAYNA_CONFORMANCE_ROOM": "p_conformance__standup",
            },
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert ran.returncode == 0, ran.stdout
    found = violations(log)
    # It looks closely: what the suite sends wrongly on purpose is found.
    assert sum(violation.startswith("request") for violation in found) > 40
    assert [violation for violation in found if violation.startswith("response")] == []
    requests = log.read_text(encoding="utf-8").count("Request received")
    print(f"{engine}: {requests} requests through Prism, no answer against the document")  # noqa: T201
    assert requests > 250
