"""Door 3: the command line, `relay-rooms`."""

from __future__ import annotations


def main() -> None:
    """The console script."""
    import gc

    gc.set_threshold(100_000)  # what a start imports stays, and looking through it takes a tenth of the start
    from relay_provider.cli.app import app

    app(prog_name="relay-rooms")
