"""What each request means: from the wire to the life cycle and back. No rule is made here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any, Final

import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from relay_provider import config
from relay_provider.changes import Diff, PropertyChange, imported_inputs, inputs_as_live, outputs, planned
from relay_provider.errors import InvalidInputs, Problem, Rejected, RelayError, Unavailable
from relay_provider.journal import Journal
from relay_provider.lifecycle import Rooms
from relay_provider.model import ABSENT, RoomInputs, check
from relay_provider.place import Home, home_of
from relay_provider.plugin import configuration, functions
from relay_provider.plugin.codec import Properties, decode, encode
from relay_provider.plugin.messages import ROOM, check_response, diff_response, failures, named
from relay_provider.plugin.proto import provider_pb2 as pb
from relay_provider.run import Run
from relay_provider.session import Session
from relay_provider.values import UNKNOWN, holds_unknown

_LEFT: Final = (
    'Room "{}" is not found with the new key, so it is created in that key\'s project. What the old key made stays '
    "where it is, because that key is no longer accepted; with a key of that project, end it by hand."
)


class Provider:
    """One configured provider: one project's rooms, with the settings that Configure brought, in one run."""

    def __init__(self, session: Session, engine: Callable[[], str | None]) -> None:
        self._session = session
        self._engine = engine
        self._settings: config.Connection | None = None
        self._run = Run()
        self._rekeyed = False
        self.configured = False

    @property
    def _rooms(self) -> Rooms:
        return self._session.rooms(self._connection)

    @property
    def _connection(self) -> config.Connection:
        if self._settings is None:
            self._settings = config.load()
        return self._settings

    def secrets_in(self, request: Message) -> tuple[str, ...]:
        """Every secret that a message about `request` could let slip."""
        found = list(self._settings.secrets) if self._settings else []
        for _, value in request.ListFields():
            if isinstance(value, Struct):
                try:
                    found += decode(value).secret_texts()
                except RelayError:
                    continue
        return tuple(found)

    # The package and its configuration

    async def get_schema(self, request: pb.GetSchemaRequest) -> pb.GetSchemaResponse:
        if request.version:
            raise Rejected(f"There is no schema version {request.version}; ask for version 0.")
        from relay_provider.plugin.package_schema import package_schema

        return pb.GetSchemaResponse(schema=json.dumps(package_schema()))

    async def check_config(self, request: pb.CheckRequest) -> pb.CheckResponse:
        try:
            news = decode(request.news)
        except InvalidInputs as error:
            return check_response({}, error.problems)
        inputs, problems = configuration.checked(news.values)
        return check_response(inputs, problems, news.secrets | configuration.SECRETS)

    async def diff_config(self, request: pb.DiffRequest) -> pb.DiffResponse:
        olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        found, self._rekeyed = await configuration.diff(olds.values, decode(request.news).values, self._session)
        return diff_response(found)

    async def configure(self, request: pb.ConfigureRequest) -> pb.ConfigureResponse:
        given: Mapping[str, Any] = decode(request.args).values
        if not request.HasField("args"):  # old engines say `relay:config:apiKey`
            given = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        self._settings = config.load(configuration.known(given))
        # While the engine runs its program. A process that is asked for the schema alone, as YAML does, goes without.
        needed = f"relay_provider.backends.{self._settings.backend}"
        asyncio.get_running_loop().run_in_executor(None, import_module, needed)
        self._run, self.configured = Run(Journal.of(self._engine())), True
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    # Rooms

    async def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        _room_only(request)
        try:
            news, olds = decode(request.news), decode(request.olds).values
            checked = check(named(news.values, olds, request))
        except InvalidInputs as error:
            return check_response({}, error.problems)
        problems = checked.problems or self._declared(checked.inputs, olds, request.urn)
        return check_response(checked.inputs, problems, news.secrets)

    def _declared(self, inputs: Mapping[str, Any], olds: Mapping[str, Any], urn: str) -> tuple[Problem, ...]:
        """Tell the run, and what is wrong with it."""
        room, before = self._room(inputs), self._room(olds)
        if room is None:
            return ()
        other = self._run.declare(room, inputs.get("forceDestroy") is True, before, by=urn)
        if other is None:
            return ()
        return (
            Problem(
                "name",
                f'room "{room[1]}" is declared by {other.rpartition("::")[2]} already; rooms are known by their names, '
                "so give one of them another name, or declare it once",
            ),
        )

    def _room(self, properties: Mapping[str, Any]) -> tuple[Home, str] | None:
        home, name = home_of(self._connection), properties.get("name")
        return (home, name) if isinstance(name, str) else None

    async def diff(self, request: pb.DiffRequest) -> pb.DiffResponse:
        _room_only(request)
        olds, news = decode(request.olds).values, decode(request.news).values
        if room := self._room(olds):
            self._run.knows(room, olds)
            if self._rekeyed and not await self._rooms.has(room[1], str(olds.get("sid"))):
                await self._tell(request.urn, _LEFT.format(room[1]))
                return diff_response(Diff((PropertyChange("sid", "update", replaces=True),)))
        for path in request.ignoreChanges:
            field = path.split(".")[0].split("[")[0]
            news[field] = olds.get(field)
        return diff_response(self._rooms.diff(olds, news))

    async def create(self, request: pb.CreateRequest) -> pb.CreateResponse:
        _room_only(request)
        inputs, rooms = decode(request.properties), self._rooms
        if request.preview:
            await self._foretell(request.urn, inputs.values)
            return pb.CreateResponse(properties=encode(planned(inputs.values, UNKNOWN), inputs.secrets))
        wanted = _room(inputs)
        async with _within(request.timeout):
            live = await rooms.create(wanted, self._run, secret=inputs.secrets)
        return pb.CreateResponse(id=live.name, properties=encode(outputs(inputs.values, live), inputs.secrets))

    async def _foretell(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """Say in a preview whom a replacement would disconnect."""
        room = self._room(inputs)
        before = self._run.replaces(room) if room else None
        if before is None or (before != room and self._run.declares(before)):
            return
        try:
            outlook = await self._rooms.outlook(before[1], force=inputs.get("forceDestroy") is True)
        except RelayError as error:
            await self._tell(urn, f'It is not known who is in room "{before[1]}", which is to end: {error}')
            return
        if outlook:
            await self._tell(urn, f'Room "{before[1]}" is to end: {outlook}.')

    async def _tell(self, urn: str, message: str) -> None:
        """Show a warning on the resource. An engine that takes none is no failure: the guard does not depend on it."""
        if engine := self._engine():
            from relay_provider.plugin.proto import engine_pb2, engine_pb2_grpc

            async with grpc.aio.insecure_channel(engine) as channel:
                request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
                with suppress(grpc.RpcError):
                    await engine_pb2_grpc.EngineStub(channel).Log(request, timeout=5)  # type: ignore[misc]

    async def read(self, request: pb.ReadRequest) -> pb.ReadResponse:
        _room_only(request)
        inputs, state = decode(request.inputs), decode(request.properties)
        async with _within(request.timeout):
            live = await self._rooms.read(_id(request.id), self._run, state.values)
        if live is None:
            return pb.ReadResponse()
        secrets = inputs.secrets | state.secrets
        now = inputs_as_live(inputs.values, live) if inputs.values else imported_inputs(live)
        return pb.ReadResponse(
            id=live.name, properties=encode(outputs(now, live), secrets), inputs=encode(now, secrets)
        )

    async def update(self, request: pb.UpdateRequest) -> pb.UpdateResponse:
        _room_only(request)
        olds, news, rooms = decode(request.olds), decode(request.news), self._rooms
        state = {**olds.values, "forceDestroy": news.values.get("forceDestroy") is True}
        if request.preview:
            changed = {field: news.values.get(field, ABSENT[field]) for field in rooms.backend.in_place}
            return pb.UpdateResponse(properties=encode({**state, **changed}, news.secrets))
        async with _within(request.timeout):
            live = await rooms.update(olds.values, _room(news), self._run, secret=news.secrets)
        if live is not None:
            state = outputs(news.values, live)
        return pb.UpdateResponse(properties=encode(state, news.secrets))

    async def delete(self, request: pb.DeleteRequest) -> Empty:
        _room_only(request)
        state = decode(request.properties).values
        async with _within(request.timeout):
            await self._rooms.delete(
                _id(request.id),
                self._run,
                force=state.get("forceDestroy") is True,
                sid=sid if isinstance(sid := state.get("sid"), str) else None,
                by=request.urn,
            )
        return Empty()

    async def list(self, request: pb.ListRequest) -> list[pb.ListResponse]:
        _room_only(request)
        query = decode(request.query).values
        if holds_unknown(query):
            return [pb.ListResponse(computed=pb.ListResponse.Computed())]
        prefix = str(query.get("namePrefix") or "")
        after = request.continuation_token
        rooms = await self._rooms.list()
        names = [room.name for room in rooms if room.name.startswith(prefix) and room.name > after]
        shown = names[: min((size for size in (request.page_size, request.limit) if size > 0), default=len(names))]
        answer = [pb.ListResponse(result=pb.ListResponse.Result(id=name, name=name)) for name in shown]
        if shown and len(shown) < len(names):
            token = pb.ListResponse.Continuation(continuation_token=shown[-1])
            answer.append(pb.ListResponse(continuation=token))
        return answer

    async def invoke(self, request: pb.InvokeRequest) -> pb.InvokeResponse:
        args = decode(request.args).values
        if problems := functions.wrong_arguments(request.tok, args):
            return pb.InvokeResponse(failures=failures(problems))
        answer = await functions.answer(request.tok, args, request.preview, self._session, self._connection)
        return pb.InvokeResponse(**{"return": encode(answer)})  # type: ignore[arg-type]


def _room(inputs: Properties) -> RoomInputs:
    """Inputs that were checked before, as a room; all of them known."""
    problems = check(inputs.values).problems or tuple(
        Problem(name, "must be known") for name, value in inputs.values.items() if holds_unknown(value)
    )
    if problems:
        raise InvalidInputs("The room's inputs are wrong", problems)
    return RoomInputs.model_validate(inputs.values, by_alias=True, by_name=False)


def _id(room: str) -> str:
    if not room:
        raise Rejected("The request names no room: its ID is empty.")
    return room


def _room_only(request: Any) -> None:
    if isinstance(request, pb.ListRequest):
        token = request.token
    else:  # old engines send it in the URN only
        token = request.type or request.urn.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]
    if token not in (ROOM, ""):
        raise Rejected(f"The relay plugin has no resource type {token}; it has {ROOM}.")


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """The resource's `customTimeouts`; 0 is none."""
    try:
        async with asyncio.timeout(seconds if seconds > 0 else None):
            yield
    except TimeoutError:
        raise Unavailable(
            f"The operation was not done within the {seconds:g} s that the resource's customTimeouts give; "
            "run the same command again, which is safe."
        ) from None
