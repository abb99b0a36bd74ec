"""What whoever runs a manifest allows its author: hosts to send keys to, and keys to name. Unset, all are."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import Final

HOSTS: Final = "RELAY_ALLOWED_HOSTS"
KEYS: Final = "RELAY_ALLOWED_KEYS"


def refused(variable: str, *spellings: str) -> str | None:
    """Why this is not allowed, in words that follow its name; None when a pattern of the variable fits a spelling.

    A variable that is empty allows nothing: a pipeline whose setting went missing must not allow everything.
    """
    patterns = os.environ.get(variable)
    if patterns is None or any(
        fnmatchcase(spelling, pattern.strip()) for pattern in patterns.split(",") for spelling in spellings
    ):
        return None
    return f"which {variable} does not allow"
