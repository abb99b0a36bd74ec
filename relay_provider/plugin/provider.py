"""One provider of an engine: its configuration, and which resource answers what. No rule is made here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from relay_provider import config
from relay_provider.engine import tell
from relay_provider.errors import InvalidInputs, Rejected, RelayError
from relay_provider.journal import Journal
from relay_provider.lifecycle import Rooms
from relay_provider.place import Place, place_of
from relay_provider.plugin import configuration, functions
from relay_provider.plugin.codec import decode, encode
from relay_provider.plugin.messages import ROOM, ROOM_SET, check_response, diff_response, failures
from relay_provider.plugin.room import RoomResource
from relay_provider.plugin.room_set import RoomSetResource
from relay_provider.proto import provider_pb2 as pb
from relay_provider.run import Run
from relay_provider.session import Session

_RESOURCES: Final = {ROOM: RoomResource, ROOM_SET: RoomSetResource}


class Provider:
    """One configured provider: one project's rooms, with the settings that Configure brought, in one run."""

    def __init__(self, session: Session, engine: Callable[[], str | None]) -> None:
        self._session = session
        self._engine = engine
        self._settings: config.Connection | None = None
        self.run = Run()
        self.rekeyed = False
        """Has the key changed, and could not be made sure of?"""
        self.configured = False
        self.declared: dict[str, Mapping[str, Any]] = {}
        """The inputs of the rooms that were checked, by name."""
        self._resources = {token: kind(self) for token, kind in _RESOURCES.items()}

    @property
    def rooms(self) -> Rooms:
        return self._session.rooms(self.connection)

    @property
    def connection(self) -> config.Connection:
        if self._settings is None:
            self._settings = config.load()
        return self._settings

    @property
    def place(self) -> Place | None:
        """Where the rooms live; None while that is not known."""
        return place_of(self.connection) if self.configured else None

    def resource(self, request: Any) -> Any:
        """What answers for the type of resource that the request is about."""
        if isinstance(request, pb.ListRequest):
            token = request.token
        else:  # old engines send it in the URN only
            token = request.type or request.urn.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]
        if token and token not in _RESOURCES:
            raise Rejected(f"The relay plugin has no resource type {token}; it has {' and '.join(_RESOURCES)}.")
        return self._resources[token or ROOM]

    async def tell(self, urn: str, message: str, *, passing: bool = False) -> None:
        """Show a warning on the resource, or, `passing`, what is going on. An engine that takes none is no failure: the
        guard does not depend on it."""
        if engine := self._engine():
            with suppress(grpc.RpcError):
                await tell(engine, urn, message, passing=passing)

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
        found, self.rekeyed = await configuration.diff(olds.values, decode(request.news).values, self._session)
        return diff_response(found)

    async def configure(self, request: pb.ConfigureRequest) -> pb.ConfigureResponse:
        given: Mapping[str, Any] = decode(request.args).values
        if not request.HasField("args"):  # old engines say `relay:config:apiKey`
            given = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        self._settings = configuration.loaded(given)
        self.run, self.configured = Run(Journal.of(self._engine())), True
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    async def invoke(self, request: pb.InvokeRequest) -> pb.InvokeResponse:
        args = decode(request.args).values
        if problems := functions.wrong_arguments(request.tok, args):
            return pb.InvokeResponse(failures=failures(problems))
        if request.tok == functions.JOIN_TOKEN:
            answer = await functions.join_token(args, self.rooms, self.run, self.declared, self.connection)
        else:
            answer = await functions.answer(request.tok, args, request.preview, self._session, self.connection)
        secret = functions.SECRET.get(request.tok, ())
        return pb.InvokeResponse(**{"return": encode(answer, secret)})  # type: ignore[arg-type]
