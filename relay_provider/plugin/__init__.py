"""The Pulumi plugin: the same rooms from any Pulumi language."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script `pulumi-resource-relay`."""
    from relay_provider import process

    process.start()
    from relay_provider.plugin.server import main as serve

    return serve(arguments)
