"""What can go wrong, as one small family.

Every message is one sentence that says what happened to what, followed by the way out where there is one.
Messages never hold a secret: whoever quotes foreign text in one passes it through `quoted` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_KEY_LIKE = re.compile(r"(sk_(?:live|test)_|(?i:bearer)\s+|eyJ[\w-]+\.)[^\s\"'<>,;]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""What a terminal or a log may obey instead of showing it: line ends, text direction, half surrogate pairs."""


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with everything that is, or looks like, a key replaced by `***`."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may begin with another
        if secret:
            text = text.replace(secret, "***")
    return _KEY_LIKE.sub(lambda match: match[1] + "***", text)


def quoted(text: str, secrets: Iterable[str] = (), limit: int = 200) -> str:
    """Foreign text made fit for a message: redacted, on one line, at most `limit` characters."""
    text = _CONTROL.sub(" ", redacted(text, secrets)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
