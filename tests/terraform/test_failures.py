"""Whatever the API answers: a diagnostic that says what to do, no key, and nothing lost."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.test_failures import FAULTS
from tests.proxy import Answer, Fault, Lost, Proxy, proxying
from tests.served import KEY, Served
from tests.terraform.engine import ENGINES, PROVIDER, Workspace

pytestmark = pytest.mark.e2e

# Where the other doors name a setting, this one does by its own name.
SAID = {
    name: sentence.replace("apiKey", "api_key").replace("baseUrl", "base_url") for name, (_, sentence) in FAULTS.items()
}
HELD = {"one": {"name": "one"}, "two": {"name": "two"}}


@dataclass
class Faulty:
    tf: Workspace
    api: Served
    proxy: Proxy


@pytest.fixture
def faulty(tf: Workspace, api: Served) -> Iterator[Faulty]:
    """Two rooms that are up and healthy, behind a proxy."""
    with proxying(api.url) as proxy:
        tf.provider = {"api_key": api.key, "base_url": proxy.url, "max_retries": 0, "request_timeout": 2}
        tf.write(HELD)
        tf.apply()
        yield Faulty(tf, api, proxy)


def test_each_answer_to_a_destroy_is_a_diagnostic_and_loses_no_state(faulty: Faulty) -> None:
    rooms = {f"room-{name.replace(' ', '-')}": fault for name, (fault, _) in FAULTS.items()}
    tf = faulty.tf
    tf.write({**HELD, **{name: {"name": name} for name in rooms}})
    tf.apply()
    state = tf.state()
    tf.write(HELD)
    tf.plan("-out=saved")
    faulty.proxy.rule = lambda _, path: rooms.get(path.rpartition("/")[2])
    ran = tf.run("apply", "saved", check=False)
    assert ran.code == 1
    for sentence in SAID.values():
        assert sentence in ran.told()
    assert len(ran.diagnostics()) == len(FAULTS)
    assert all(one["summary"] and one["detail"] for one in ran.diagnostics())
    for name in rooms:
        assert f"GET {faulty.proxy.url}/rooms/{name} " in ran.told()
    assert tf.state() == state
    assert KEY not in ran.told()
    assert "Traceback" not in ran.out
    faulty.proxy.rule = None
    assert tf.apply().changes == {"delete": len(FAULTS)}


@pytest.mark.parametrize("name", FAULTS)
def test_an_outage_during_a_refresh_is_a_diagnostic_and_loses_no_state(name: str, faulty: Faulty) -> None:
    state = faulty.tf.state()
    faulty.proxy.rule = lambda *_: FAULTS[name][0]
    for command in ("plan", "apply", "destroy"):
        ran = faulty.tf.run(command, check=False)
        assert ran.code == 1
        assert SAID[name] in ran.told()
        assert f"GET {faulty.proxy.url}/rooms " in ran.told()
        assert KEY not in ran.told()
        if name == "silence":
            break
    assert faulty.tf.state() == state
    assert sorted(faulty.api.rooms()) == ["one", "two"]


@pytest.mark.parametrize("name", ["401", "422", "503", "HTML"])
def test_what_fails_while_it_is_made_is_not_in_the_state(name: str, faulty: Faulty) -> None:
    faulty.proxy.rule = lambda method, _: FAULTS[name][0] if method == "POST" else None
    faulty.tf.write({**HELD, "three": {"name": "three"}})
    ran = faulty.tf.apply(check=False)
    assert SAID[name] in ran.told()
    (said,) = ran.diagnostics()
    assert said["address"] == "relay_room.three"
    assert sorted(faulty.tf.state()) == ["one", "two"]
    faulty.proxy.rule = None
    assert faulty.tf.apply().changes == {"create": 1}, "not tainted"


def test_a_create_whose_answer_is_lost_ends_with_one_room_and_no_error(faulty: Faulty) -> None:
    lost: list[str] = []

    def lose_the_first_create(method: str, path: str) -> Fault | None:
        if method == "POST" and not lost:
            lost.append(path)
            return Lost()
        return None

    assert faulty.tf.provider
    faulty.tf.provider = {**faulty.tf.provider, "max_retries": 1}
    faulty.proxy.rule = lose_the_first_create
    faulty.tf.write({**HELD, "three": {"name": "three", "max_participants": 3}})
    assert faulty.tf.apply().changes == {"create": 1}
    assert lost
    assert faulty.tf.is_settled()


def test_one_list_serves_the_refresh_of_all_rooms(faulty: Faulty) -> None:
    faulty.proxy.requests.clear()
    faulty.tf.plan()
    assert faulty.proxy.requests == [("GET", "/rooms")]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_key_is_in_state_plan_log_or_output(engine: str, api: Served, tmp_path: Path) -> None:
    """With everything that the engine and the provider can log, also of failures."""
    tf = Workspace(tmp_path / "project", {**api.env, "RELAY_DEBUG": "1"}, engine)
    tf.env |= {"TF_LOG": "trace", "TF_LOG_PATH": str(tmp_path / "log")}
    tf.write({"a": {"name": "standup"}})
    said = tf.plan("-out=saved").out + tf.run("apply", "saved").out
    with proxying(api.url) as proxy:
        proxy.rule = lambda *_: Answer(
            401, json.dumps({"error": {"type": "x", "code": "x", "message": f"{KEY} is bad"}})
        )
        tf.provider = {"base_url": proxy.url, "api_key": KEY}
        tf.write({"a": {"name": "standup"}})
        said += tf.plan(check=False).told()
    (tf.folder / "main.tf.json").unlink()
    with zipfile.ZipFile(tf.folder / "saved") as saved:
        saved.extractall(tf.folder / "opened")
    for file in (tmp_path / "log", *tf.folder.rglob("*")):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file
    assert KEY not in said
    assert PROVIDER.name in (tmp_path / "log").read_text()
