"""The gRPC services: which method is which, and failures as diagnostics.

Light on purpose: what a request needs (models, HTTP) is imported with the first one.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import traceback
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from relay_provider.errors import RelayError, redacted
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from relay_provider.terraform.provider import Provider

DEBUG_ENV: Final = "RELAY_DEBUG"
OF_RESOURCES: Final = frozenset(
    {
        "ValidateResourceConfig",
        "UpgradeResourceState",
        "UpgradeResourceIdentity",
        "ReadResource",
        "PlanResourceChange",
        "ApplyResourceChange",
        "ImportResourceState",
    }
)
METHODS: Final = OF_RESOURCES | {
    "GetMetadata",
    "GetProviderSchema",
    "GetResourceIdentitySchemas",
    "ValidateProviderConfig",
    "ConfigureProvider",
    "ValidateDataResourceConfig",
    "ReadDataSource",
    "GetFunctions",
    "CallFunction",
    "StopProvider",
    "ValidateEphemeralResourceConfig",
    "OpenEphemeralResource",
    "RenewEphemeralResource",
    "CloseEphemeralResource",
}
"""What is answered; an engine asks nothing else of what the schema has."""
_SERVICE: Final = pb.DESCRIPTOR.services_by_name["Provider"]


class Service:
    """The provider's side of the protocol."""

    def __init__(self) -> None:
        self.shut_down = asyncio.Event()

    def warm(self) -> None:
        """Import what the first request needs; for a thread, while the engine is busy starting."""
        import_module("relay_provider.terraform.provider")

    @cached_property
    def provider(self) -> Provider:
        from relay_provider.terraform.provider import Provider

        return Provider()

    def handlers(self) -> list[grpc.GenericRpcHandler[Any, Any]]:
        """What a server answers with: the provider, and the wish to be ended of go-plugin's controller."""
        methods = {name: _handler(self, name) for name in METHODS}
        shutdown = grpc.unary_unary_rpc_method_handler(
            self._shutdown, request_deserializer=Empty.FromString, response_serializer=Empty.SerializeToString
        )
        return [
            grpc.method_handlers_generic_handler(_SERVICE.full_name, methods),
            grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": shutdown}),
        ]

    async def _shutdown(self, request: Empty, _: Any) -> Empty:
        self.shut_down.set()
        return request

    async def answer(self, method: str, request: Any) -> Any:
        """What the provider's method of that name answers; a failure as diagnostics."""
        try:
            answers = self.provider.resource(request.type_name) if method in OF_RESOURCES else self.provider
            return await getattr(answers, in_python(method))(request)
        except RelayError as error:
            from relay_provider.terraform.words import failures

            return failed(method, failures(error, self.provider.secrets))
        except Exception as error:
            if os.environ.get(DEBUG_ENV):
                text = "".join(traceback.format_exception(error))
                print(redacted(text, self.provider.secrets), file=sys.stderr, flush=True)  # noqa: T201
            from relay_provider.terraform.words import error as told

            detail = (
                f"{method} hit a bug in the relay provider ({type(error).__name__}); please report it. "
                f"{DEBUG_ENV}=1 in the environment prints the details to its stderr, which TF_LOG=debug shows."
            )
            return failed(method, [told("A bug in the relay provider", detail)])

    async def aclose(self) -> None:
        """Close the connections to the API."""
        if "provider" in vars(self):
            await self.provider.session.aclose()


def in_python(method: str) -> str:
    """The provider's name for a method of the protocol: `read_resource` for `ReadResource`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", method).lower()


def failed(method: str, diagnostics: list[pb.Diagnostic]) -> Message:
    """The method's answer that says so."""
    response = GetMessageClass(_SERVICE.methods_by_name[method].output_type)
    if method == "CallFunction":
        return response(error=pb.FunctionError(text=" ".join(one.detail for one in diagnostics)))
    if method == "StopProvider":
        return response(Error=" ".join(one.detail for one in diagnostics))
    return response(diagnostics=diagnostics)


def _handler(service: Service, method: str) -> grpc.RpcMethodHandler[Any, Any]:
    described = _SERVICE.methods_by_name[method]
    request: Callable[[bytes], Any] = GetMessageClass(described.input_type).FromString

    async def answered(message: Any, _: Any) -> Any:
        return await service.answer(method, message)

    return grpc.unary_unary_rpc_method_handler(
        answered,
        request_deserializer=request,
        response_serializer=lambda response: response.SerializeToString(),
    )
