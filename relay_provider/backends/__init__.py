"""Where rooms live: one module per place, behind the protocol in `base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay_provider.backends.base import Backend
    from relay_provider.config import Connection


def connect(settings: Connection) -> Backend:
    """The backend that the settings name. Opens no connection yet; raises ConfigError for what it lacks."""
    if settings.backend == "livekit":
        from relay_provider.backends.livekit import LiveKitBackend

        return LiveKitBackend(settings)
    from relay_provider.backends.relay import RelayBackend

    return RelayBackend(settings)
