"""What comes back from one request over HTTP, or does not, whatever client is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer, unpacked, that are read: many times what ten thousand rooms take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; its headers are found in any case. A body of more than `LARGEST` was not read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lost(Exception):
    """The network's failure, in its words: no connection, or one that broke off."""


class Broken(Exception):
    """An exchange that would fail again: something came back that is no answer."""
