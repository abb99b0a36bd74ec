"""`python -m relay_provider.gateway`: the same as `relay-rooms serve`."""

from __future__ import annotations

from typing import get_args

import click

from relay_provider.errors import RelayError
from relay_provider.gateway.server import DEFAULT_HOST, DEFAULT_PORT, EngineName, serve


@click.command("serve")
@click.option(
    "--engine", type=click.Choice(get_args(EngineName)), default="memory", show_default=True, help="Where rooms live."
)
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free one."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes on one port.",
)
def serve_command(engine: EngineName, host: str, port: int, workers: int) -> None:
    """Serve the Rooms API locally, until it is interrupted.

    The memory engine needs no account and no other process; rooms expire as they really do. Without
    RELAY_GATEWAY_KEYS, and on this machine only, it makes a development key and prints it.
    """
    serve(host, port, engine, workers=workers)


if __name__ == "__main__":
    try:
        serve_command()
    except RelayError as error:
        raise SystemExit(f"Error: {error}") from None
