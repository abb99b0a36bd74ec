"""`relay-rooms serve`: the gateway's own command."""

from relay_provider.gateway.__main__ import serve_command

__all__ = ["serve_command"]
