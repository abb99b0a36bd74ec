"""What a connection writes in one go is sent at once."""

from __future__ import annotations

import asyncio

import pytest

from relay_provider.gateway.connection import _Joined

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Transport:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return "abort" in self.done

    def get_write_buffer_size(self) -> int:
        return 5


async def test_head_and_body_are_one_piece() -> None:
    joined = _Joined(found := Transport())  # type: ignore[arg-type]
    for data in (b"head", b"body"):
        joined.write(data)
    assert (found.done, joined.get_write_buffer_size()) == ([], 13)
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert (found.done, joined.get_write_buffer_size()) == ([b"headbody", b"next"], 5)


async def test_a_close_comes_after_what_was_written() -> None:
    joined = _Joined(found := Transport())  # type: ignore[arg-type]
    joined.write(b"answer")
    joined.close()
    await asyncio.sleep(0)
    assert found.done == [b"answer", "close"]


async def test_nothing_is_sent_after_an_abort() -> None:
    joined = _Joined(found := Transport())  # type: ignore[arg-type]
    joined.write(b"answer")
    joined.abort()
    await asyncio.sleep(0)
    assert found.done == ["abort"]
