"""One answer for many who ask at once, and never an older one than the question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """What `fetch` answers. Whoever asks while it is under way shares the next answer with all who do. For one event
    loop."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """An answer that was asked for after this question; raises its failure."""
        if self._next is None:
            self._next = asyncio.create_task(self._fetched())
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())  # also when nobody waits
        return await asyncio.shield(self._next)  # one who hangs up takes it from nobody

    async def _fetched(self) -> T:
        async with self._one_at_a_time:
            self._next = None
            return await self._fetch()
