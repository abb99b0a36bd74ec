"""`relay-rooms drift`: one list per project, compared with the manifest. Writes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click

from relay_provider.backends.prefix import others
from relay_provider.cli.common import (
    about,
    connections,
    counted,
    exit_code_option,
    files_argument,
    name_of,
    project_option,
    raise_all,
    read_manifest,
    stack_option,
)
from relay_provider.cli.output import Block, Cell, Code, Report, Table, field_rows, output_option, waiting, write
from relay_provider.config import Connection
from relay_provider.drift import DriftReport, ProjectDrift, compare, counting
from relay_provider.manifest import Project
from relay_provider.place import Home, home_of
from relay_provider.session import Session


@click.command("drift")
@files_argument
@project_option("Compare this project only.")
@stack_option
@output_option
@click.option("--strict", is_flag=True, help="Rooms that nobody declared are drift too.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    help="Say nothing of undeclared rooms with such names (*, ?, […]), as others own them. May be repeated.",
)
@exit_code_option("on drift")
def drift_command(
    *,
    files: tuple[Path, ...],
    project: str | None,
    stack: str | None,
    output: str,
    strict: bool,
    ignore: tuple[str, ...],
    drift_exit_code: int,
) -> int:
    """Compare manifests with the live rooms. Changes nothing, and needs no Pulumi.

    Exit code 0: as declared; 2: drift; 1: an error, such as an API that cannot be reached (which is never drift).
    """
    manifest = read_manifest(files)
    projects = connections(manifest, project, stack)
    with waiting("Asking what is live"):
        report = DriftReport(asyncio.run(_compared(projects, ignore)), strict)
    write(as_report(report, about("drift", name_of(manifest), stack, project)), output)
    return drift_exit_code if report.drift else 0


async def _compared(projects: Sequence[tuple[Project, Connection]], ignore: Sequence[str]) -> tuple[ProjectDrift, ...]:
    """Every project against one list, and a second one where that lacks rooms; labels that lead to one project share
    it."""
    async with Session() as session:
        homes = {home_of(settings): session.rooms(settings) for _, settings in projects}
        expected: dict[Home, set[str]] = {home: set() for home in homes}
        for project, settings in projects:
            expected[home_of(settings)] |= {room.name for room in project.rooms}
        lists = (rooms.list(expected[home]) for home, rooms in homes.items())
        answers = await asyncio.gather(*lists, return_exceptions=True)
        raise_all([answer for answer in answers if isinstance(answer, BaseException)])
        live = {home: found for home, found in zip(homes, answers, strict=True) if isinstance(found, list)}
        found = []
        for project, settings in sorted(projects, key=lambda one: one[0].ref.label):
            home = home_of(settings)
            labels = [other for other, theirs in projects if home_of(theirs) == home]
            sharing = {other.ref.label: {room.name for room in other.rooms} for other in labels}
            patterns = {*ignore, *(pattern for other in labels for pattern in other.ignore)}
            patterns |= others(home[0], (place for place, _ in homes))
            own = counting(project.ref.label, sharing, live[home], patterns)
            own = await homes[home].with_agents(own, project.rooms)
            found.append(compare(project.ref.label, project.rooms, own, homes[home].backend.unreported))
        return tuple(found)


def as_report(report: DriftReport, about: str = "") -> Report:
    """What drift has to say."""
    columns = ("Room", "Drift", "Field", "Declared", "Live")
    blocks: list[Block] = [
        (_headline(project), Table(columns, rows) if (rows := _rows(project)) else None) for project in report.projects
    ]
    if hidden := sorted({field for project in report.projects for field in project.not_comparable}):
        blocks.append((f"Not comparable, as the server does not report it: {', '.join(hidden)}.", None))
    return Report(report.as_json(), _summary(report), blocks, about)


def _rows(project: ProjectDrift) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [(Code(room), "missing", "", "", "") for room in project.missing]
    for changed in project.changed:
        fields = ((one.field, _value(one.declared), _value(one.live)) for one in changed.fields)
        rows += field_rows((Code(changed.room), "changed"), fields)
    rows += [(Code(room), "unmanaged", "", "", "") for room in project.unmanaged]
    return rows


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if value == "" or isinstance(value, list) else str(value)


def _headline(project: ProjectDrift) -> Cell:
    others = {"missing": project.missing, "changed": project.changed, "unmanaged": project.unmanaged}
    counts = [f"{project.in_sync:,} in sync", *(f"{len(rooms):,} {what}" for what, rooms in others.items() if rooms)]
    return Code(project.project), f": {', '.join(counts)}"


def _summary(report: DriftReport) -> str:
    in_sync = sum(project.in_sync for project in report.projects)
    wrong = sum(len(project.missing) + len(project.changed) for project in report.projects)
    unmanaged = sum(len(project.unmanaged) for project in report.projects)
    undeclared = f"{counted(unmanaged, 'room')} that nobody declared" if unmanaged else ""
    if not report.drift:
        rest = f" ({undeclared})" if undeclared else ""
        return f"No drift: {counted(in_sync, 'room')} as declared{rest}."
    found = [f"{counted(wrong, 'room')} not as declared"] if wrong else []
    found += [undeclared] if undeclared and report.strict else []
    return f"Drift: {', '.join(found)}."
