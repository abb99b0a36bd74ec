"""Whatever the API answers: a sentence that says what to do, no traceback, no key, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.doors import PULUMI_YAML, PythonDoor
from tests.e2e.engine import Ran
from tests.proxy import Answer, Fault, Lost, Proxy, Silence, proxying
from tests.served import KEY, Served, serving

pytestmark = pytest.mark.e2e

ERROR = json.dumps({"error": {"type": "x", "code": "x", "message": f"the key {KEY} is bad"}})
HTML = "<html><body>Welcome to the hotel network</body></html>"
FAULTS: dict[str, tuple[Fault, str]] = {
    "401": (Answer(401, ERROR), "check apiKey (RELAY_API_KEY)"),
    "422": (Answer(422, ERROR), "correct the values it names"),
    "429": (Answer(429, ERROR, {"Retry-After": "0"}), "wait a while"),
    "502": (Answer(502, ERROR), "502 Bad Gateway"),
    "503": (Answer(503, "down"), "try again later"),
    "HTML": (Answer(200, HTML, {"Content-Type": "text/html"}), "which is not what the API documents"),
    "truncated": (Answer(200, '{"rooms": [{"room"'), "which is not what the API documents"),
    "cut off": (Answer(200, '{"rooms"', {"Content-Length": "100"}), "Check baseUrl (RELAY_BASE_URL)"),
    "silence": (Silence(3), "got no answer within"),
    "redirect": (Answer(307, "", {"Location": "https://elsewhere.example/v1"}), "redirects are not followed"),
    "404 HTML": (Answer(404, HTML), "which is not what the API documents"),
}

ALWAYS = "options: {refresh: always}\n"  # a refresh where a test asks for it
TWO = {"one": {"emptyTimeout": 86400}, "two": {"emptyTimeout": 86400}}


@dataclass
class Stack:
    door: PythonDoor
    api: Served
    proxy: Proxy


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two rooms, up and healthy; every test leaves them so."""
    with serving() as api, proxying(api.url) as proxy:
        settings = {"RELAY_BASE_URL": proxy.url, "RELAY_MAX_RETRIES": "1", "RELAY_REQUEST_TIMEOUT": "2"}
        door = PythonDoor(tmp_path_factory.mktemp("failures") / "project", api.env | settings)
        door.project.write("Pulumi.yaml", PULUMI_YAML.replace(ALWAYS, ""))
        door.declare(TWO)
        door.up()
        yield Stack(door, api, proxy)


@pytest.fixture(autouse=True)
def healthy_again(stack: Stack) -> Iterator[None]:
    yield
    stack.proxy.rule = None


def check_said(ran: Ran, *sentences: str) -> None:
    assert ran.code != 0
    for sentence in sentences:
        assert sentence in ran.errors
    assert "Traceback" not in ran.out
    assert KEY not in ran.out


def test_each_answer_gets_a_sentence_that_says_what_to_do_and_loses_no_state(stack: Stack) -> None:
    """One destroy of a room for each answer, which the API gives when it is asked about that room."""
    rooms = {f"room-{name.replace(' ', '-')}": fault for name, (fault, _) in FAULTS.items()}
    stack.door.declare({**TWO, **{name: {"emptyTimeout": 86400} for name in rooms}})
    stack.door.up()
    state = stack.door.state()
    stack.proxy.rule = lambda _, path: rooms.get(path.rpartition("/")[2]) if path != "/rooms" else Answer(503)
    ran = stack.door.project.destroy("--refresh=false", "--continue-on-error", "--exclude", "**::one", check=False)
    check_said(ran, *(sentence for _, sentence in FAULTS.values()))
    for name in rooms:
        assert f"GET {stack.proxy.url}/rooms/{name} " in ran.errors
        assert stack.door.state()[name] == state[name]
    stack.proxy.rule = None
    stack.door.declare(TWO)
    assert stack.door.up().changes["delete"] == len(FAULTS)


@pytest.mark.parametrize("name", ["401", "503", "HTML"])
def test_a_refresh_during_an_outage_removes_nothing(stack: Stack, name: str) -> None:
    fault, sentence = FAULTS[name]
    state = stack.door.state()
    stack.proxy.rule = lambda *_: fault
    check_said(stack.door.project.refresh(check=False), sentence, f"GET {stack.proxy.url}/rooms ")
    assert stack.door.state() == state


@pytest.mark.soak
def test_an_up_completes_once_the_api_is_back(stack: Stack) -> None:
    stack.door.declare({**TWO, "three": {}})
    stack.proxy.rule = lambda method, _: Answer(503) if method == "POST" else None
    ran = stack.door.up(check=False)
    assert ran.code != 0
    assert "Traceback" not in ran.out
    assert sorted(stack.door.state()) == ["one", "two"]
    stack.proxy.rule = None
    assert stack.door.up().changes == {"create": 1, "same": 2}
    stack.door.declare(TWO)
    assert stack.door.up().changes == {"delete": 1, "same": 2}


def test_a_create_whose_answer_is_lost_ends_with_one_room_and_no_error(stack: Stack) -> None:
    lost: list[str] = []

    def lose_the_first_create(method: str, path: str) -> Fault | None:
        if method == "POST" and not lost:
            lost.append(path)
            return Lost()
        return None

    stack.proxy.rule = lose_the_first_create
    stack.door.declare({**TWO, "three": {"maxParticipants": 3}})
    assert stack.door.up().changes == {"create": 1, "same": 2}
    assert lost
    assert sorted(stack.api.rooms()) == ["one", "three", "two"]
    assert stack.door.project.up("--refresh").changes == {"same": 3}
    stack.door.declare(TWO)
    stack.door.up()


def test_a_room_that_exists_is_taken_over_when_equal_and_named_with_its_differences_when_not(stack: Stack) -> None:
    stack.api.create("equal", maxParticipants=3, metadata='{"b": 1, "a": 2}')
    stack.api.create("other", maxParticipants=3, metadata="theirs")
    sid = stack.api.rooms()["equal"]["sid"]
    equal = {"maxParticipants": 3, "metadata": {"a": 2, "b": 1}}
    stack.door.declare({**TWO, "equal": equal, "other": {"maxParticipants": 4, "metadata": "ours"}})
    ran = stack.door.up(check=False)
    assert ran.code != 0
    for part in ('"other"', "maxParticipants is 3 there and 4 here", "metadata is [secret]", "forceDestroy: true"):
        assert part in ran.errors
    assert "theirs" not in ran.errors, "this door's protocol does not say what is secret, so no metadata is shown"
    assert stack.door.state()["equal"]["sid"] == sid
    stack.door.declare({**TWO, "equal": equal})
    assert stack.door.project.up("--refresh").changes == {"same": 3}
    stack.door.declare(TWO)
    stack.door.up()
    assert "other" in stack.api.rooms()
    stack.api.end("other")
