"""`relay-rooms validate` and `schema`: what needs no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from relay_provider.cli.common import counted, files_argument, manifest_files, read_manifest

OUTPUTS: Final = (
    "drift",
    "changes",
    "plan",
    "list",
    "get",
    "get-sayna",
    "remove-participant",
    "token",
    "doctor",
    "imports",
)
"""What commands print as JSON: known without importing the model."""


@click.command("validate")
@files_argument
def validate_command(files: tuple[Path, ...]) -> None:
    """Check manifests, without any network.

    FILE is rooms.yaml in the current folder unless named; several files make one manifest. Every problem is
    reported at once, as file:line:column: message, and the exit code is then 1.
    """
    files = manifest_files(files)
    manifest = read_manifest(files)
    rooms = sum(len(project.rooms) for project in manifest.projects)
    what = str(files[0]) if len(files) == 1 else counted(len(files), "file")
    click.echo(f"{what}: {counted(len(manifest.projects), 'project')}, {counted(rooms, 'room')}, no errors.")


@click.command("schema")
@click.argument("which", type=click.Choice(["pulumi", "manifest", *OUTPUTS]))
def schema_command(which: str) -> None:
    """Print a generated schema: Pulumi's package schema, the manifest's JSON Schema for editors, or that of what a
    command prints as JSON."""
    if which == "pulumi":
        from relay_provider.plugin.package_schema import package_schema

        schema = package_schema()
    elif which == "manifest":
        from relay_provider.manifest import manifest_schema

        schema = manifest_schema()
    else:
        from relay_provider.cli.json_schemas import json_schema

        schema = json_schema(which)
    # Bytes, and always UTF-8: this is what the committed files hold.
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False).encode())
