"""Previews, explicit providers, secrets and errors on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.doors import YamlDoor, room
from tests.served import OTHER_KEY, Served, serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SECRET = {"fn::secret": "the-secret-plan"}
EVICTION = {"fn::invoke": {"function": "relay:removeParticipant", "arguments": {"room": "standup", "identity": "ana"}}}


@pytest.fixture
def door(served: Served, tmp_path: Path) -> YamlDoor:
    return YamlDoor(tmp_path / "project", served.env)


def provider(**properties: object) -> dict[str, object]:
    return {"type": "pulumi:providers:relay", "properties": properties}


def test_what_a_preview_does_not_know_and_does_not_do(door: YamlDoor, served: Served) -> None:
    served.join("standup", "ana")
    door.write(
        {
            "first": room(),
            "second": room({"metadata": {"after": "${first.sid}"}}),
            "elsewhere": provider(projectId="${first.sid}"),  # unknown before the first room is made
            "third": room({"maxParticipants": 3}, provider="${elsewhere}"),
        },
        options={},
        variables={"eviction": EVICTION},
        outputs={"removed": "${eviction.removed}"},
    )
    before = served.rooms()
    ran = door.project.pulumi("preview", "--diff")
    assert ran.changes == {"create": 3}
    assert served.rooms() == before
    assert served.people("standup") == ["ana"]

    assert door.up().changes == {"create": 3}
    assert served.people("standup") == []
    assert served.rooms()["second"]["metadata"] == f'{{"after":"{served.rooms()["first"]["sid"]}"}}'
    assert door.up().changes == {"same": 3}


def test_a_function_waits_for_a_room_that_is_still_to_be_created(door: YamlDoor, served: Served) -> None:
    lookup = {"fn::invoke": {"function": "relay:getRoom", "arguments": {"name": "${standup.id}"}}}
    door.write({"standup": room({"maxParticipants": 5})}, variables={"found": lookup}, outputs={"sid": "${found.sid}"})
    assert door.project.pulumi("preview").changes == {"create": 1}
    assert door.up().changes == {"create": 1}
    sid = served.rooms()["standup"]["sid"]
    assert door.project.pulumi("stack", "output", "sid").out.strip() == sid


def test_a_provider_per_project(door: YamlDoor, served: Served) -> None:
    def declare(key: str, url: str) -> None:
        door.write(
            {
                "acme": provider(apiKey=served.key, baseUrl=served.url),
                "other": provider(apiKey=key, baseUrl=url),
                "ours": room({"name": "standup"}, provider="${acme}"),
                "theirs": room({"name": "standup"}, provider="${other}"),
            },
            options={},
        )

    declare(OTHER_KEY, served.url)
    door.project.env = {name: value for name, value in door.project.env.items() if not name.startswith("RELAY_")}
    assert door.up().changes == {"create": 2}
    sids = {one["urn"].rpartition("::")[2]: one["outputs"]["sid"] for one in door.project.resources()}
    assert len(set(sids.values())) == 2
    assert served.rooms()["standup"]["sid"] == sids["ours"]

    with serving(env={"RELAY_GATEWAY_KEYS": "sk_live_anotherkeyforanotherserver1234567=acme"}) as elsewhere:
        key = elsewhere.key = "sk_live_anotherkeyforanotherserver1234567"
        declare(key, elsewhere.url)
        assert door.up().changes == {"same": 1, "replace": 1}
        assert list(elsewhere.rooms()) == list(served.rooms()) == ["standup"]
        assert door.up().changes == {"same": 2}
        door.destroy()
        assert elsewhere.rooms() == served.rooms() == {}


def test_a_new_key_touches_no_room(door: YamlDoor, tmp_path: Path) -> None:
    keys = ("sk_live_thefirstkeythatisused0123456789", "sk_live_thesecondkeythatisused012345678")
    with serving(env={"RELAY_GATEWAY_KEYS": f"{keys[0]}=acme,{keys[1]}=acme"}) as api:
        for key, changes in zip(keys, ({"create": 1}, {"same": 1}), strict=True):
            api.key = key
            door.write({"acme": provider(apiKey=key, baseUrl=api.url), "room": room(provider="${acme}")})
            ran = door.up()
            assert ran.changes == changes
            assert key not in ran.out
            assert key not in door.project.state_text()
            assert list(api.rooms()) == ["room"]


def test_secret_metadata_is_masked_and_compared(door: YamlDoor, served: Served) -> None:
    door.project.env["RELAY_API_KEY"] = ""
    door.project.pulumi("config", "set", "relay:apiKey", served.key)  # somebody forgot --secret
    served.create("standup", metadata="the-plan-of-others")
    door.write({"standup": room({"metadata": {"fn::secret": {"plan": "the-secret-plan"}}})})
    shown = [door.project.pulumi("preview", "--diff").out]
    assert "[secret]" in shown[0]
    ran = door.up(check=False)
    assert 'Room "standup" is live already with other settings: metadata is [secret] there and [secret]' in ran.errors
    served.end("standup")
    shown += [ran.out, door.project.up("--diff").out]
    assert served.rooms()["standup"]["metadata"] == '{"plan":"the-secret-plan"}'
    assert door.up().changes == {"same": 1}
    served.end("standup")
    served.create("standup", metadata="the-plan-of-others")
    ran = door.project.up("--diff")
    assert ran.changes == {"replace": 1}
    for text in (*shown, ran.out, door.project.state_text()):
        assert served.key not in text
        assert "the-secret-plan" not in text
        assert "the-plan-of-others" not in text


def test_the_key_is_shown_at_no_verbosity(door: YamlDoor, served: Served) -> None:
    """A key in the environment never reaches the engine. (What is in the stack's configuration, the engine logs by
    itself from -v=7 on, before any provider has a say.)"""
    door.write({"standup": room()})
    verbose = ("--diff", "--logtostderr", "-v=9")
    shown = [door.project.up(*verbose).out]
    door.project.env["RELAY_API_KEY"] = wrong = "sk_live_thiskeyisnotaccepted0123456789abc"
    ran = door.project.up(*verbose, check=False)
    assert "the key is not accepted (401" in ran.errors
    assert "Traceback" not in ran.out
    for text in (*shown, ran.out, door.project.state_text()):
        assert served.key not in text
        assert wrong not in text


def test_errors_are_sentences_and_the_others_go_on(door: YamlDoor, served: Served) -> None:
    served.create("taken", maxParticipants=2)
    door.write({"taken": room(), "fine": room()}, options={})
    ran = door.up(check=False)
    assert ran.code != 0
    assert 'Room "taken" is live already with other settings: maxParticipants is 2 there and 0 here.' in ran.errors
    assert "Traceback" not in ran.out
    assert "rpc error" not in ran.errors
    assert list(door.state()) == ["fine"]

    door.write({"wrong": room({"maxParticipants": 0, "emptyTimeout": 99999999}), "fine": room()}, options={})
    ran = door.up(check=False)
    assert "maxParticipants" in ran.errors
    assert "emptyTimeout" in ran.errors
    assert "must be a whole number from 1 to 10000, not 0" in ran.errors

    served.join("fine", "ana")
    ran = door.destroy(check=False)
    assert 'Room "fine" was not ended, because 1 person is in it: ana.' in ran.errors
    assert list(door.state()) == ["fine"]
    assert served.people("fine") == ["ana"]
