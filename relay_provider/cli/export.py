"""`relay-rooms export`: the live rooms as a manifest, or as Pulumi import declarations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from relay_provider.changes import imported_inputs
from relay_provider.checks import check
from relay_provider.cli.common import connection_options, counted, project_and_settings, with_rooms
from relay_provider.cli.output import json_text, shown, write_file
from relay_provider.config import DEFAULT_BASE_URL, Connection, KeyRef, ProjectRef
from relay_provider.drift import ignored
from relay_provider.errors import UNSHOWN, ConfigError, RelayError
from relay_provider.manifest import Manifest, ManifestError, Project, load, written
from relay_provider.model import LiveRoom, flat, nested
from relay_provider.place import Place, home_of, place_of
from relay_provider.values import canonical_json

if TYPE_CHECKING:
    from relay_provider.lifecycle import Rooms

ROOM_TYPE: Final = "relay:index:Room"
LABEL: Final = "default"
"""The project's label where no manifest gives one."""
MAX_DEPTH: Final = 16
"""Levels of metadata that are written as YAML; what is nested deeper stays the JSON text it is."""


@click.command("export")
@connection_options
@click.option("--imports", is_flag=True, help="Write declarations for `pulumi import --file` instead.")
@click.option(
    "--room-configurations",
    "presets",
    is_flag=True,
    help="Write the manifest's rooms as presets for a LiveKit server's configuration file instead.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write into this file, which the manifest of the same project may be.",
)
def export_command(imports: bool, presets: bool, out: Path | None, **connection: Any) -> None:
    """Write the live rooms as a manifest, to standard output or into a file.

    The manifest declares them as they are, so that drift and up find nothing to do; what most rooms have in common is
    in its defaults. Keys are references, never the keys themselves. With --file or --project, and with --out into a
    manifest of the same project, its name, label and options are kept.
    """
    if presets and imports:
        raise RelayError("--imports and --room-configurations are two formats; say one of them.")
    if presets:
        _write_presets(out, **connection)
        return
    manifest, project, settings = project_and_settings(**connection)
    if out and not imports:
        manifest, project = _replaced(out, manifest, project, settings)
    live, unreported = with_rooms(connection, _listed)
    kept = project or Project(_own(settings), ())
    place = place_of(settings)
    declared = {
        room.name: _settings(room) for room in live if not ignored(room, kept.ignore) and _can_be_declared(room, place)
    }
    if imports:
        resources = [{"type": ROOM_TYPE, "name": name, "id": name} for name in declared]
        text = json_text({"resources": resources})
    else:
        text = as_manifest(kept.ref, declared, manifest.name if manifest else None, kept.options(), unreported)
    _write(text, out, len(declared))


def _write_presets(out: Path | None, files: Sequence[Path], project: str | None, **_: Any) -> None:
    from relay_provider.cli.presets import HEAD, check_replaced, presets

    found = presets(files, project)
    if out:
        check_replaced(out)
    _write(HEAD + _as_yaml({"room": {"room_configurations": found}}), out, len(found))


def _write(text: str, out: Path | None, rooms: int) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)
        click.echo(f"{out}: {counted(rooms, 'room')}.")


async def _listed(rooms: Rooms) -> tuple[list[LiveRoom], Collection[str]]:
    return await rooms.with_agents(await rooms.list()), rooms.backend.unreported


def _replaced(
    out: Path, manifest: Manifest | None, project: Project | None, settings: Connection
) -> tuple[Manifest | None, Project | None]:
    """Whose rooms the file is to have: the given project's, or that of the file itself which leads to the same place.

    Raises where the file has anything else, which would be lost.
    """
    if not out.exists():
        return manifest, project
    try:
        there = load([out])
    except ManifestError:
        raise RelayError(f"{out} is there and is no manifest; it was left as it is. Name another file.") from None
    if project is None and len(there.projects) == 1 and _leads_to(there.projects[0], settings):
        return there, there.projects[0]
    label = project.ref.label if project else LABEL
    if others := [one.ref.label for one in there.projects if one.ref.label != label]:
        raise RelayError(
            f"{out} declares {', '.join(others)}, which would be lost; it was left as it is. Name another file, or say "
            "with --file and --project which project of it is meant, if it is the only one there."
        )
    return manifest or there, project


def _leads_to(project: Project, settings: Connection) -> bool:
    try:
        return home_of(project.ref.settings(settings, lambda _: None)) == home_of(settings)
    except ConfigError:
        return False


def as_manifest(
    ref: ProjectRef,
    rooms: Mapping[str, Mapping[str, Any]],
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
    unreported: Collection[str] = (),
) -> str:
    """A manifest with one project."""
    defaults, factored = _factored(rooms)
    common = {"defaults": defaults} if defaults else {}
    project = {**written(ref), **(options or {}), **common, "rooms": factored}
    named = {"name": name} if name else {}
    text = _as_yaml({"version": 1, **named, "projects": {ref.label: project}})
    unsaid = f"# Not reported by the server, and so not here: {', '.join(sorted(unreported))}.\n" if unreported else ""
    return f"# yaml-language-server: $schema=./rooms.schema.json\n{text}{unsaid}"


def _as_yaml(data: object) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)


def _factored(rooms: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What most rooms have in common, and what each room says beside it; null takes a default away."""
    defaults: dict[str, Any] = {}
    rooms = {name: flat(room) for name, room in rooms.items()}
    for key in sorted({key for room in rooms.values() for key in room}):
        values = Counter(_spelled(room[key]) for room in rooms.values() if key in room)
        value, times = values.most_common(1)[0]
        if times > max(1, len(rooms) / 2):
            defaults[key] = json.loads(value)
    return nested(defaults), {
        name: nested(
            {
                **{key: value for key, value in room.items() if key not in defaults or not _same(value, defaults[key])},
                **{key: None for key in defaults if key not in room},
            }
        )
        for name, room in rooms.items()
    }


def _spelled(value: Any) -> str:
    """Tells 1 from true."""
    return json.dumps(value, sort_keys=True)


def _same(one: Any, other: Any) -> bool:
    return _spelled(one) == _spelled(other)


class _Dumper(yaml.SafeDumper):
    def represent_str(self, data: str) -> yaml.ScalarNode:
        # In double quotes every character that a manifest may not hold as it is becomes an escape.
        style = '"' if UNSHOWN.search(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        # References and small rooms read best on one line.
        flat = bool(mapping) and not any(isinstance(value, dict | list) for value in mapping.values())
        return super().represent_mapping(tag, mapping, flow_style=flat and len(str(mapping)) < 80)


_Dumper.add_representer(str, _Dumper.represent_str)


def _can_be_declared(room: LiveRoom, place: Place) -> bool:
    if problems := check(imported_inputs(room), place).problems:
        why = "; ".join(map(str, problems))
        click.echo(shown(f'Room "{room.name}" is left out, as it cannot be declared: {why}.'), err=True)
    return not problems


def _settings(room: LiveRoom) -> dict[str, Any]:
    """The room's settings, metadata as the data that it is."""
    found = {key: value for key, value in imported_inputs(room).items() if key != "name" and value is not None}
    if "metadata" in found:
        found["metadata"] = _metadata(found["metadata"])
    return found


def _metadata(text: str) -> Any:
    """The data whose canonical JSON this is, if YAML says the same; else the text."""
    try:
        data = json.loads(text)
        return data if isinstance(data, dict | list) and canonical_json(data) == text and _plain(data) else text
    except (ValueError, RecursionError):
        return text


def _plain(data: Any, depth: int = 0) -> bool:
    """Can YAML hold this in just one way? Fractions are spelled in many, and so may come back otherwise."""
    match data:
        case dict():
            return depth < MAX_DEPTH and all(_plain(value, depth + 1) for value in data.values())
        case list():
            return depth < MAX_DEPTH and all(_plain(value, depth + 1) for value in data)
        case float():
            return False
    return True


def _own(settings: Connection) -> ProjectRef:
    """The process's own settings as a manifest refers to them."""
    if settings.backend == "livekit":
        return ProjectRef(
            LABEL,
            backend="livekit",
            livekit_url=settings.livekit_url,
            livekit_api_key=KeyRef("env", "LIVEKIT_API_KEY"),
            livekit_api_secret=KeyRef("env", "LIVEKIT_API_SECRET"),
            project_id=settings.project_id,
        )
    base_url = None if settings.base_url == DEFAULT_BASE_URL else settings.base_url
    return ProjectRef(LABEL, api_key=KeyRef("env", "RELAY_API_KEY"), base_url=base_url)
