"""Failures as gRPC statuses that the engine understands, each with one sentence for a person.

The engine takes INTERNAL, UNKNOWN and DATA_LOSS for "nobody knows what became of the resource". Every failure of
the family leaves a known state, because a create is safe to repeat; so only a defect of the plugin is INTERNAL.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable
from typing import Final

from grpc import StatusCode

from relay_provider import errors
from relay_provider.errors import RelayError, redacted

DEBUG_ENV: Final = "RELAY_DEBUG"

_CODES: Final[tuple[tuple[type[RelayError], StatusCode], ...]] = (
    (errors.InvalidInputs, StatusCode.INVALID_ARGUMENT),
    (errors.Rejected, StatusCode.INVALID_ARGUMENT),
    (errors.Unauthorized, StatusCode.UNAUTHENTICATED),
    (errors.NotFound, StatusCode.NOT_FOUND),
    (errors.RateLimited, StatusCode.RESOURCE_EXHAUSTED),
    (errors.Unavailable, StatusCode.UNAVAILABLE),
    (errors.ReplacementFailed, StatusCode.ABORTED),
)

_STATE_KEY: Final = (
    " A refresh uses the key that the state has; if you have just changed it in the configuration, "
    "run `pulumi up --refresh=false` once."
)


def status_of(method: str, error: Exception, secrets: Iterable[str] = ()) -> tuple[StatusCode, str]:
    """The status for `error`, and its sentence without any of `secrets`."""
    if isinstance(error, RelayError):
        code = next((code for kind, code in _CODES if isinstance(error, kind)), StatusCode.FAILED_PRECONDITION)
        sentence = redacted(str(error), secrets)
        if not sentence.endswith((".", "…")):
            sentence += "."
        if isinstance(error, errors.Unauthorized) and method == "Read":
            sentence += _STATE_KEY
        return code, sentence
    if os.environ.get(DEBUG_ENV):
        print(redacted("".join(traceback.format_exception(error)), secrets), file=sys.stderr, flush=True)  # noqa: T201
    return StatusCode.INTERNAL, (
        f"{method} failed on a defect of the relay plugin ({type(error).__name__}); please report it. "
        f"{DEBUG_ENV}=1 in the environment prints the details to the plugin's stderr."
    )
