"""The engine that started this process: where it is, and whether it is still there."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from typing import Final

POLL: Final = 5.0
"""Seconds between looks whether the engine is still there."""


def engine_address(arguments: Sequence[str]) -> str | None:
    """The address among the arguments that an engine starts a plugin with: the last that is no flag and no flag's
    value (`--tracing URL`)."""
    plain = [
        argument
        for before, argument in zip(["", *arguments], arguments, strict=False)
        if not argument.startswith("-") and before != "--tracing"
    ]
    return plain[-1] if plain else None


async def gone(engine: str) -> None:
    """Return when the engine, which had answered, is no longer there: one that was killed could not say so.

    It is gone when nobody listens at two looks in a row; until the second, what it had begun may finish.
    """
    host, _, port = engine.rpartition(":")
    answered, refused = False, 0
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            refused += 1 if answered else 0
            if refused == 2:
                return
        except OSError:  # of this machine, at the moment; says nothing of the engine
            pass
        else:
            answered, refused = True, 0
            writer.close()
        await asyncio.sleep(POLL)


def end_with(engine: str) -> None:
    """End this process, which has no end of its own, soon after the engine is gone."""

    async def end() -> None:
        await gone(engine)
        os._exit(1)

    threading.Thread(target=lambda: asyncio.run(end()), name="engine-watch", daemon=True).start()
