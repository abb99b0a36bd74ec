"""What a plan says of rooms: what changes, who would be disconnected, and what is refused.

The engine tells resources in no order and without their addresses: a room may leave one and come to another. So bad
news that is none if more is told waits a moment for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from relay_provider import guard, room_config
from relay_provider.changes import diff
from relay_provider.checks import check
from relay_provider.errors import ConfigError, RoomDiffers
from relay_provider.model import in_place
from relay_provider.place import place_of
from relay_provider.terraform.private import Private
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.values import NOT_MADE, NOTHING, Values
from relay_provider.terraform.words import error, failures, not_known, path, warning, wrong
from relay_provider.values import UNKNOWN, holds_unknown

if TYPE_CHECKING:
    from relay_provider.terraform.provider import Provider

QUIET: Final = 0.3
"""Seconds without a declaration after which the engine has told what it can tell by now."""
UNTOLD: Final = ("metadata",)
"""What is not shown in messages: the protocol does not say what is sensitive."""

Said = list[pb.Diagnostic]


class Plan:
    """What one walk plans for the rooms of a provider. When it is carried out, each change is planned once more."""

    def __init__(self, provider: Provider) -> None:
        self._of = provider
        self.is_carried_out = False
        """Has the walk begun to change rooms? Then the guard sees to people."""
        self._in_state: dict[tuple[str, str], Mapping[str, Any]] = {}
        """The rooms of the state by name and session ID, as far as they were told by now."""
        self._leaving: set[str] = set()
        """The rooms of resources that are to be destroyed, or to have another room."""

    def has(self, state: Values) -> None:
        """The state has this room, of whichever resource."""
        if isinstance(sid := state.known.get("sid"), str):
            self._in_state[state.name, sid] = state.known

    async def change(
        self, prior: Values | None, wanted: Values | None, private: Private
    ) -> pb.PlanResourceChange.Response:
        """What is to happen to a resource."""
        if wanted is None:
            return await self._end(prior, private)
        if wanted.problems:
            return pb.PlanResourceChange.Response(diagnostics=wrong(wanted.problems))
        private = replace(private, force=wanted.force)
        if self._of.unknown:  # nothing can be asked, which harms nobody where there is no room yet
            if prior is not None:
                raise not_known(self._of.unknown)
            return _planned(wanted.but(**NOT_MADE, room_config=UNKNOWN), private)
        if problems := check(wanted.inputs, place_of(self._of.connection)).problems:
            return pb.PlanResourceChange.Response(diagnostics=wrong(problems))
        if wanted.name and (twice := self._declared_twice(wanted, private)):
            return pb.PlanResourceChange.Response(diagnostics=[twice])
        if prior is not None:
            return await self._change(prior, wanted, private)
        said = await self._foretell_create(wanted, private) if wanted.name and not self.is_carried_out else []
        return _planned(wanted.but(**NOT_MADE, room_config=self._room_config(wanted)), private, said)

    def _check_place(self, room: Values, private: Private) -> None:
        """Raises ConfigError when the provider leads elsewhere than where the state's room is: one of that name there
        is another."""
        if private.is_elsewhere(self._of.place):
            raise ConfigError(
                f'Room "{room.name}" was declared at {private.place}, and the provider leads to {self._of.place} now. '
                "Plan with a refresh, which takes the room out of the state and leaves it where it is."
            )

    def _declared_twice(self, wanted: Values, private: Private) -> pb.Diagnostic | None:
        """Tell the run; what is wrong when another resource declares the room, too."""
        if self._of.run.declare((self._of.home, wanted.name), wanted.force, by=private.by) is None:
            return None
        return error(
            "One room is declared twice",
            f'Room "{wanted.name}" is declared by another resource already; rooms are known by their names, so give '
            "one of them another name, or declare it once.",
            "name",
        )

    async def _end(self, prior: Values | None, private: Private) -> pb.PlanResourceChange.Response:
        if prior is None:
            return pb.PlanResourceChange.Response(planned_state=NOTHING)
        private = replace(private, force=prior.force)
        if private.is_elsewhere(self._of.place):
            private, said = replace(private, kept=True), [left_behind(prior, private, self._of.place)]
        else:
            self._leaving.add(prior.name)
            private, said = await self._foretell_end(prior.name, private, self._is_declared(prior.name))
        return pb.PlanResourceChange.Response(
            planned_state=NOTHING, planned_private=private.written(), diagnostics=said
        )

    async def _change(self, prior: Values, wanted: Values, private: Private) -> pb.PlanResourceChange.Response:
        self._check_place(prior, private)
        self._of.run.knows((self._of.home, prior.name), prior.known, private.by)
        found = diff(prior.known, wanted.inputs, in_place(self._of.connection.backend))
        planned = wanted.but(**prior.respelt(wanted))
        if found.changes:
            planned = planned.but(room_config=self._room_config(wanted))
        private = replace(private, had=prior.name)
        if not found.replaces:
            return _planned(planned, private, self._also_leaving(prior.name))
        elsewhere = _never
        if wanted.name != prior.name:
            self._leaving.add(prior.name)
            elsewhere = self._is_declared(prior.name)
        private, said = await self._foretell_end(prior.name, private, elsewhere)
        response = _planned(planned.but(**NOT_MADE), replace(private, foretold=True), said)
        response.requires_replace.extend(path(field) for field in found.replaces)
        return response

    def _room_config(self, wanted: Values) -> object:
        return room_config.planned(wanted.inputs) if self._of.connection.backend == "livekit" else None

    def _also_leaving(self, name: str) -> Said:
        """What is wrong when another resource, which is to be destroyed, has the room as well: its end would be the end
        of a room that stays declared."""
        if name not in self._leaving:
            return []
        twice = (
            f'Room "{name}" is in the state of two resources, one of which is to be destroyed, and a room '
            "that is declared is not ended. Take the one that goes out of the state: `tofu state rm ADDRESS`."
        )
        return [error("The state has one room twice", twice)]

    def _is_declared(self, name: str) -> Callable[[], bool]:
        return lambda: self._of.run.declares((self._of.home, name))

    async def _foretell_end(self, name: str, private: Private, kept: Callable[[], bool]) -> tuple[Private, Said]:
        """Refuse or announce whom the end of the state's room disconnects, unless another resource has the room."""
        if kept() or self.is_carried_out:
            return replace(private, kept=kept()), []
        outlook = await self._of.rooms.outlook(name, force=private.force is True)
        if outlook is None:
            return private, []
        if await self._is_told(kept):
            return replace(private, kept=kept()), []
        people = guard.people_in(outlook.people)
        if not outlook.refused:
            return private, [warning("People will be disconnected", f'Room "{name}" will be ended, and {people}.')]
        refused = (
            f'Room "{name}" would be ended by this plan, and {people}. Nobody was disconnected. Wait until they have '
            "left, or set force_destroy = true on the room (and apply that first if it leaves the configuration). "
            "A room that only moves to another address needs a `moved` block."
        )
        return private, [error("People are in the room", refused)]

    async def _foretell_create(self, wanted: Values, private: Private) -> Said:
        """Refuse what the create would refuse, and announce whom it disconnects."""
        if private.had == wanted.name:  # its own room, by -replace, or by a setting: then it was foretold
            return [] if private.foretold else (await self._foretell_end(wanted.name, private, _never))[1]
        if holds_unknown(wanted.inputs):
            return []
        live = await self._of.rooms.witness(wanted.name)
        if live is None:
            return []

        def is_the_states() -> bool:
            return (wanted.name, live.sid) in self._in_state

        if is_the_states():  # a tainted one's, or one's that is to be destroyed
            return (await self._foretell_end(wanted.name, private, lambda: wanted.name in self._leaving))[1]
        try:
            taken = await self._of.rooms.taken(wanted.room(), self._of.run, UNTOLD)
        except RoomDiffers as differs:
            return [] if await self._is_told(is_the_states) else failures(differs, self._of.secrets)
        return (await self._foretell_end(wanted.name, private, _never))[1] if taken and taken[1] else []

    async def _is_told(self, known: Callable[[], bool]) -> bool:
        """Does it come to be known while the engine still tells of other resources, or else that this is no plan?"""
        while not (known() or self.is_carried_out) and self._of.run.quiet_for() < QUIET:  # noqa: ASYNC110
            await asyncio.sleep(QUIET / 10)
        return known() or self.is_carried_out


def left_behind(room: Values, private: Private, place: str) -> pb.Diagnostic:
    """What becomes of a room when the provider leads elsewhere."""
    return warning(
        "A room is left behind",
        f'Room "{room.name}" was declared at {private.place}, and the provider leads to {place} now: it stays '
        "where it is, and is no longer managed. To have it ended, go back to the former settings, destroy it, and "
        "change them then.",
    )


def _never() -> bool:
    return False


def _planned(values: Values, private: Private, said: Said | None = None) -> pb.PlanResourceChange.Response:
    return pb.PlanResourceChange.Response(
        planned_state=values.message(),
        planned_private=private.written(),
        diagnostics=said or [],
        planned_identity=values.identity(),
    )
