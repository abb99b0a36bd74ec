"""`relay-rooms validate` and `schema`: what needs no network."""

from __future__ import annotations

import json
from pathlib import Path

import click

from relay_provider.cli.common import counted, files_argument, manifest_files, read_manifest


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
@click.argument("which", type=click.Choice(["pulumi", "manifest"]))
def schema_command(which: str) -> None:
    """Print a generated schema: Pulumi's package schema, or the manifest's JSON Schema for editors."""
    if which == "pulumi":
        from relay_provider.plugin.package_schema import package_schema as schema
    else:
        from relay_provider.manifest import manifest_schema as schema
    # Bytes, and always UTF-8: this is what the committed files hold.
    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False).encode())
