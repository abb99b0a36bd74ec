"""The second document, sentence by sentence.

Its 500 needs a LiveKit that fails: tests/livekit/test_gateway.py.
"""

import json
import time
from typing import Any

import pytest

from tests.conformance.sayna.conftest import SECRET, Join, Make, Sayna, signed
from tests.conformance.target import eventually, segment

pytestmark = pytest.mark.conformance

ROOM = {
    "active_recording": bool,
    "creation_time": int,
    "max_participants": int,
    "metadata": str,
    "name": str,
    "num_participants": int,
    "participants": list,
    "sid": str,
}
PARTICIPANT = {
    "attributes": dict,
    "identity": str,
    "is_publisher": bool,
    "joined_at": int,
    "kind": str,
    "name": str,
    "sid": str,
    "state": str,
}
MINE = '{"auth_id":"tenant-123"}'


def types(found: dict[str, Any]) -> dict[str, type]:
    return {field: type(value) for field, value in found.items()}


def test_room_details_are_retrieved_with_every_required_field(sayna: Sayna, visible: str) -> None:
    room = sayna.shown(visible)
    assert {field: kind for field, kind in types(room).items() if field in ROOM} == ROOM


def test_the_answer_is_json(sayna: Sayna, visible: str) -> None:
    assert sayna.get(segment(visible)).content_type.startswith("application/json")


def test_sid_is_the_session_id_that_livekit_generated(sayna: Sayna, visible: str) -> None:
    assert sayna.shown(visible)["sid"].startswith("RM_")


def test_names_are_used_exactly_as_provided(sayna: Sayna, visible: str) -> None:
    assert sayna.shown(visible)["name"] == visible
    for other in (visible.removeprefix("p_sayna__"), visible + " ", visible.upper(), f"p_sayna__{visible}"):
        if other != visible:
            assert sayna.get(segment(other)).status == 404, other


def test_max_participants_is_the_maximum_allowed(sayna: Sayna, make: Make) -> None:
    assert sayna.shown(make(metadata=MINE, maxParticipants=10))["max_participants"] == 10


def test_max_participants_0_is_no_limit(sayna: Sayna, make: Make) -> None:
    assert sayna.shown(make(metadata=MINE))["max_participants"] == 0


def test_creation_time_is_a_unix_timestamp_in_seconds(sayna: Sayna, make: Make) -> None:
    before = int(time.time())
    assert before - 1 <= sayna.shown(make(metadata=MINE))["creation_time"] <= time.time() + 1


def test_metadata_is_opaque(sayna: Sayna, make: Make) -> None:
    metadata = '{ "z": [1, 2.50],"auth_id" : "tenant-123", "a": "ü" }'
    assert sayna.shown(make(metadata=metadata))["metadata"] == metadata


def test_active_recording_is_false_while_nothing_is_recorded(sayna: Sayna, make: Make) -> None:
    assert sayna.shown(make(metadata=MINE))["active_recording"] is False


def test_an_empty_room_has_no_participants(sayna: Sayna, make: Make) -> None:
    room = sayna.shown(make(metadata=MINE))
    assert (room["num_participants"], room["participants"]) == (0, [])


def test_num_participants_is_the_current_count(sayna: Sayna, make: Make, join: Join) -> None:
    name = make(metadata=MINE)
    join(name, "ana")
    join(name, "bo")
    assert eventually(lambda: sayna.shown(name)["num_participants"], lambda count: count == 2) == 2


def test_all_current_participants_are_included(sayna: Sayna, make: Make, join: Join) -> None:
    name = make(metadata=MINE)
    for identity in ("team/ana ü?#", "bo", "cy"):
        join(name, identity)
    people = sayna.shown(name)["participants"]
    assert sorted(person["identity"] for person in people) == ["bo", "cy", "team/ana ü?#"]


def test_a_participant_has_identity_metadata_and_state(sayna: Sayna, make: Make, join: Join) -> None:
    name = make(metadata=MINE)
    join(name, "user-alice-456", name="Alice Smith", tracks=1, metadata="hello", attributes={"a": "ü"})

    def alice() -> Any:
        return sayna.shown(name)["participants"][0]

    found = eventually(alice, lambda person: person["is_publisher"] and person["state"] == "ACTIVE")
    metadata = found.pop("metadata")
    assert types(found) == PARTICIPANT
    assert found.pop("sid").startswith("PA_")
    assert abs(found.pop("joined_at") - time.time()) < 120
    assert (found, metadata) == (
        {
            "attributes": {"a": "ü"},
            "identity": "user-alice-456",
            "is_publisher": True,
            "kind": "STANDARD",
            "name": "Alice Smith",
            "state": "ACTIVE",
        },
        "hello",
    )


def test_a_participants_metadata_is_the_string_that_livekit_has(sayna: Sayna, make: Make, join: Join) -> None:
    # The document's example has an object here; Sayna's own client takes a string only.
    name = make(metadata=MINE)
    join(name, "ana", metadata='{"role": "host"}')
    assert sayna.shown(name)["participants"][0]["metadata"] == '{"role": "host"}'


def test_somebody_who_only_listens_is_no_publisher(sayna: Sayna, make: Make, join: Join) -> None:
    name = make(metadata=MINE)
    join(name, "ana")
    assert sayna.shown(name)["participants"][0]["is_publisher"] is False


def test_a_room_that_is_not_found_is_404(sayna: Sayna) -> None:
    assert sayna.get("never-made").status == 404


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "text",
        "{}",
        "[]",
        "{",
        '{"auth_id": "tenant-1234"}',
        '{"auth_id": "Tenant-123"}',
        '{"auth_id": ["tenant-123"]}',
        '{"auth_id": null}',
        '{"other": "tenant-123"}',
    ],
)
def test_authenticated_requires_that_auth_id_equals(sayna: Sayna, make: Make, metadata: str | None) -> None:
    name = make(**({} if metadata is None else {"metadata": metadata}))
    assert sayna.get(segment(name)).status == 404


def test_denied_access_is_masked_as_not_found(sayna: Sayna, make: Make) -> None:
    denied, missing = sayna.get(segment(make(metadata='{"auth_id": "other"}'))), sayna.get("never-made")
    assert denied == missing


@pytest.mark.parametrize("subject", ["tenant-123 ", " tenant-123", "TENANT-123", "tenant", "*", "tenant-123\x00"])
def test_another_tenant_is_told_404(sayna: Sayna, make: Make, subject: str) -> None:
    assert sayna.get(segment(make(metadata=MINE)), signed(sub=subject)).status == 404


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "  "}], ids=json.dumps)
def test_access_is_allowed_where_auth_id_is_absent(sayna: Sayna, make: Make, claims: dict[str, str]) -> None:
    name = make(metadata='{"auth_id": "somebody"}')
    assert sayna.shown(name, signed(**claims))["name"] == name


@pytest.mark.parametrize("metadata", ["", "text", MINE])
def test_access_is_allowed_where_authentication_is_not_required(
    unguarded: Sayna, make_unguarded: Make, metadata: str
) -> None:
    name = make_unguarded(metadata=metadata)
    assert unguarded.shown(name)["metadata"] == metadata
    # What is not asked for is not judged either.
    assert unguarded.shown(name, "nonsense")["name"] == name


def test_a_jwt_is_required(sayna: Sayna, visible: str) -> None:
    if sayna.token is None:
        pytest.skip("authentication is not required there")
    assert sayna.get(segment(visible), None).status == 401
    assert sayna.get("never-made", None).status == 401


def segments(token: str) -> list[str]:
    return token.split(".")


NONE, HS512, OWN = signed("", "none", sub="tenant-123"), signed(algorithm="HS512", sub="tenant-123"), signed(sub="x")
WRONG_TOKENS = {
    "expired": signed(sub="tenant-123", exp=1),
    "not yet": signed(sub="tenant-123", nbf=4_000_000_000),
    "none": NONE,
    "none, signed": ".".join([*segments(NONE)[:2], segments(OWN)[2]]),
    "another algorithm": HS512,
    "another algorithm's signature": ".".join([segments(OWN)[0], *segments(HS512)[1:]]),
    "another key": signed(SECRET[::-1], sub="tenant-123"),
    "a key that begins alike": signed(SECRET[:-1], sub="tenant-123"),
    "another's claims": ".".join([segments(OWN)[0], segments(NONE)[1], segments(OWN)[2]]),
    "no signature": ".".join([*segments(OWN)[:2], ""]),
    "two parts": ".".join(segments(OWN)[:2]),
    "no JWT": "nonsense",
    "nothing": " ",
    "the project's key": "sk_live_conformance",
}


@pytest.mark.parametrize("token", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_wrong_jwt_is_401_whether_the_room_is_there_or_not(sayna: Sayna, visible: str, token: str) -> None:
    if sayna.token is None:
        pytest.skip("authentication is not required there")
    there, missing = sayna.get(segment(visible), token), sayna.get("never-made", token)
    assert (there.status, there) == (401, missing)


TRICKS = ["..%2f", "%2e%2e%2f", "%252e%252e%252f", "%2e%2e", "..", ".", "", "%00", "a%00b", "%ff", "%", "%zz", "a%2Fb"]


@pytest.mark.parametrize("path", [*TRICKS, "x/y", "x/", "/x", "../../v1/rooms", "..%2f..%2fv1%2frooms", "x" * 2000])
def test_a_path_that_names_no_room_is_404(sayna: Sayna, path: str) -> None:
    assert sayna.get(path).status == 404
