"""Paths as they were sent. Decoding happens per segment, so that `%2F` in an identity is part of it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from relay_provider.gateway.wire import invalid
from relay_provider.model import ROOM_NAME

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decoded(segment: bytes) -> str | None:
    """A segment without its percent-encoding; None when that is broken, or is not UTF-8."""
    if _BROKEN_ESCAPE.search(segment):
        return None
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None


def room_name(segment: bytes) -> str:
    """The room's name in a path, or the documented 422."""
    name = decoded(segment)
    if name is None or not ROOM_NAME.fullmatch(name):
        raise invalid("The room name in the path must hold 1 to 128 letters, digits and . _ - : only")
    return name


def identity(segment: bytes) -> str:
    """A participant's identity in a path: any text, percent-encoded as one segment."""
    text = decoded(segment)
    if not text or "\0" in text:
        raise invalid("The identity in the path must be text, percent-encoded as one segment")
    return text
