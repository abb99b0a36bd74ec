"""A backend whose answers are counted, by operation and outcome."""

from __future__ import annotations

import asyncio
import builtins
from collections import Counter
from collections.abc import Awaitable, Collection
from typing import Final, TypeVar

from relay_provider.backends.base import Backend
from relay_provider.errors import RateLimited, Rejected, RelayError, Unauthorized, Unavailable, UnexpectedAnswer
from relay_provider.model import LiveRoom, RoomDetail, RoomInputs

T = TypeVar("T")

OPERATIONS: Final = ("agents", "create", "delete", "get", "list", "update")
"""What is asked while rooms are kept."""
_FAILURES: Final[dict[type[RelayError], str]] = {
    Unavailable: "unavailable",
    RateLimited: "rate_limited",
    Unauthorized: "unauthorized",
    Rejected: "rejected",
    UnexpectedAnswer: "unexpected",
}
OUTCOMES: Final = ("ok", *_FAILURES.values(), "given_up", "error")
"""`given_up`: there was no answer in time, or nobody waits for it any more."""


class Counted:
    """A backend, as it is, with its answers counted in `counts`; retries of one request are one."""

    def __init__(self, backend: Backend, counts: Counter[tuple[str, str]]) -> None:
        self._backend = backend
        self._counts = counts
        self.address, self.in_place, self.unreported = backend.address, backend.in_place, backend.unreported

    @property
    def ahead(self) -> float | None:
        return self._backend.ahead

    async def create(self, room: RoomInputs) -> LiveRoom:
        return await self._counted("create", self._backend.create(room))

    async def list(self) -> builtins.list[LiveRoom]:
        return await self._counted("list", self._backend.list())

    async def get(self, name: str) -> RoomDetail | None:
        return await self._counted("get", self._backend.get(name))

    async def delete(self, name: str) -> None:
        await self._counted("delete", self._backend.delete(name))

    async def remove_participant(self, name: str, identity: str) -> bool:
        return await self._counted("remove_participant", self._backend.remove_participant(name, identity))

    async def update(self, room: RoomInputs, changed: Collection[str]) -> LiveRoom | None:
        return await self._counted("update", self._backend.update(room, changed))

    async def agents(self, name: str) -> builtins.list[dict[str, str]] | None:
        return await self._counted("agents", self._backend.agents(name))

    async def aclose(self) -> None:
        await self._backend.aclose()

    async def _counted(self, operation: str, answer: Awaitable[T]) -> T:
        outcome = "error"
        try:
            found = await answer
            outcome = "ok"
            return found
        except RelayError as error:
            outcome = _FAILURES.get(type(error), "error")
            raise
        except asyncio.CancelledError:
            outcome = "given_up"
            raise
        finally:
            self._counts[operation, outcome] += 1
