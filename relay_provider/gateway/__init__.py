"""The Rooms API served locally: for development, for tests, and in front of one's own LiveKit server."""

from relay_provider.gateway.app import Gateway
from relay_provider.gateway.keys import Keys, parse_keys
from relay_provider.gateway.memory import MemoryEngine
from relay_provider.gateway.server import DEFAULT_HOST, DEFAULT_PORT, EngineName, serve

__all__ = ["DEFAULT_HOST", "DEFAULT_PORT", "EngineName", "Gateway", "Keys", "MemoryEngine", "parse_keys", "serve"]
