"""A room as a resource of the provider: from the protocol to the life cycle and back. No rule is made here.

The engine starts a process for each of its walks, and tells a resource's steps one by one: what a plan (`plan.py`)
learns is handed on in `Private`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from relay_provider.checks import check
from relay_provider.errors import InvalidInputs, NotFound
from relay_provider.model import RoomInputs
from relay_provider.terraform import codec, schema
from relay_provider.terraform.plan import UNTOLD, Plan, left_behind
from relay_provider.terraform.private import Private
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.values import NOTHING, Values
from relay_provider.terraform.words import wrong
from relay_provider.values import UNKNOWN

if TYPE_CHECKING:
    from relay_provider.terraform.provider import Provider

ROOM: Final = "relay_room"
DESCRIPTION: Final = RoomInputs.__doc__ or ""


def identity_schema() -> pb.ResourceIdentitySchema:
    """What tells one room from all others of its provider."""
    name = pb.ResourceIdentitySchema.IdentityAttribute(
        name="name", type=b'"string"', required_for_import=True, description="The room's name."
    )
    return pb.ResourceIdentitySchema(version=0, identity_attributes=[name])


class RoomResource:
    """`relay_room` of one provider, in one walk."""

    def __init__(self, provider: Provider) -> None:
        self._of = provider
        self._plan = Plan(provider)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By room: the engine may end one for one resource while another takes it over."""

    # What needs no server

    async def validate_resource_config(
        self, request: pb.ValidateResourceConfig.Request
    ) -> pb.ValidateResourceConfig.Response:
        config = Values.read(request.config)
        return pb.ValidateResourceConfig.Response(diagnostics=wrong(config.problems if config else ()))

    async def upgrade_resource_state(
        self, request: pb.UpgradeResourceState.Request
    ) -> pb.UpgradeResourceState.Response:
        stated = codec.json_object(request.raw_state.json)
        state = Values.of(
            {one.name: codec.from_state(stated.get(one.name), one.type, one.name) for one in schema.room()}
        )
        self._plan.has(state)
        return pb.UpgradeResourceState.Response(upgraded_state=state.message())

    async def upgrade_resource_identity(
        self, request: pb.UpgradeResourceIdentity.Request
    ) -> pb.UpgradeResourceIdentity.Response:
        name = codec.read(codec.json_object(request.raw_identity.json).get("name"), "string", "name")
        return pb.UpgradeResourceIdentity.Response(upgraded_identity=Values.of({"name": name}).identity())

    # Reading

    async def read_resource(self, request: pb.ReadResource.Request) -> pb.ReadResource.Response:
        state, private = Values.read(request.current_state), Private.read(request.private)
        if state is None:
            return pb.ReadResource.Response(new_state=NOTHING)
        if private.is_elsewhere(self._of.place):
            left = left_behind(state, private, self._of.place)
            return pb.ReadResource.Response(new_state=NOTHING, diagnostics=[left])
        live = await self._of.rooms.read(state.name, self._of.run, state.known)
        if live is None:
            return pb.ReadResource.Response(new_state=NOTHING)
        found = state.as_live(live)
        return pb.ReadResource.Response(
            new_state=found.message(), private=private.of_state(self._of.place), new_identity=found.identity()
        )

    async def import_resource_state(self, request: pb.ImportResourceState.Request) -> pb.ImportResourceState.Response:
        identity = codec.fields(codec.unpacked(request.identity.identity_data.msgpack))
        name = request.id or codec.read(identity.get("name"), "string", "name") or ""
        if problems := check({"name": name}).problems:
            raise InvalidInputs("The room's name is wrong", problems)
        live = await self._of.rooms.read(name, self._of.run)
        if live is None:
            raise NotFound(
                f'Room "{name}" is not live at {self._of.rooms.backend.address}, so there is nothing to import: check '
                "its name, or apply without the import, which makes it."
            )
        found = Values.imported(live)
        imported = pb.ImportResourceState.ImportedResource(
            type_name=ROOM,
            state=found.message(),
            private=Private.read(b"").of_state(self._of.place),
            identity=found.identity(),
        )
        return pb.ImportResourceState.Response(imported_resources=[imported])

    # Planning and doing

    async def plan_resource_change(self, request: pb.PlanResourceChange.Request) -> pb.PlanResourceChange.Response:
        prior, wanted = Values.read(request.prior_state), Values.read(request.proposed_new_state)
        if wanted:
            wanted = wanted.with_defaults(codec.fields(codec.unpacked(request.config.msgpack)))
        return await self._plan.change(prior, wanted, Private.read(request.prior_private))

    async def apply_resource_change(self, request: pb.ApplyResourceChange.Request) -> pb.ApplyResourceChange.Response:
        prior, planned = Values.read(request.prior_state), Values.read(request.planned_state)
        private = Private.read(request.planned_private)
        self._plan.is_carried_out = True
        room = planned or prior
        if room is None:
            return pb.ApplyResourceChange.Response(new_state=NOTHING)
        async with self._locks[room.name]:
            if planned is None:
                await self._end(room, private)
                return pb.ApplyResourceChange.Response(new_state=NOTHING)
            made = await self._make(prior, planned, private)
        return pb.ApplyResourceChange.Response(
            new_state=made.message(), private=private.of_state(self._of.place), new_identity=made.identity()
        )

    async def _end(self, room: Values, private: Private) -> None:
        if private.kept or private.is_elsewhere(self._of.place):
            return
        force = room.force if private.force is None else private.force
        sid = room.known.get("sid")
        await self._of.rooms.delete(
            room.name, self._of.run, force=force, sid=sid if isinstance(sid, str) else None, by=private.by
        )

    async def _make(self, prior: Values | None, planned: Values, private: Private) -> Values:
        wanted, rooms, run = planned.room(), self._of.rooms, self._of.run
        if prior is None or planned.known.get("sid") is UNKNOWN:
            live = await rooms.create(wanted, run, UNTOLD)
            return planned.but(sid=live.sid, creation_time=live.creation_time)
        run.knows((self._of.home, prior.name), prior.known, private.by)
        await rooms.update(prior.known, wanted, run, UNTOLD)
        # As planned, also where the room had to be made again: what is known in a plan must not be another afterwards.
        return planned
