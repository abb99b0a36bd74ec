"""The dynamic provider: Pulumi's protocol on one side, the life cycle on the other.

It is pickled by reference, so that a room's state holds 70 characters of it and old state stays readable after an
upgrade: this module and class keep their names. It holds no credentials; those come from the stack's config or the
environment, in the process that needs them.
"""

from __future__ import annotations

import sys
import traceback
from types import SimpleNamespace

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from relay_provider import process
from relay_provider.dynamic.properties import Props
from relay_provider.dynamic.room_calls import RoomCalls
from relay_provider.dynamic.scope import Scope
from relay_provider.dynamic.set_calls import SetCalls
from relay_provider.engine import PartlyDone, end_with, engine_address
from relay_provider.errors import RelayError
from relay_provider.journal import Journal
from relay_provider.run import Run


class RoomProvider(ResourceProvider):
    """Serves rooms and sets of rooms. One process serves one run."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        engine = engine_address(sys.argv[1:])
        if _is_own_process():
            process.start()
            _show_sentences()
            if engine:
                end_with(engine)
        scope = Scope(req.config.get, Run(Journal.of(engine)), engine)
        self._room, self._set = RoomCalls(scope), SetCalls(scope)

    def _of(self, props: Props) -> RoomCalls | SetCalls:
        return self._set if "rooms" in props else self._room

    def check(self, olds: Props, news: Props) -> CheckResult:
        return self._of(news).check(olds, news)

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        return self._of(news).diff(id_, olds, news)

    def create(self, props: Props) -> CreateResult:
        return self._of(props).create(props)

    def read(self, id_: str, props: Props) -> ReadResult:
        return self._of(props).read(id_, props)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        return self._of(news).update(id_, olds, news)

    def delete(self, id_: str, props: Props) -> None:
        self._of(props).delete(id_, props)


def _is_own_process() -> bool:
    """Was this process started by an engine, for dynamic providers alone?"""
    return getattr(sys.modules["__main__"], "_abort_with_traceback", None) is not None


def _show_sentences() -> None:
    """Let the provider process report our errors as sentences: as it is, it sends `traceback.format_exc()`. What was
    done in part goes along, by the call's own context."""

    def format_exc() -> str:
        error = sys.exception()
        if isinstance(error, PartlyDone) and error.__traceback__:
            error.__traceback__.tb_frame.f_locals["context"].set_trailing_metadata(error.metadata(str(error)))
        return str(error) if isinstance(error, RelayError) else traceback.format_exc()

    sys.modules["__main__"].traceback = SimpleNamespace(format_exc=format_exc)  # type: ignore[attr-defined]
