"""One provider of the engine: its settings, and which part answers which of the protocol's methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from relay_provider import config
from relay_provider.config import OPTIONS, Connection
from relay_provider.errors import ConfigError, Rejected
from relay_provider.lifecycle import Rooms
from relay_provider.place import Home, home_of, place_of
from relay_provider.run import Run
from relay_provider.session import Session
from relay_provider.terraform import codec, data, ephemeral, functions, schema
from relay_provider.terraform.ephemeral import JOIN_TOKEN
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.room import DESCRIPTION, ROOM, RoomResource, identity_schema
from relay_provider.terraform.words import failures, not_known
from relay_provider.values import UNKNOWN

CAPABILITIES = pb.ServerCapabilities(plan_destroy=True, get_provider_schema_optional=True)


class Provider:
    """What an engine started this process for: one of its provider blocks, in one walk over its graph.

    A walk is a plan, an apply or a validation; for each, and for each provider block, the engine starts a process of
    its own. Those know nothing of each other: two blocks that lead to one project must not declare the same room.
    """

    def __init__(self) -> None:
        self.session = Session()
        self._settings: Connection | None = None
        self._unknown: tuple[str, ...] = ()
        self._begin()

    def _begin(self) -> None:
        self.run = Run()
        self._room = RoomResource(self)

    # What the parts ask

    @property
    def unknown(self) -> tuple[str, ...]:
        """The settings of the rooms' place and key that are not known yet."""
        return tuple(name for name in self._unknown if not name.startswith("sayna"))

    @property
    def connection(self) -> Connection:
        """The settings. Raises ConfigError while some of them are not known: they must not be another place's."""
        if self.unknown:
            raise not_known(self.unknown)
        return self._loaded

    @property
    def _loaded(self) -> Connection:
        if self._settings is None:
            self._settings = config.load()
        return self._settings

    @property
    def rooms(self) -> Rooms:
        return self.session.rooms(self.connection)

    @property
    def sayna_settings(self) -> Connection:
        """The settings for Sayna. Raises ConfigError while some of them are not known."""
        if unknown := [name for name in self._unknown if name.startswith("sayna")]:
            raise not_known(unknown)
        return self._loaded

    @property
    def home(self) -> Home:
        return home_of(self.connection)

    @property
    def place(self) -> str:
        """Where the rooms live, as a state keeps it."""
        return place_of(self.connection).as_state()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._settings.secrets if self._settings else ()

    # The methods of the protocol that are no resource's

    async def get_metadata(self, _: Any) -> pb.GetMetadata.Response:
        named = pb.GetMetadata
        return named.Response(
            server_capabilities=CAPABILITIES,
            resources=[named.ResourceMetadata(type_name=ROOM)],
            data_sources=[named.DataSourceMetadata(type_name=name) for name in data.SOURCES],
            ephemeral_resources=[named.EphemeralResourceMetadata(type_name=JOIN_TOKEN)],
            functions=[named.FunctionMetadata(name=name) for name in functions.FUNCTIONS],
        )

    async def get_provider_schema(self, _: Any) -> pb.GetProviderSchema.Response:
        return pb.GetProviderSchema.Response(
            provider=schema.block(schema.provider(), "Where rooms live, and with which key."),
            resource_schemas={ROOM: schema.block(schema.room(), DESCRIPTION)},
            data_source_schemas={name: schema.block(one.attributes(), one.about) for name, one in data.SOURCES.items()},
            functions=functions.described(),
            ephemeral_resource_schemas={JOIN_TOKEN: schema.block(schema.join_token(), ephemeral.ABOUT)},
            server_capabilities=CAPABILITIES,
        )

    async def get_resource_identity_schemas(self, _: Any) -> pb.GetResourceIdentitySchemas.Response:
        return pb.GetResourceIdentitySchemas.Response(identity_schemas={ROOM: identity_schema()})

    async def validate_provider_config(
        self, request: pb.ValidateProviderConfig.Request
    ) -> pb.ValidateProviderConfig.Response:
        return pb.ValidateProviderConfig.Response(diagnostics=_wrong_settings(_given(request.config)))

    async def configure_provider(self, request: pb.ConfigureProvider.Request) -> pb.ConfigureProvider.Response:
        given = _given(request.config)
        if diagnostics := _wrong_settings(given):
            return pb.ConfigureProvider.Response(diagnostics=diagnostics)
        names = {one.name: one.field for one in OPTIONS}
        self._unknown = tuple(names[key] for key, value in given.items() if value is UNKNOWN)
        self._settings = config.load({key: value for key, value in given.items() if value is not UNKNOWN})
        # An attached process is there for many walks, and what one was answered is old to the next.
        before, self.session = self.session, Session()
        self._begin()
        await before.aclose()
        return pb.ConfigureProvider.Response()

    async def stop_provider(self, _: Any) -> pb.StopProvider.Response:
        self.run.stopping = True
        return pb.StopProvider.Response()

    # Data sources and functions

    async def validate_data_resource_config(
        self, request: pb.ValidateDataResourceConfig.Request
    ) -> pb.ValidateDataResourceConfig.Response:
        return pb.ValidateDataResourceConfig.Response(diagnostics=data.source(request.type_name).wrong(request.config))

    async def read_data_source(self, request: pb.ReadDataSource.Request) -> pb.ReadDataSource.Response:
        state = await data.source(request.type_name).read(request.config, self)
        return pb.ReadDataSource.Response(state=pb.DynamicValue(msgpack=codec.packed(state)))

    async def get_functions(self, _: Any) -> pb.GetFunctions.Response:
        return pb.GetFunctions.Response(functions=functions.described())

    async def call_function(self, request: pb.CallFunction.Request) -> pb.CallFunction.Response:
        return functions.called(request)

    # What is in no state and no plan

    async def validate_ephemeral_resource_config(
        self, request: pb.ValidateEphemeralResourceConfig.Request
    ) -> pb.ValidateEphemeralResourceConfig.Response:
        ephemeral.known_type(request.type_name)
        return pb.ValidateEphemeralResourceConfig.Response(diagnostics=ephemeral.wrong_in(request.config))

    async def open_ephemeral_resource(
        self, request: pb.OpenEphemeralResource.Request
    ) -> pb.OpenEphemeralResource.Response:
        ephemeral.known_type(request.type_name)
        result = await ephemeral.opened(request.config, self)
        return pb.OpenEphemeralResource.Response(result=pb.DynamicValue(msgpack=codec.packed(result)))

    async def renew_ephemeral_resource(self, _: Any) -> pb.RenewEphemeralResource.Response:
        return pb.RenewEphemeralResource.Response()

    async def close_ephemeral_resource(self, _: Any) -> pb.CloseEphemeralResource.Response:
        return pb.CloseEphemeralResource.Response()  # a token ends by itself

    # Resources

    def resource(self, type_name: str) -> RoomResource:
        """What answers for this type. Raises Rejected where there is no such type."""
        if type_name != ROOM:
            raise Rejected(f'The relay provider has no resource "{type_name}"; it has {ROOM}.')
        return self._room


def _given(config_: pb.DynamicValue) -> dict[str, Any]:
    """The settings of the provider's block, by their names in the life cycle; what is null is left out."""
    raw = codec.fields(codec.unpacked(config_.msgpack))
    read = {one.key: one.read(raw.get(one.name)) for one in schema.provider()}
    return {key: value for key, value in read.items() if value is not None}


def _wrong_settings(given: Mapping[str, Any]) -> list[pb.Diagnostic]:
    known = {key: value for key, value in given.items() if value is not UNKNOWN}
    secrets = _secrets(known)
    found: list[pb.Diagnostic] = []
    for key, value in known.items():
        try:
            config.load({key: value}, {})
        except ConfigError as wrong:
            found += failures(wrong, secrets, key)
    if not found:
        try:
            config.load(known)
        except ConfigError as wrong:  # what the environment says
            found = failures(wrong, secrets)
    return found


def _secrets(given: Mapping[str, Any]) -> Iterable[str]:
    return [str(given[one.name]) for one in OPTIONS if one.secret and given.get(one.name)]
