"""`relay-rooms validate`."""

from __future__ import annotations

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
