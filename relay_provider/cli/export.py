"""`relay-rooms export`: the live rooms as a manifest, or as Pulumi import declarations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import click
import yaml

from relay_provider.changes import imported_inputs
from relay_provider.cli.common import connection_options, project_and_settings, with_rooms
from relay_provider.cli.output import shown, write_json
from relay_provider.config import DEFAULT_BASE_URL, Connection, KeyRef, ProjectRef
from relay_provider.errors import UNSHOWN
from relay_provider.manifest import written
from relay_provider.model import LiveRoom, check
from relay_provider.values import canonical_json

ROOM_TYPE: Final = "relay:index:Room"
LABEL: Final = "default"
"""The project's label where no manifest gives one."""
MAX_DEPTH: Final = 16
"""Levels of metadata that are written as YAML; what is nested deeper stays the JSON text it is."""


@click.command("export")
@connection_options
@click.option("--imports", is_flag=True, help="Write declarations for `pulumi import --file` instead.")
def export_command(imports: bool, **connection: Any) -> None:
    """Write the live rooms as a manifest, to standard output.

    The manifest declares them as they are, so that drift and up find nothing to do. Keys are references, never
    the keys themselves.
    """
    ref, settings = project_and_settings(**connection)
    rooms = with_rooms(connection, lambda rooms: rooms.list())
    declared = {room.name: _settings(room) for room in rooms if _can_be_declared(room)}
    if imports:
        write_json({"resources": [{"type": ROOM_TYPE, "name": name, "id": name} for name in declared]})
    else:
        click.echo(as_manifest(ref or _own(settings), declared), nl=False)


def as_manifest(ref: ProjectRef, rooms: Mapping[str, Mapping[str, Any]]) -> str:
    """A manifest with one project."""
    project = {**written(ref), "rooms": rooms}
    head = "# yaml-language-server: $schema=./rooms.schema.json\n"
    return head + yaml.dump(
        {"version": 1, "projects": {ref.label: project}},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )


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


def _can_be_declared(room: LiveRoom) -> bool:
    problems = check(imported_inputs(room)).problems
    if problems:
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
