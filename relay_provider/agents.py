"""The agents that are dispatched to live rooms, which no list tells: a question for each room."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from relay_provider.backends.base import CONCURRENCY, Backend
from relay_provider.model import AGENTS, LiveRoom, RoomInputs


def asked(backend: Backend, declared: RoomInputs) -> bool:
    """Do the room's agents count? Where none are declared, not even an empty list, they are left alone."""
    return AGENTS in backend.in_place and AGENTS in declared.settings()


async def of_room(backend: Backend, live: LiveRoom) -> LiveRoom | None:
    """The room with its agents; None when it has ended meanwhile."""
    found = await backend.agents(live.name)
    return None if found is None else live.model_copy(update={"agents": found})


async def of_rooms(
    backend: Backend, live: Iterable[LiveRoom], declared: Iterable[RoomInputs] | None = None
) -> list[LiveRoom]:
    """The rooms with their agents: those among `declared` whose agents count, or else all. A room that has ended
    meanwhile is left out."""
    found: list[LiveRoom | None] = [*live]
    names = None if declared is None else {room.name for room in declared if asked(backend, room)}
    wanted = [(at, room) for at, room in enumerate(found) if room and (names is None or room.name in names)]
    slots = anyio.Semaphore(CONCURRENCY)

    async def look(at: int, room: LiveRoom) -> None:
        async with slots:
            found[at] = await of_room(backend, room)

    if AGENTS in backend.in_place and wanted:
        try:
            async with anyio.create_task_group() as group:
                for one in wanted:
                    group.start_soon(look, *one)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
    return [room for room in found if room is not None]
