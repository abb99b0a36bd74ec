"""Functions for Python programs: look at rooms, remove somebody from one. And what all of a program goes by: its
settings, and how it is told of failures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar, overload

import pulumi
from pulumi import Input, Output, RunError

from relay_provider import session
from relay_provider.config import OPTIONS, Connection, ProjectRef, load
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms
from relay_provider.model import LiveRoom, Removal, RoomDetail
from relay_provider.sayna import SaynaRoom

T = TypeVar("T")


def program_settings(project: ProjectRef | None) -> Connection:
    """The settings of the stack's config and the environment, or those of a manifest's project."""
    config = pulumi.Config("relay")
    base = load({setting.name: config.get(setting.name) for setting in OPTIONS})
    return project.settings(base, pulumi.Config().get) if project else base


@cache
def _program_error(kind: type[RelayError]) -> type[RelayError]:
    return type(kind.__name__, (kind, RunError), {"__module__": kind.__module__})


@contextmanager
def in_sentences() -> Iterator[None]:
    """Within this, errors are such that Pulumi shows them as their sentences alone, without a traceback."""
    try:
        yield
    except RelayError as error:
        error.__class__ = _program_error(type(error))  # type: ignore[arg-type]
        raise error from None


def _in_program(project: ProjectRef | None, work: Callable[[Rooms], Awaitable[T]]) -> T:
    with in_sentences():
        return session.run(program_settings(project), work)


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
        done = not pulumi.runtime.is_dry_run()
        return Removal(removed=done and _in_program(project, lambda rooms: rooms.remove_participant(room, identity)))

    if isinstance(room, str) and isinstance(identity, str):
        return remove(room, identity)
    return Output.all(room, identity).apply(lambda known: remove(*known))


def get_room(name: str, *, project: ProjectRef | None = None) -> RoomDetail:
    """A live room with its participants. Raises NotFound when it is not live."""
    return _in_program(project, lambda rooms: rooms.get(name))


def list_rooms(*, project: ProjectRef | None = None) -> list[LiveRoom]:
    """Every live room of the project, sorted by name."""
    return _in_program(project, lambda rooms: rooms.list())


def get_sayna_room(name: str) -> SaynaRoom:
    """What Sayna (saynaUrl, saynaToken) knows of the room of exactly this name on the server.

    Raises NotFound when it is not there or not yours; Sayna answers the same for both, so nothing follows from it.
    """
    with in_sentences():
        settings = program_settings(None)
        return session.run_in_session(lambda opened: opened.sayna(settings).get(name))
