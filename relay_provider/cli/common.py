"""What several commands share: their options, the manifest, the connections it names, and what is done with one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from relay_provider.backends.prefix import elsewhere
from relay_provider.cli.completion import DEFAULT_FILE as DEFAULT_FILE  # noqa: PLC0414, for all commands
from relay_provider.cli.completion import labels, rooms
from relay_provider.cli.output import waiting
from relay_provider.config import Connection, Lookup
from relay_provider.config import load as load_settings
from relay_provider.errors import ConfigError, RelayError, escaped
from relay_provider.manifest import Manifest, ManifestError, Project, first_of, name_of_file
from relay_provider.manifest import load as load_manifest
from relay_provider.place import Home, home_of
from relay_provider.values import counted as counted  # noqa: PLC0414, for all commands
from relay_provider.values import did_you_mean

if TYPE_CHECKING:
    from relay_provider.lifecycle import Rooms
    from relay_provider.session import Session

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

files_argument = click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
room_argument = click.argument("room", shell_complete=rooms)
stack_option = click.option(
    "-s", "--stack", metavar="NAME", help="Look up {config: …} and relay:… in this Pulumi stack."
)
"""For commands that need Pulumi for nothing else."""


def project_option(help_text: str) -> Callable[[F], F]:
    """`--project LABEL`."""
    return click.option("-p", "--project", metavar="LABEL", help=help_text, shell_complete=labels)


def exit_code_option(when: str) -> Callable[[F], F]:
    """`--drift-exit-code N`."""
    return click.option(
        "--drift-exit-code",
        type=click.IntRange(0, 255),
        default=2,
        metavar="N",
        show_default=True,
        help=f"Exit code {when}.",
    )


def manifest_files(files: Sequence[Path]) -> tuple[Path, ...]:
    """The files that were named, or `rooms.yaml` here."""
    if files:
        return tuple(files)
    if not DEFAULT_FILE.exists():
        raise RelayError(f"There is no {DEFAULT_FILE} in {Path.cwd()}; go to its folder, or name the manifest: FILE.")
    return (DEFAULT_FILE,)


def read_manifest(files: Sequence[Path]) -> Manifest:
    """The manifest. Its problems go to standard error one by one, as editors and CI read them, and end the command."""
    try:
        return load_manifest(manifest_files(files))
    except ManifestError as error:
        for problem in error.problems:
            click.echo(escaped(str(problem)), err=True)
        raise click.exceptions.Exit(1) from None


def name_of(manifest: Manifest) -> str:
    """What the manifest is called, whether it says so or its file does."""
    return manifest.name or name_of_file(first_of(manifest.files))


def about(what: str, manifest: str, *narrowed: str | None) -> str:
    """What is reported, for the comments of this and that manifest, stack and project to be told apart."""
    return "/".join([f"{what} {manifest}", *filter(None, narrowed)])


def chosen(manifest: Manifest, label: str | None) -> tuple[Project, ...]:
    """The projects that `--project` leaves."""
    if label is None:
        return manifest.projects
    found = tuple(project for project in manifest.projects if project.ref.label == label)
    if found:
        return found
    labels = [project.ref.label for project in manifest.projects]
    hint = did_you_mean(label, labels, f"; there are: {', '.join(labels) or 'none'}.")
    raise RelayError(f'The manifest has no project "{label}"{hint}')


def connections(manifest: Manifest, label: str | None, stack: str | None = None) -> list[tuple[Project, Connection]]:
    """The projects that `--project` leaves, with their connections' settings. Raises for all that lack something."""
    if stack is None:
        return resolved(manifest, label, load_settings(), no_config)
    from relay_provider.cli.stack import RoomStack  # the only need for Pulumi here

    return resolved(manifest, label, *RoomStack.of(manifest, stack, None, create=False).settings())


def resolved(
    manifest: Manifest, label: str | None, base: Connection, lookup: Lookup
) -> list[tuple[Project, Connection]]:
    """Each chosen project with its settings on top of `base`; no room is declared twice."""
    found: list[tuple[Project, Connection]] = []
    errors: list[RelayError] = []
    for project in chosen(manifest, label):
        try:
            found.append((project, project.ref.settings(base, lookup)))
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    _declared_once(manifest, found)
    return found


def _declared_once(manifest: Manifest, found: Iterable[tuple[Project, Connection]]) -> None:
    """Raise where two labels lead to one project and both declare a room, or one declares another project's: neither
    could keep it as declared."""
    first: dict[tuple[Home, str], str] = {}
    errors: list[RelayError] = []
    for project, settings in found:
        label, home = project.ref.label, home_of(settings)
        for room in project.rooms:
            if why := elsewhere(home[0], room.name):
                position = manifest.position(label, room.name)
                errors.append(RelayError(f"{position}: room {room.name} of project {label} {why}."))
            other = first.setdefault((home, room.name), label)
            if other != label:
                there, here = manifest.position(other, room.name), manifest.position(label, room.name)
                said = f"{here}: room {room.name} of project {label} is declared at {there} already, in project {other}"
                way = f"both labels lead to {home[0].address} with one key; declare it once."
                errors.append(RelayError(f"{said}: {way}"))
    raise_all(errors)


def connection_options(command: F) -> F:
    """`--file`, `--project` and `--stack`: the keyword arguments that the functions below take as `connection`."""
    command = click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the connection from a project of this manifest (may be repeated).",
    )(command)
    command = stack_option(command)
    return project_option("That project; without --file, one of rooms.yaml in this folder.")(command)


def with_rooms(connection: Mapping[str, Any], work: Callable[[Rooms], Awaitable[T]]) -> T:
    """Do something with the project's rooms."""
    return in_session(connection, lambda session, settings: work(session.rooms(settings)))


def in_session(connection: Mapping[str, Any], work: Callable[[Session, Connection], Awaitable[T]]) -> T:
    """Do something with the connection that the options name."""
    from relay_provider.session import Session  # and HTTP, which not every command needs

    _, _, settings = project_and_settings(**connection)

    async def run() -> T:
        async with Session() as session:
            return await work(session, settings)

    with waiting("Asking the API"):
        return asyncio.run(run())


def project_and_settings(
    files: Sequence[Path], project: str | None, stack: str | None
) -> tuple[Manifest | None, Project | None, Connection]:
    """What the options name; no manifest and no project when it is the process's own settings."""
    if not files and project is None and stack is None:
        return None, None, load_settings()
    manifest = read_manifest(files)
    one_of(chosen(manifest, project))
    [(found, settings)] = connections(manifest, project, stack)
    return manifest, found, settings


def one_of(projects: Sequence[Project]) -> Project:
    """The only one. Raises where there are more, or none."""
    if len(projects) != 1:
        labels = ", ".join(found.ref.label for found in projects) or "it has none"
        raise RelayError(f"The manifest must have one project, or --project LABEL must say which: {labels}.")
    return projects[0]


def agreed(question: str) -> None:
    """Ask, and end the command where the answer is no: no error, and not done either."""
    if not click.confirm(question):
        click.echo("Nothing was changed.", err=True)
        raise click.exceptions.Exit(1)


def raise_all(errors: Sequence[BaseException]) -> None:
    """Raise one error as it is, and several as one, a line each; what nobody foresaw comes first."""
    for error in errors:
        if len(errors) == 1 or not isinstance(error, RelayError):
            raise error
    if errors:
        raise RelayError("\n".join(dict.fromkeys(map(str, errors))))


def no_config(key: str) -> str | None:
    """A lookup where no stack was named."""
    raise ConfigError(f"{{config: {key}}} is in the config of a Pulumi stack; say of which one with --stack NAME.")
