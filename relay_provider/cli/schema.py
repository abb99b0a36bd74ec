"""`relay-rooms schema`."""

from __future__ import annotations

import json

import click


@click.command("schema")
@click.argument("which", type=click.Choice(["pulumi", "manifest"]))
def schema_command(which: str) -> None:
    """Print a generated schema: Pulumi's package schema, or the manifest's JSON Schema for editors."""
    if which == "pulumi":
        from relay_provider.plugin.package_schema import package_schema as schema
    else:
        from relay_provider.manifest import manifest_schema as schema
    # Bytes, and always UTF-8: this is what the committed files hold.
    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False).encode())
