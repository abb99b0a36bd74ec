"""A room is known to be empty, by its own answer and by the list, or it is not ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest

from relay_provider.errors import RateLimited, RelayError, RoomOccupied, RoomUnsure, Unauthorized, Unavailable
from relay_provider.guard import SECOND_LOOKS
from relay_provider.model import LiveRoom, RoomDetail
from relay_provider.run import Run
from tests.unit.fake import House, live_room, person

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

A = TypeVar("A")

EMPTY = live_room()
OTHER = live_room(sid="RM_2")
CROWDED = live_room(num_participants=2)


def detail(room: LiveRoom, *identities: str) -> RoomDetail:
    return RoomDetail(**dict(room), participants=[person(identity) for identity in identities])


class Answers:
    """A house whose server gives these answers in turn, and the last one ever after."""

    def __init__(self, own: Sequence[RoomDetail | Exception | None], listed: Sequence[LiveRoom | Exception | None]):
        self.own, self.listed = list(own), list(listed)
        self.house = House()
        self.house.backend.get = self._get  # type: ignore[method-assign]
        self.house.backend.list = self._list  # type: ignore[method-assign]
        self.house.rooms = type(self.house.rooms)(self.house.backend, self.house.rooms.project, self.house.sleep)

    async def _get(self, name: str) -> RoomDetail | None:
        return self._next(self.own)

    async def _list(self) -> list[LiveRoom]:
        room = self._next(self.listed)
        return [room] if room else []

    def _next(self, answers: list[A | Exception]) -> A:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ended(self) -> bool:
        await self.house.delete()
        return self.house.did == ["delete"]

    async def refused(self, kind: type[RelayError]) -> str:
        with pytest.raises(kind) as caught:
            await self.house.delete()
        assert self.house.did == [], "something was sent"
        return str(caught.value)


# -- Agreement


async def test_a_room_that_both_call_empty_is_ended_at_once() -> None:
    answers = Answers([detail(EMPTY)], [EMPTY])
    assert await answers.ended()
    assert answers.house.waits == []


async def test_a_room_that_neither_knows_is_gone_and_nothing_is_sent() -> None:
    answers = Answers([None], [None])
    assert not await answers.ended()
    assert answers.house.waits == []


async def test_people_in_the_rooms_own_answer_are_enough_to_refuse() -> None:
    said = await Answers([detail(EMPTY, "ada")], [None]).refused(RoomOccupied)
    assert "because 1 person is in it: ada" in said


# -- Disagreement that lasts


@pytest.mark.parametrize(
    ("own", "listed", "said"),
    [
        (None, CROWDED, "that there is no such room, and its list with 2 people in it (RM_1)"),
        (None, EMPTY, "that there is no such room, and its list with nobody in it (RM_1)"),
        (detail(EMPTY), None, "with nobody in it (RM_1), and its list that there is no such room"),
        (detail(EMPTY), CROWDED, "with nobody in it (RM_1), and its list with 2 people in it (RM_1)"),
        (detail(EMPTY), OTHER, "with nobody in it (RM_1), and its list with nobody in it (RM_2)"),
        (detail(CROWDED), EMPTY, "with 2 people in it (RM_1), and its list with nobody in it (RM_1)"),
        (
            detail(live_room(num_participants=1)),
            live_room(num_participants=1),
            "with 1 person in it (RM_1), and its list with 1 person in it (RM_1)",
        ),
    ],
)
async def test_a_room_of_which_two_things_are_said_is_not_ended(
    own: RoomDetail | None, listed: LiveRoom | None, said: str
) -> None:
    answers = Answers([own], [listed])
    assert await answers.refused(RoomUnsure) == (
        'Room "standup" was not ended, as it is not known whether it is empty: asked for it, memory answers '
        f"{said}. Nobody was disconnected. Run the same command again in a while."
    )
    assert answers.house.waits == list(SECOND_LOOKS)


# -- Disagreement that heals


@pytest.mark.parametrize("looks", range(1, len(SECOND_LOOKS) + 1))
async def test_a_count_that_lags_behind_is_looked_at_again(looks: int) -> None:
    answers = Answers([detail(EMPTY)], [*[CROWDED] * looks, EMPTY])
    assert await answers.ended()
    assert answers.house.waits == list(SECOND_LOOKS[:looks])


async def test_a_room_that_was_not_found_once_is_looked_at_again() -> None:
    assert await Answers([None, detail(EMPTY)], [EMPTY]).ended()
    said = await Answers([None, detail(EMPTY, "ada")], [CROWDED]).refused(RoomOccupied)
    assert "ada" in said


async def test_somebody_who_comes_between_the_looks_is_there() -> None:
    await Answers([detail(EMPTY), detail(EMPTY, "ada")], [CROWDED]).refused(RoomOccupied)


async def test_a_list_of_an_earlier_run_is_no_second_witness() -> None:
    answers = Answers(own=[None, detail(EMPTY)], listed=[None, None, EMPTY])
    assert await answers.house.read() is None
    answers.house.run = Run()
    assert await answers.ended()


async def test_a_second_look_asks_the_server_and_not_the_list_of_before() -> None:
    answers = Answers([detail(EMPTY)], [CROWDED, EMPTY])
    await answers.house.read()  # which has the lagging list
    assert await answers.ended()


# -- No answer


@pytest.mark.parametrize("failure", [Unavailable("It is down."), Unauthorized("No."), RateLimited("Slowly.")])
@pytest.mark.parametrize("which", ["own", "list", "a later look"])
async def test_an_answer_that_cannot_be_had_is_that_failure_and_says_that_nothing_was_ended(
    failure: RelayError, which: str
) -> None:
    answers = {
        "own": Answers([failure], [EMPTY]),
        "list": Answers([detail(EMPTY)], [failure]),
        "a later look": Answers([detail(EMPTY), failure], [CROWDED]),
    }[which]
    assert await answers.refused(type(failure)) == (
        f'Room "standup" was not ended, as it is not known whether it is empty. {failure}'
    )


async def test_agents_and_recorders_are_nobody_to_be_thrown_out() -> None:
    house = House(live_room())
    house.join("agent-AJ_1")
    (agent,) = house.backend.people["standup"]
    house.backend.people["standup"] = [agent.model_copy(update={"serves": True})]
    await house.delete()
    assert house.backend.rooms == {}


async def test_a_person_beside_an_agent_is() -> None:
    house = House(live_room())
    house.join("agent-AJ_1", "ana")
    agent, ana = house.backend.people["standup"]
    house.backend.people["standup"] = [agent.model_copy(update={"serves": True}), ana]
    with pytest.raises(RoomOccupied, match="1 person is in it: ana"):
        await house.delete()
