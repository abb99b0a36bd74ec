"""Functions for Python programs: look at rooms, remove somebody from one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, overload

import pulumi
from pulumi import Input, Output

from relay_provider import session
from relay_provider.config import ProjectRef
from relay_provider.dynamic.program import for_program, program_settings
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, RoomDetail
from relay_provider.sayna import SaynaRoom


def _in_program(project: ProjectRef | None, work: Callable[[Rooms], Any]) -> Any:
    with _failing_in_sentences():
        return session.run(program_settings(project), work)


@contextmanager
def _failing_in_sentences() -> Iterator[None]:
    try:
        yield
    except RelayError as error:
        raise for_program(error) from None


class Removal:
    """What `remove_participant` did; true when somebody was disconnected."""

    def __init__(self, removed: bool) -> None:
        self.removed = removed

    def __bool__(self) -> bool:
        return self.removed

    def __repr__(self) -> str:
        return f"Removal(removed={self.removed})"


@overload
def remove_participant(room: str, identity: str, *, project: ProjectRef | None = None) -> Removal: ...


@overload
def remove_participant(
    room: Input[str], identity: Input[str], *, project: ProjectRef | None = None
) -> Removal | Output[Removal]: ...


def remove_participant(
    room: Input[str], identity: Input[str], *, project: ProjectRef | None = None
) -> Removal | Output[Removal]:
    """Disconnect one participant; they may come back with the same token.

    Answers whether somebody was disconnected: nobody being there is no error, so repeating it is fine. Does nothing
    in a preview (`removed` is then False). With outputs as arguments it runs when they are known, and the result is
    an output.
    """

    def remove(room: str, identity: str) -> Removal:
        if pulumi.runtime.is_dry_run():
            return Removal(False)
        return Removal(_in_program(project, lambda rooms: rooms.remove_participant(room, identity)))

    if isinstance(room, str) and isinstance(identity, str):
        return remove(room, identity)
    return Output.all(room, identity).apply(lambda known: remove(*known))


def get_room(name: str, *, project: ProjectRef | None = None) -> RoomDetail:
    """A live room with its participants. Raises NotFound when it is not live."""
    found: RoomDetail = _in_program(project, lambda rooms: rooms.get(name))
    return found


def list_rooms(*, project: ProjectRef | None = None) -> list[LiveRoom]:
    """Every live room of the project, sorted by name."""
    found: list[LiveRoom] = _in_program(project, lambda rooms: rooms.list())
    return found


def get_sayna_room(name: str) -> SaynaRoom:
    """What Sayna (saynaUrl, saynaToken) knows of the room of exactly this name on the server.

    Raises NotFound when it is not there or not yours; Sayna answers the same for both, so nothing follows from it.
    """
    with _failing_in_sentences():
        settings = program_settings(None)
        return session.run_in_session(lambda opened: opened.sayna(settings).get(name))
