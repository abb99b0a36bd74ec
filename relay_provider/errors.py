"""What can go wrong, as one small family.

Every message is one sentence that says what happened to what, followed by the way out where there is one.
Messages never hold a secret: whoever quotes foreign text in one passes it through `quoted` first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

KEY_START: Final = "sk_(?:live|test)_"
"""How a secret key of the Rooms API begins."""
_JWT_START: Final = r"eyJ[\w-]+\."
_KEY: Final = re.compile(f"{KEY_START}|{_JWT_START}")
_QUOTED_KEY: Final = re.compile(rf"({KEY_START}|(?i:bearer)\s+|{_JWT_START})[^\s\"'<>,;]+")

UNSHOWN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""What is obeyed or not seen instead of shown: controls, line ends, format characters, half surrogate pairs."""
_UNSHOWN_RUN: Final = re.compile(f"{UNSHOWN.pattern}+")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with everything that is, or looks like, a key replaced by `***`."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may begin with another
        if secret:
            text = text.replace(secret, "***")
    return _QUOTED_KEY.sub(lambda match: match[1] + "***", text)


def quoted(text: str, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """Foreign text made fit for a message: redacted, on one line, at most `limit` characters."""
    text = _UNSHOWN_RUN.sub(" ", redacted(text, secrets)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def in_words(value: object) -> str:
    """A setting's value inside a sentence."""
    if isinstance(value, list | dict):
        return quoted(json.dumps(value, ensure_ascii=False), limit=300)
    return f'"{quoted(value, limit=120)}"' if isinstance(value, str) else str(value)


def escaped(text: str) -> str:
    """Foreign text made fit for a terminal and a line, with nothing lost: what would not show is an escape of JSON."""
    return UNSHOWN.sub(lambda found: "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1], text)


def key_like(name: str) -> bool:
    """Is what should be a name a secret? (`helpdesk_live_1` is none.)"""
    return _KEY.match(name) is not None


class RelayError(Exception):
    """Anything this package fails with on purpose; `str(error)` is the sentence for a person."""


class ConfigError(RelayError):
    """A setting is missing or wrong."""


class Unauthorized(RelayError):
    """The server does not accept the key (401, 403)."""


class Rejected(RelayError):
    """The server understood the request and refuses it (422)."""


class NotFound(RelayError):
    """The server says definitely that the room or participant is not there."""


class RateLimited(RelayError):
    """The server still asks to slow down (429) after every retry."""


class Unavailable(RelayError):
    """No usable answer after every retry: not reachable, timed out, or failing upstream (502, 503, 504)."""


class UnexpectedAnswer(RelayError):
    """An answer that is not what the API document says: a redirect, HTML, broken JSON, a missing field."""


class RoomDiffers(RelayError):
    """A room of that name is live with other settings than were asked for."""


class RoomOccupied(RelayError):
    """People are in the room, so it is not ended without `forceDestroy`."""


class RoomUnsure(RelayError):
    """It cannot be made sure that nobody is in the room, so it is not ended without `forceDestroy`."""


class RoomKept(RelayError):
    """An old room stays in the state, because its new declaration could not be carried out."""


class ReplacementFailed(RelayError):
    """A room was ended to be recreated, and the server still answers with the old one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong input: where (a property path such as `metadata` or `rooms.standup.name`) and why."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidInputs(RelayError):
    """Inputs break a rule; holds every problem, not just the first."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{what}: " + "; ".join(str(problem) for problem in problems))
