"""What each request means: from the wire to the life cycle and back. No rule is made here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from relay_provider import config
from relay_provider.errors import InvalidInputs, Problem, Rejected, RelayError, Unavailable
from relay_provider.lifecycle import Diff, Rooms, imported_inputs, inputs_as_live, outputs
from relay_provider.model import UNKNOWN, RoomInputs, check, holds_unknown
from relay_provider.plugin import configuration, functions
from relay_provider.plugin.claims import Claims
from relay_provider.plugin.codec import Properties, decode, encode
from relay_provider.plugin.naming import named, type_of
from relay_provider.plugin.package_schema import ROOM, package_schema
from relay_provider.plugin.proto import provider_pb2 as pb
from relay_provider.session import Session

_KINDS: Final = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}


class Provider:
    """One configured provider: one project's rooms, with the settings that Configure brought."""

    def __init__(self, session: Session, like: Provider | None = None) -> None:
        self._session = session
        self._settings: config.Settings | None = like._settings if like else None
        self._claims = Claims()

    @property
    def _rooms(self) -> Rooms:
        return self._places.rooms

    @property
    def _places(self) -> functions.Places:
        if self._settings is None:
            self._settings = config.load()
        return functions.Places(self._session, self._settings)

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
        return pb.GetSchemaResponse(schema=json.dumps(package_schema()))

    async def check_config(self, request: pb.CheckRequest) -> pb.CheckResponse:
        try:
            news = decode(request.news)
        except InvalidInputs as error:
            return _check_response({}, error.problems)
        return _check_response(news.values, configuration.problems(news.values), news.secrets | configuration.SECRETS)

    async def diff_config(self, request: pb.DiffRequest) -> pb.DiffResponse:
        olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        return _diff_response(configuration.diff(olds.values, decode(request.news).values))

    async def configure(self, request: pb.ConfigureRequest) -> pb.ConfigureResponse:
        given = (
            decode(request.args).values if request.HasField("args") else configuration.of_variables(request.variables)
        )
        self._settings = config.load(configuration.known(given))
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    # Rooms

    async def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        _room_only(type_of(request))
        try:
            news = decode(request.news)
            checked = check(named(news.values, decode(request.olds).values, request))
        except InvalidInputs as error:
            return _check_response({}, error.problems)
        return _check_response(checked.inputs, checked.problems, news.secrets)

    async def diff(self, request: pb.DiffRequest) -> pb.DiffResponse:
        _room_only(type_of(request))
        self._claims.exists(request.urn)
        olds, news = decode(request.olds).values, decode(request.news).values
        for path in request.ignoreChanges:
            field = path.split(".")[0].split("[")[0]
            news[field] = olds.get(field)
        return _diff_response(self._rooms.diff(olds, news))

    async def create(self, request: pb.CreateRequest) -> pb.CreateResponse:
        _room_only(type_of(request))
        inputs, rooms = decode(request.properties), self._rooms
        if request.preview:
            name = inputs.values.get("name")
            state = {
                "maxParticipants": 0,
                "metadata": "",
                "forceDestroy": False,
                **inputs.values,
                "sid": UNKNOWN,
                "creationTime": UNKNOWN,
            }
            return pb.CreateResponse(id=name if isinstance(name, str) else "", properties=encode(state, inputs.secrets))
        wanted = _room(inputs)
        async with _within(request.timeout):
            live = await rooms.create(wanted, secret=inputs.secrets)
        self._claims.created(request.urn, live.name)
        return pb.CreateResponse(id=live.name, properties=encode(outputs(inputs.values, live), inputs.secrets))

    async def read(self, request: pb.ReadRequest) -> pb.ReadResponse:
        _room_only(type_of(request))
        inputs, state = decode(request.inputs), decode(request.properties)
        async with _within(request.timeout):
            live = await self._rooms.read(_id(request.id))
        if live is None:
            return pb.ReadResponse()
        secrets = inputs.secrets | state.secrets
        now = inputs_as_live(inputs.values, live) if inputs.values else imported_inputs(live)
        return pb.ReadResponse(
            id=live.name, properties=encode(outputs(now, live), secrets), inputs=encode(now, secrets)
        )

    async def update(self, request: pb.UpdateRequest) -> pb.UpdateResponse:
        _room_only(type_of(request))
        olds, news, rooms = decode(request.olds), decode(request.news), self._rooms
        state = {**olds.values, "forceDestroy": news.values.get("forceDestroy") is True}
        if request.preview:
            changed = {field: news.values.get(field, "") for field in rooms.backend.in_place}
            return pb.UpdateResponse(properties=encode({**state, **changed}, news.secrets))
        async with _within(request.timeout):
            live = await rooms.update(olds.values, _room(news), secret=news.secrets)
        if live is not None:
            state = outputs(news.values, live)
        return pb.UpdateResponse(properties=encode(state, news.secrets))

    async def delete(self, request: pb.DeleteRequest) -> Empty:
        _room_only(type_of(request))
        name, state = _id(request.id), decode(request.properties).values
        if not self._claims.outlives(request.urn, name):
            sid = state.get("sid")
            async with _within(request.timeout):
                await self._rooms.delete(
                    name, force=state.get("forceDestroy") is True, sid=sid if isinstance(sid, str) else None
                )
        self._claims.deleted(request.urn, name)
        return Empty()

    async def list(self, request: pb.ListRequest) -> list[pb.ListResponse]:
        _room_only(request.token)
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
        token, args = functions.known(request.tok), decode(request.args).values
        if problems := functions.wrong_arguments(token, args):
            return pb.InvokeResponse(failures=_failures(problems))
        answer = await functions.FUNCTIONS[token][1](self._places, args, request.preview)
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


def _room_only(token: str) -> None:
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


def _failures(problems: Iterable[Problem]) -> list[pb.CheckFailure]:
    return [pb.CheckFailure(property=found.path, reason=found.message) for found in problems]


def _check_response(
    inputs: Mapping[str, Any], problems: Iterable[Problem], secrets: frozenset[str] = frozenset()
) -> pb.CheckResponse:
    return pb.CheckResponse(inputs=encode(inputs, secrets), failures=_failures(problems))


def _diff_response(found: Diff) -> pb.DiffResponse:
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if found.changes else pb.DiffResponse.DIFF_NONE,
        diffs=[change.field for change in found.changes],
        replaces=found.replaces,
        detailedDiff={
            change.field: pb.PropertyDiff(kind=_KINDS[change.kind, change.replaces]) for change in found.changes
        },
        hasDetailedDiff=True,
        # Two rooms of one name cannot be: made first, the new one would be the old one.
        deleteBeforeReplace=True,
    )
