"""Who may ask: secret keys, and the project each belongs to.

`RELAY_GATEWAY_KEYS="sk_live_…=projectId,sk_live_…=otherId"`. A project may have several keys, to change them
without an outage. Messages never repeat any part of the value.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Final

from relay_provider.backends.prefix import MAX_PROJECT_ID, is_project_id
from relay_provider.errors import KEY_START, ConfigError

KEYS_VARIABLE: Final = "RELAY_GATEWAY_KEYS"
DEVELOPMENT_PROJECT: Final = "dev"

# Always this beginning, so that the redaction of messages recognises every key.
_KEY: Final = re.compile(KEY_START + r"[!-+\--~]+")


class Keys:
    """The keys a gateway accepts. Its `repr` shows none."""

    def __init__(self, projects: Sequence[tuple[str, str]]) -> None:
        # Digests are equally long, so that comparing tells nothing of a key's length either.
        self._projects = [(_digest(key.encode()), project_id) for key, project_id in projects]

    def home_of(self, presented: bytes) -> str | None:
        """The project that this key belongs to. Compares with every key, in constant time."""
        found, presented = None, _digest(presented)
        for key, project_id in self._projects:
            if hmac.compare_digest(key, presented):
                found = project_id
        return found


def parse_keys(text: str) -> Keys:
    """The value of `RELAY_GATEWAY_KEYS`. Raises ConfigError that says which entry is wrong."""
    projects: list[tuple[str, str]] = []
    for number, entry in enumerate(text.split(","), 1):
        if not entry.strip():
            continue
        # From the right: base64 keys may end with =, IDs hold none.
        key, _, project_id = entry.strip().rpartition("=")
        key, project_id = key.strip(), project_id.strip()
        if not _KEY.fullmatch(key):
            raise _wrong(number, "it must look like sk_live_…=projectId")
        if not is_project_id(project_id) or _KEY.fullmatch(project_id):
            raise _wrong(
                number,
                f"its project ID must hold letters, digits and . - _ only (at most {MAX_PROJECT_ID}), "
                "no __, and neither start nor end with _",
            )
        if any(key == other for other, _ in projects):
            raise _wrong(number, "its key is there already, and a key belongs to one project")
        projects.append((key, project_id))
    if not projects:
        raise ConfigError(f"{KEYS_VARIABLE} holds no key; it must look like sk_live_…=projectId,….")
    return Keys(projects)


def new_development_key() -> str:
    """A key for one run on this machine."""
    return f"sk_live_dev_{secrets.token_urlsafe(24)}"


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _wrong(number: int, why: str) -> ConfigError:
    return ConfigError(f"Entry {number} of {KEYS_VARIABLE} is wrong: {why}.")
