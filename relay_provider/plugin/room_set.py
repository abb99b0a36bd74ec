"""A set of rooms as a resource of the plugin: from the wire to the life cycle and back. No rule is made here."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty

from relay_provider import room_set
from relay_provider.engine import PartlyDone
from relay_provider.errors import InvalidInputs, Problem, Rejected, RelayError
from relay_provider.model import SETTINGS
from relay_provider.place import home_of
from relay_provider.plugin.codec import Properties, decode, encode
from relay_provider.plugin.messages import check_response, declared_twice, diff_response, id_of, within
from relay_provider.plugin.room import LEFT
from relay_provider.proto import provider_pb2 as pb
from relay_provider.room_set import Set, path
from relay_provider.set_cycle import LISTED, SetCycle, SetFailed
from relay_provider.values import Unknown, holds_unknown

if TYPE_CHECKING:
    from relay_provider.plugin.provider import Provider


class RoomSetResource:
    """`relay:index:RoomSet` of one provider."""

    def __init__(self, provider: Provider) -> None:
        self._of = provider

    async def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        try:
            news = decode(request.news)
        except InvalidInputs as error:
            return check_response({}, error.problems)
        found = room_set.check(news.values.get("rooms"), self._of.place)
        problems = [*found.problems, *(Problem(name, "is not a known key") for name in news.values if name != "rooms")]
        if not problems:
            home = home_of(self._of.connection)
            self._of.declared |= room_set.rooms_of(found.inputs["rooms"])
            declared = room_set.declared(found.inputs["rooms"])
            others = self._of.run.declare_all(
                [((home, name), force, room_set.by(request.urn, name)) for name, force in declared]
            )
            problems += [Problem(path(name), declared_twice(name, other)) for (_, name), other in others.items()]
        return check_response(found.inputs, problems, news.secrets, news)

    async def diff(self, request: pb.DiffRequest) -> pb.DiffResponse:
        olds, news = _rooms(decode(request.olds)), decode(request.news).values["rooms"]
        rooms = self._of.rooms
        self._cycle(request).know(olds)
        found = await self._found(olds)
        for name in list(olds.keys() - found.keys())[:LISTED]:
            await self._of.tell(request.urn, LEFT.format(name))
        return diff_response(room_set.diff(found, news, rooms.backend.in_place))

    async def create(self, request: pb.CreateRequest) -> pb.CreateResponse:
        inputs, name = decode(request.properties), request.name or request.urn.rpartition("::")[2]
        if request.preview:
            return pb.CreateResponse(properties=self._planned({}, inputs))
        async with within(request.timeout):
            stands = await self._applied(request, name, {}, inputs)
        return pb.CreateResponse(id=name, properties=_encoded(stands, inputs.secrets))

    async def read(self, request: pb.ReadRequest) -> pb.ReadResponse:
        inputs, state = decode(request.inputs), decode(request.properties)
        id_, secrets = id_of(request), inputs.secrets | state.secrets
        async with within(request.timeout):
            if "rooms" in state.values:
                live = await self._cycle(request).read(_rooms(state))
                now = room_set.inputs_of(_rooms(inputs), live)
            else:
                live = await self._cycle(request).found(id_)
                now = room_set.inputs_of(None, live)
        outputs = room_set.outputs_of(now, live, _rooms(state))
        return pb.ReadResponse(
            id=id_, properties=_encoded(outputs, secrets, state), inputs=_encoded(now, secrets, inputs)
        )

    async def update(self, request: pb.UpdateRequest) -> pb.UpdateResponse:
        olds, news = await self._found(_rooms(decode(request.olds))), decode(request.news)
        if request.preview:
            await self._foretell(request, olds, news.values["rooms"])
            return pb.UpdateResponse(properties=self._planned(olds, news))
        async with within(request.timeout):
            stands = await self._applied(request, id_of(request), olds, news)
        return pb.UpdateResponse(properties=_encoded(stands, news.secrets))

    async def delete(self, request: pb.DeleteRequest) -> Empty:
        async with within(request.timeout):
            await self._cycle(request).end(_rooms(decode(request.properties)))
        return Empty()

    async def list(self, request: pb.ListRequest) -> list[pb.ListResponse]:
        raise Rejected("Sets of rooms exist in states alone, so there is nothing to list; list relay:index:Room.")

    async def _applied(self, request: Any, id_: str, olds: Set, news: Properties) -> dict[str, Any]:
        """Make the set as declared; a failure brings the state along."""
        if holds_unknown(news.values):
            raise InvalidInputs("The set's inputs are wrong", [Problem("rooms", "must be known")])
        try:
            return await self._cycle(request, SETTINGS if news.secrets else ()).apply(olds, news.values["rooms"])
        except SetFailed as error:
            raise PartlyDone(str(error), id_, _encoded(error.stands, news.secrets)) from None

    def _planned(self, olds: Set, news: Properties) -> Any:
        on_livekit = self._of.connection.backend == "livekit"
        return _encoded(room_set.planned(news.values["rooms"], olds, on_livekit=on_livekit), news.secrets)

    async def _found(self, olds: Set) -> Set:
        """The set's rooms but those that a new key does not find."""
        if not self._of.rekeyed:
            return olds
        return {name: props for name, props in olds.items() if await self._of.rooms.has(name, str(props.get("sid")))}

    async def _foretell(self, request: Any, olds: Set, news: Set | Unknown) -> None:
        """Say in a preview whom the change would disconnect."""
        if isinstance(news, Unknown):
            return
        try:
            found = await self._cycle(request).outlooks(olds, news)
        except RelayError as error:
            await self._of.tell(request.urn, f"It is not known who is in the rooms that are to end: {error}")
            return
        for name, outlook in found[:LISTED]:
            await self._of.tell(request.urn, f'Room "{name}" is to end: {outlook}.')
        if len(found) > LISTED:
            await self._of.tell(request.urn, f"{len(found) - LISTED:,} more rooms with people in them are to end.")

    def _cycle(self, request: Any, secret: Collection[str] = ()) -> SetCycle:
        def told(text: str) -> Awaitable[None]:
            return self._of.tell(request.urn, text, passing=True)

        return SetCycle(self._of.rooms, self._of.run, request.urn, secret, told)


def _rooms(properties: Properties) -> dict[str, Any]:
    rooms = properties.values.get("rooms")
    return rooms if isinstance(rooms, dict) else {}


def _encoded(rooms: Any, secrets: Collection[str], before: Properties | None = None) -> Any:
    return encode({"rooms": rooms}, secrets, before)
