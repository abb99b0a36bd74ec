"""`python -m relay_provider.gateway`: the same as `relay-rooms serve`."""

from __future__ import annotations

from typing import cast

import click

from relay_provider.errors import RelayError
from relay_provider.gateway.server import DEFAULT_HOST, DEFAULT_PORT, EngineName, serve


@click.command()
@click.option("--engine", type=click.Choice(["memory", "livekit"]), default="memory", show_default=True)
@click.option("--host", default=DEFAULT_HOST, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: a free one.")
def main(engine: str, host: str, port: int) -> None:
    """Serve the Rooms API locally."""
    try:
        serve(host, port, cast(EngineName, engine))
    except RelayError as error:
        raise click.ClickException(str(error)) from None


main()
