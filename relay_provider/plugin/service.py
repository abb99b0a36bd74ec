"""The gRPC service: which method is which, requests in flight, and failures as statuses.

Light on purpose: what a request needs (models, HTTP) is imported with the first one.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import traceback
from collections.abc import Iterable
from functools import cache, cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode

from relay_provider import errors
from relay_provider.engine import PartlyDone
from relay_provider.errors import RelayError, redacted
from relay_provider.proto import plugin_pb2 as plugins
from relay_provider.proto import provider_pb2 as pb
from relay_provider.proto import provider_pb2_grpc
from relay_provider.version import __version__

if TYPE_CHECKING:
    import grpc.aio

    from relay_provider.plugin.provider import Provider
    from relay_provider.session import Session

    Context = grpc.aio.ServicerContext[Any, Any]

DEBUG_ENV: Final = "RELAY_DEBUG"
MAX_PROVIDERS: Final = 64
"""Connections that an attached plugin remembers: each run of an engine brings one or more."""
_ASKED_FIRST: Final = ("GetSchema", "CheckConfig", "DiffConfig", "Configure")
"""What an engine asks on a new connection, before its settings are known."""
_OF_RESOURCES: Final = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete", "List"})
_UNKNOWN: Final = (
    "{} came through a connection that was never configured, and the plugin serves others with settings of their own; "
    "run the command again."
)
_ENDING: Final = "The relay plugin is shutting down and takes no more requests; run the command again."
_INTERRUPTED: Final = "{} was interrupted; run the same command again, which is safe: it takes up what was done."

# The engine takes INTERNAL, UNKNOWN and DATA_LOSS for "nobody knows what became of the resource". Every failure of the
# family leaves a known state, because a create is safe to repeat; so only a defect of the plugin is INTERNAL.
_CODES: Final[tuple[tuple[type[RelayError], StatusCode], ...]] = (
    (errors.InvalidInputs, StatusCode.INVALID_ARGUMENT),
    (errors.Rejected, StatusCode.INVALID_ARGUMENT),
    (errors.Unauthorized, StatusCode.UNAUTHENTICATED),
    (errors.NotFound, StatusCode.NOT_FOUND),
    (errors.RateLimited, StatusCode.RESOURCE_EXHAUSTED),
    (errors.Unavailable, StatusCode.UNAVAILABLE),
    (errors.ReplacementFailed, StatusCode.ABORTED),
)
_STATE_KEY: Final = (
    " A refresh uses the key that the state has; if you have just changed it in the configuration, "
    "run `pulumi up --refresh=false` once."
)


@cache
def _in_python(method: str) -> str:
    """The provider's name for a method of the protocol: `get_schema` for `GetSchema`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", method).lower()


def _by_provider(method: str) -> Any:
    async def answered(service: Service, request: Any, context: Context) -> Any:
        return await service.answer(method, request, context)

    return answered


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin's side of Pulumi's ResourceProvider protocol.

    The settings belong to the connection they came through: an engine that attaches to a running plugin may bring
    several providers, each with a connection of its own, and several engines may attach.
    """

    def __init__(self, engine: str | None = None) -> None:
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._providers: dict[str, Provider] = {}
        self._engines: dict[str, str] = {}
        self._engine = engine
        self.attached = False  # to an engine that did not start this process

    # The process's life

    def warm(self) -> None:
        """Import what the first request needs; for a thread, while the engine is busy starting."""
        import_module("relay_provider.plugin.provider")

    def stop(self) -> None:
        """Ask the process to end: requests in flight may finish. Asked twice, they are interrupted."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()
        for provider in self._providers.values():
            provider.run.stopping = True

    async def stopped(self, grace: float) -> None:
        """Return when asked to stop and nothing is in flight any more; what takes longer is interrupted."""
        await self._stop.wait()
        if self._in_flight:
            finished = asyncio.create_task(asyncio.wait(self._in_flight.copy()))
            hurried = asyncio.create_task(self._hurry.wait())
            await asyncio.wait({finished, hurried}, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
            for task in self._in_flight:
                task.cancel()
            await asyncio.wait({finished}, timeout=0.3)

    async def aclose(self) -> None:
        """Close the connections to the API."""
        if "_session" in vars(self):
            await self._session.aclose()

    # What the engine asks of any plugin

    async def Handshake(  # noqa: N802
        self, request: pb.ProviderHandshakeRequest, context: Context
    ) -> pb.ProviderHandshakeResponse:
        return pb.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    async def GetPluginInfo(self, request: Empty, context: Context) -> plugins.PluginInfo:  # noqa: N802
        return plugins.PluginInfo(version=__version__)

    async def Attach(self, request: plugins.PluginAttach, context: Context) -> Empty:  # noqa: N802
        self.attached = True
        self._engines[context.peer()] = request.address
        return Empty()

    async def Cancel(self, request: Empty, context: Context) -> Empty:  # noqa: N802
        # An engine that attached did not start this process, and comes back: for the update after the preview.
        if not self.attached:
            self.stop()
        return Empty()

    # What the connection's provider answers

    GetSchema = _by_provider("GetSchema")
    CheckConfig = _by_provider("CheckConfig")
    DiffConfig = _by_provider("DiffConfig")
    Configure = _by_provider("Configure")
    Check = _by_provider("Check")
    Diff = _by_provider("Diff")
    Create = _by_provider("Create")
    Read = _by_provider("Read")
    Update = _by_provider("Update")
    Delete = _by_provider("Delete")
    Invoke = _by_provider("Invoke")

    async def List(self, request: pb.ListRequest, context: Context) -> None:  # type: ignore[override]  # noqa: N802
        for item in await self.answer("List", request, context):
            await context.write(item)

    async def answer(self, method: str, request: Any, context: Context) -> Any:
        """What the provider's method of that name answers; a failure as a status."""
        if self._stop.is_set():
            await context.abort(StatusCode.UNAVAILABLE, _ENDING)
        provider = self._provider(context.peer(), asks=method in _ASKED_FIRST)
        if provider is None:
            await context.abort(StatusCode.FAILED_PRECONDITION, _UNKNOWN.format(method))
        task = asyncio.current_task()
        assert task is not None
        self._in_flight.add(task)
        try:
            return await _answer(provider, method, request)
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise  # the engine hung up
            code, sentence = StatusCode.CANCELLED, _INTERRUPTED.format(method)
        except PartlyDone as error:
            sentence = redacted(str(error), provider.secrets_in(request))
            return await context.abort(StatusCode.UNKNOWN, sentence, error.metadata(sentence))
        except Exception as error:
            code, sentence = _status(method, error, provider.secrets_in(request))
        finally:
            self._in_flight.discard(task)
        return await context.abort(code, sentence)

    def _provider(self, peer: str, *, asks: bool) -> Provider | None:
        """The provider of this connection; None when it cannot be told whose settings hold for it."""
        from relay_provider.plugin.provider import Provider

        if peer in self._providers:
            return self._providers[peer]
        configured = [one for one in self._providers.values() if one.configured]
        if configured and not asks:
            # The engine that started this process has one provider here, and its idle connection was made again.
            return configured[0] if len(configured) == 1 and not self.attached else None
        if len(self._providers) >= MAX_PROVIDERS:
            self._providers.pop(next(iter(self._providers)))
        engine = partial(self._engines.get, peer, self._engine)
        self._providers[peer] = Provider(self._session, engine)
        return self._providers[peer]

    @cached_property
    def _session(self) -> Session:
        from relay_provider.session import Session

        return Session()


async def _answer(provider: Provider, method: str, request: Any) -> Any:
    answers = provider.resource(request) if method in _OF_RESOURCES else provider
    return await getattr(answers, _in_python(method))(request)


def _status(method: str, error: Exception, secrets: Iterable[str] = ()) -> tuple[StatusCode, str]:
    """The status for `error`, and its sentence without any of `secrets`."""
    if isinstance(error, RelayError):
        code = next((code for kind, code in _CODES if isinstance(error, kind)), StatusCode.FAILED_PRECONDITION)
        sentence = redacted(str(error), secrets)
        if not sentence.endswith((".", "…")):
            sentence += "."
        if isinstance(error, errors.Unauthorized) and method == "Read":
            sentence += _STATE_KEY
        return code, sentence
    if os.environ.get(DEBUG_ENV):
        print(redacted("".join(traceback.format_exception(error)), secrets), file=sys.stderr, flush=True)  # noqa: T201
    return StatusCode.INTERNAL, (
        f"{method} hit a bug in the relay plugin ({type(error).__name__}); please report it. "
        f"{DEBUG_ENV}=1 in the environment prints the details to the plugin's stderr."
    )
