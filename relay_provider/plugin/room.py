"""A room as a resource of the plugin: from the wire to the life cycle and back. No rule is made here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct

from relay_provider import room_config
from relay_provider.changes import Diff, PropertyChange, imported_inputs, inputs_as_live, outputs, planned, updated
from relay_provider.checks import check
from relay_provider.errors import InvalidInputs, Problem, RelayError
from relay_provider.model import RoomInputs
from relay_provider.place import Home, home_of
from relay_provider.plugin.codec import Properties, decode, encode
from relay_provider.plugin.messages import check_response, declared_twice, diff_response, id_of, named, within
from relay_provider.proto import provider_pb2 as pb
from relay_provider.values import UNKNOWN, holds_unknown

if TYPE_CHECKING:
    from relay_provider.plugin.provider import Provider

LEFT: Final = (
    'Room "{}" is not found with the new key, so it is created in that key\'s project. What the old key made stays '
    "where it is, because that key is no longer accepted; with a key of that project, end it by hand."
)


class RoomResource:
    """`relay:index:Room` of one provider."""

    def __init__(self, provider: Provider) -> None:
        self._of = provider

    async def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        try:
            news, olds = decode(request.news), decode(request.olds).values
            checked = check(named(news.values, olds, request), self._of.place)
        except InvalidInputs as error:
            return check_response({}, error.problems)
        problems = checked.problems or self._declared(checked.inputs, olds, request.urn)
        return check_response(checked.inputs, problems, news.secrets, news)

    def _declared(self, inputs: Mapping[str, Any], olds: Mapping[str, Any], urn: str) -> tuple[Problem, ...]:
        """Tell the run, and what is wrong with it."""
        room, before = self._room(inputs), self._room(olds)
        if room is None:
            return ()
        self._of.declared[room[1]] = inputs
        other = self._of.run.declare(room, inputs.get("forceDestroy") is True, before, by=urn)
        return () if other is None else (Problem("name", declared_twice(room[1], other)),)

    def _room(self, properties: Mapping[str, Any]) -> tuple[Home, str] | None:
        home, name = home_of(self._of.connection), properties.get("name")
        return (home, name) if isinstance(name, str) else None

    async def diff(self, request: pb.DiffRequest) -> pb.DiffResponse:
        olds, news = decode(request.olds).values, decode(request.news).values
        if room := self._room(olds):
            self._of.run.knows(room, olds, request.urn)
            if self._of.rekeyed and not await self._of.rooms.has(room[1], str(olds.get("sid"))):
                await self._of.tell(request.urn, LEFT.format(room[1]))
                return diff_response(Diff((PropertyChange("sid", "update", replaces=True),)))
        for path in request.ignoreChanges:
            field = path.split(".")[0].split("[")[0]
            news[field] = olds.get(field)
        return diff_response(self._of.rooms.diff(olds, news))

    async def create(self, request: pb.CreateRequest) -> pb.CreateResponse:
        inputs, rooms = decode(request.properties), self._of.rooms
        if request.preview:
            await self._foretell(request.urn, inputs.values)
            made = planned(inputs.values, UNKNOWN, on_livekit=self._of.connection.backend == "livekit")
            return pb.CreateResponse(properties=_encoded(made, inputs.secrets))
        wanted = _room(inputs)
        async with within(request.timeout):
            live = await rooms.create(wanted, self._of.run, secret=inputs.secrets)
        return pb.CreateResponse(id=live.name, properties=_encoded(outputs(inputs.values, live), inputs.secrets))

    async def _foretell(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """Say in a preview whom a replacement would disconnect."""
        room = self._room(inputs)
        before = self._of.run.replaces(room) if room else None
        if before is None or (before != room and self._of.run.declares(before)):
            return
        try:
            outlook = await self._of.rooms.outlook(before[1], force=inputs.get("forceDestroy") is True)
        except RelayError as error:
            await self._of.tell(urn, f'It is not known who is in room "{before[1]}", which is to end: {error}')
            return
        if outlook:
            await self._of.tell(urn, f'Room "{before[1]}" is to end: {outlook}.')

    async def read(self, request: pb.ReadRequest) -> pb.ReadResponse:
        inputs, state = decode(request.inputs), decode(request.properties)
        async with within(request.timeout):
            live = await self._of.rooms.read(id_of(request), self._of.run, state.values)
        if live is None:
            return pb.ReadResponse()
        secrets = inputs.secrets | state.secrets
        now = inputs_as_live(inputs.values, live) if inputs.values else imported_inputs(live)
        return pb.ReadResponse(
            id=live.name,
            properties=_encoded(outputs(now, live, state.values), secrets, state),
            inputs=encode(now, secrets, inputs),
        )

    async def update(self, request: pb.UpdateRequest) -> pb.UpdateResponse:
        olds, news, rooms = decode(request.olds), decode(request.news), self._of.rooms
        state = {**olds.values, "forceDestroy": news.values.get("forceDestroy") is True}
        if request.preview:
            after = updated(olds.values, news.values, rooms.backend.in_place)
            return pb.UpdateResponse(properties=_encoded(after, news.secrets))
        async with within(request.timeout):
            live = await rooms.update(olds.values, _room(news), self._of.run, secret=news.secrets)
        if live is not None:
            state = outputs(news.values, live)
        return pb.UpdateResponse(properties=_encoded(state, news.secrets))

    async def delete(self, request: pb.DeleteRequest) -> Empty:
        state = decode(request.properties).values
        async with within(request.timeout):
            await self._of.rooms.delete(
                id_of(request),
                self._of.run,
                force=state.get("forceDestroy") is True,
                sid=sid if isinstance(sid := state.get("sid"), str) else None,
                by=request.urn,
            )
        return Empty()

    async def list(self, request: pb.ListRequest) -> list[pb.ListResponse]:
        query = decode(request.query).values
        if holds_unknown(query):
            return [pb.ListResponse(computed=pb.ListResponse.Computed())]
        prefix = str(query.get("namePrefix") or "")
        after = request.continuation_token
        rooms = await self._of.rooms.list()
        names = [room.name for room in rooms if room.name.startswith(prefix) and room.name > after]
        shown = names[: min((size for size in (request.page_size, request.limit) if size > 0), default=len(names))]
        answer = [pb.ListResponse(result=pb.ListResponse.Result(id=name, name=name)) for name in shown]
        if shown and len(shown) < len(names):
            token = pb.ListResponse.Continuation(continuation_token=shown[-1])
            answer.append(pb.ListResponse(continuation=token))
        return answer


def _encoded(outputs: Mapping[str, Any], secrets: Collection[str], before: Properties | None = None) -> Struct:
    """Outputs, of which `roomConfig` is as secret as what it is made of."""
    return encode(outputs, {*secrets, room_config.KEY} if secrets else (), before)


def _room(inputs: Properties) -> RoomInputs:
    """Inputs that were checked before, as a room; all of them known."""
    problems = check(inputs.values).problems or tuple(
        Problem(name, "must be known") for name, value in inputs.values.items() if holds_unknown(value)
    )
    if problems:
        raise InvalidInputs("The room's inputs are wrong", problems)
    return RoomInputs.model_validate(inputs.values, by_alias=True, by_name=False)
