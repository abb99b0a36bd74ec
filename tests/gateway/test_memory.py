"""The memory engine: expiry, joins, limits, isolation."""

import pytest

from tests.gateway.asgi import OTHER_KEY, App

pytestmark = pytest.mark.unit


def test_a_room_that_nobody_joins_lasts_its_empty_timeout(app: App) -> None:
    app.create("room", emptyTimeout=60)
    app.clock.advance(59.9)
    assert app.names() == ["room"]
    app.clock.advance(0.1)
    assert app.names() == []


def test_a_room_without_a_timeout_waits_300_seconds_for_its_first_participant(app: App) -> None:
    app.create("room")
    app.clock.advance(299)
    assert app.names() == ["room"]
    app.clock.advance(1)
    assert app.names() == []


def test_a_room_without_a_timeout_outlives_its_last_participant_by_20_seconds(app: App) -> None:
    app.join("room", "ana")
    app.call("DELETE", "/dev/rooms/room/participants/ana")
    app.clock.advance(19)
    assert app.names() == ["room"]
    app.clock.advance(1)
    assert app.names() == []


def test_an_occupied_room_does_not_expire(app: App) -> None:
    app.create("room", emptyTimeout=60)
    app.join("room", "ana")
    app.clock.advance(100_000)
    assert app.names() == ["room"]


@pytest.mark.parametrize("door", ["v1", "dev"])
def test_the_timeout_starts_again_when_the_last_participant_has_gone(app: App, door: str) -> None:
    app.create("room", emptyTimeout=60)
    app.join("room", "ana")
    app.join("room", "bo")
    app.clock.advance(50)
    app.call("DELETE", f"/{door}/rooms/room/participants/ana")
    app.clock.advance(50)
    app.call("DELETE", f"/{door}/rooms/room/participants/bo")
    app.clock.advance(59)
    assert app.names() == ["room"]
    app.clock.advance(1)
    assert app.names() == []


def test_a_rejoin_stops_the_timeout(app: App) -> None:
    app.create("room", emptyTimeout=60)
    app.join("room", "ana")
    app.call("DELETE", "/dev/rooms/room/participants/ana")
    app.clock.advance(30)
    app.join("room", "bo")
    app.clock.advance(1000)
    assert app.names() == ["room"]


def test_an_expired_room_is_gone_from_every_operation(app: App) -> None:
    app.create("room", emptyTimeout=1)
    app.clock.advance(2)
    assert app.call("GET", "/v1/rooms/room").status == 404
    assert app.call("DELETE", "/v1/rooms/room").status == 200
    assert app.call("DELETE", "/v1/rooms/room/participants/ana").status == 404


def test_a_room_made_anew_has_its_own_timeout(app: App) -> None:
    old = app.create("room", emptyTimeout=60)
    app.call("DELETE", "/v1/rooms/room")
    new = app.create("room", emptyTimeout=600)
    app.clock.advance(300)
    assert app.names() == ["room"]
    assert new["sid"] != old["sid"]


def test_a_repeated_create_does_not_prolong_the_room(app: App) -> None:
    app.create("room", emptyTimeout=60)
    app.clock.advance(50)
    app.create("room", emptyTimeout=600)
    app.clock.advance(10)
    assert app.names() == []


def test_creation_and_join_times_follow_the_clock(app: App) -> None:
    created = app.create("room")["creationTime"]
    app.clock.advance(10)
    assert app.join("room", "ana").json["joinedAt"] == created + 10


def test_joining_makes_a_room_with_default_settings(app: App) -> None:
    app.join("room", "ana")
    room = app.call("GET", "/v1/rooms/room").json
    assert (room["maxParticipants"], room["metadata"], room["numParticipants"]) == (0, "", 1)


def test_a_full_room_refuses_a_join(app: App) -> None:
    app.create("room", maxParticipants=1)
    assert app.join("room", "ana").status == 201
    refused = app.join("room", "bo")
    assert (refused.status, refused.error) == (409, "room_full")
    assert app.call("GET", "/v1/rooms/room").json["numParticipants"] == 1


def test_the_same_identity_again_replaces_the_first(app: App) -> None:
    app.create("room", maxParticipants=1)
    app.join("room", "ana", name="Ana")
    assert app.join("room", "ana", name="Ana again", tracks=3).status == 201
    (person,) = app.call("GET", "/v1/rooms/room").json["participants"]
    assert (person["name"], person["tracks"], person["state"]) == ("Ana again", 3, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"identity": ""},
        {"identity": 1},
        {"identity": "a\0"},
        {"identity": "\ud800"},
        {"identity": "a", "tracks": -1},
        {"identity": "a", "tracks": True},
        {"identity": "a", "tracks": 10**9},
        {"identity": "a", "attributes": {"x": 1}},
        {"identity": "a", "attributes": {"\ud800": "x"}},
        {"identity": "a", "colour": "red"},
    ],
)
def test_a_wrong_participant_is_a_validation_error(app: App, body: dict[str, object]) -> None:
    answer = app.call("POST", "/dev/rooms/room/participants", body)
    assert (answer.status, answer.error) == (422, "validation_error")
    assert app.names() == []


def test_leaving_twice_is_not_found(app: App) -> None:
    app.join("room", "ana")
    assert app.call("DELETE", "/dev/rooms/room/participants/ana").json == {"left": True}
    assert app.call("DELETE", "/dev/rooms/room/participants/ana").error == "not_found"


def test_the_development_door_is_shut_where_it_was_not_opened() -> None:
    assert App(development=False).join("room", "ana").error == "not_found"


def test_two_projects_have_rooms_of_one_name_and_do_not_touch_each_other(app: App) -> None:
    mine = app.create("room", metadata="mine")
    theirs = app.create("room", metadata="theirs", key=OTHER_KEY)
    assert mine["sid"] != theirs["sid"]
    app.call("DELETE", "/v1/rooms/room")
    assert app.call("GET", "/v1/rooms/room", key=OTHER_KEY).json["metadata"] == "theirs"
    assert app.names() == []


def test_rooms_are_listed_by_name(app: App) -> None:
    for name in ("b", "a", "C", "10", "9"):
        app.create(name)
    assert app.names() == ["10", "9", "C", "a", "b"]


def test_rooms_that_come_and_go_leave_nothing_behind(app: App) -> None:
    for number in range(500):
        app.create(f"room{number}", emptyTimeout=1)
        app.clock.advance(2)
    assert len(app.engine.project("mine")._rooms) < 100
