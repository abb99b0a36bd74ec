"""Door 3: the command line, `relay-rooms`."""

from __future__ import annotations


def main() -> None:
    """The console script."""
    from relay_provider import process

    process.start()
    from relay_provider.cli.app import app

    app(prog_name="relay-rooms")
