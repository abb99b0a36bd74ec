"""A manifest file's bytes as text: readable, small enough, UTF-8, without control characters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from relay_provider.manifest.problems import Broken, position

MAX_BYTES: Final = 1024 * 1024

_START: Final = (1, 1)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
# YAML 1.1 takes U+0085, U+2028 and U+2029 for line breaks, YAML 1.2 and editors do not: refused rather than guessed.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def text_of(path: str) -> str:
    """The file's text. Raises Broken."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Broken(_START, "there is no such file") from None
    except IsADirectoryError:
        raise Broken(_START, "this is a directory; name the manifest file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise Broken(_START, f"the file cannot be read: {reason.lower()}") from None
    return decoded(data)


def decoded(data: bytes) -> str:
    """The text, if it is not too big, UTF-8 (with or without a byte order mark) and printable. Raises Broken."""
    if len(data) > MAX_BYTES:
        raise Broken(_START, "the file is over 1 MiB; divide the rooms among several files")
    if data.startswith(_UTF16):
        raise Broken(_START, "the file is UTF-16 or UTF-32; save the file as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        at = position(before, len(before))
        raise Broken(
            at, f"the file is not UTF-8 here (byte 0x{data[error.start]:02X}); save the file as UTF-8"
        ) from None
    if found := _FORBIDDEN.search(text):
        code = ord(found[0])
        raise Broken(
            position(text, found.start()),
            f'the character U+{code:04X} is not allowed here; write it as "\\u{code:04x}" in a double-quoted text',
        )
    return text
