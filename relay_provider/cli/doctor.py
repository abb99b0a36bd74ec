"""`relay-rooms doctor`: what keeps the other commands from working, and the way out. Writes nothing, shows no key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from relay_provider.cli.common import (
    DEFAULT_FILE,
    about,
    chosen,
    files_argument,
    no_config,
    project_option,
    stack_option,
)
from relay_provider.cli.health import Finding, of_the_machine
from relay_provider.cli.output import Code, Report, Table, output_option, waiting, write
from relay_provider.config import OPTIONS, Connection, KeyRef, Lookup, ProjectRef, required
from relay_provider.config import load as load_settings
from relay_provider.errors import RelayError
from relay_provider.manifest import Manifest, ManifestError, first_of, name_of_file
from relay_provider.manifest import load as load_manifest
from relay_provider.place import home_of
from relay_provider.session import Session
from relay_provider.values import counted

SKEW: Final = 30.0
"""Seconds that clocks may differ: half of what LiveKit allows."""
_KEYS: Final = {"relay": ("api_key",), "livekit": ("livekit_api_key", "livekit_api_secret")}
_NOWHERE: Final = ProjectRef("")
_ENV: Final = {one.field: one.env for one in OPTIONS}


@click.command("doctor")
@files_argument
@project_option("Look at this project only.")
@stack_option
@output_option
def doctor_command(files: tuple[Path, ...], project: str | None, stack: str | None, output: str) -> int:
    """Look for what keeps the other commands from working, and say the way out.

    Looks for Pulumi, the plugin and the state; checks the manifest (rooms.yaml unless named; without one, the process's
    own settings); whether the keys are set that it names, never showing one; lists each project's rooms once; and
    compares this machine's clock with the server's, as tokens and webhooks fail by a wrong one. Changes nothing.

    Exit code 0: all is well; 1: something is wrong.
    """
    with waiting("Looking"):
        of = about("doctor", name_of_file(first_of(files or (DEFAULT_FILE,))), stack, project)
        report = _report(list(_found(files, project, stack)), of)
    write(report, output)
    return 0 if report.data["healthy"] else 1


def _found(files: Sequence[Path], label: str | None, stack: str | None) -> Iterator[Finding]:
    manifest: Manifest | None = None
    problems: list[str] = []
    if files or DEFAULT_FILE.exists():
        try:
            manifest = load_manifest(files or (DEFAULT_FILE,))
        except ManifestError as error:
            problems = [str(problem) for problem in error.problems]
    yield from of_the_machine(manifest)
    yield from (Finding("manifest", "wrong", problem) for problem in problems)
    if problems:
        return
    try:
        refs = [one.ref for one in chosen(manifest, label)] if manifest else [_NOWHERE]
        base, lookup = _settings(manifest, stack)
    except RelayError as error:
        yield Finding("settings", "wrong", str(error))
        return
    if manifest:
        yield Finding("manifest", "ok", f"{', '.join(map(str, manifest.files))}: no errors")
    ready: dict[str, Connection] = {}
    for ref in refs:
        keys = list(_keys(ref, base, lookup))
        yield from keys
        if all(key.status == "ok" for key in keys):
            ready[ref.label] = ref.settings(base, lookup)
    yield from asyncio.run(_answers(ready))


def _settings(manifest: Manifest | None, stack: str | None) -> tuple[Connection, Lookup]:
    if manifest is None or stack is None:
        return load_settings(), no_config
    from relay_provider.cli.stack import RoomStack

    return RoomStack.of(manifest, stack, None, create=False).settings()


def _keys(ref: ProjectRef, base: Connection, lookup: Lookup) -> Iterator[Finding]:
    """Each key that the project needs: is it where the manifest, or else the environment, has it?"""
    for field in _KEYS[ref.without_keys(base).backend]:
        named = getattr(ref, field)
        alone: dict[str, Any] = {field: named}
        try:
            if isinstance(named, KeyRef):
                replace(_NOWHERE, label=ref.label, **alone).settings(base, lookup)
            else:
                required(ref.without_keys(base) if ref.label else base, field)
        except RelayError as error:
            yield Finding("key", "wrong", str(error), ref.label)
        else:
            yield Finding("key", "ok", f"{named or _ENV[field]} is set", ref.label)


async def _answers(projects: Mapping[str, Connection]) -> list[Finding]:
    """One list of each project, however many labels it has, and the time by the server's clock."""
    homes = {home_of(settings): settings for settings in projects.values()}
    async with Session() as session:
        found = dict(zip(homes, await asyncio.gather(*(_answer(session, one) for one in homes.values())), strict=True))
    return [replace(one, project=label) for label, settings in projects.items() for one in found[home_of(settings)]]


async def _answer(session: Session, settings: Connection) -> list[Finding]:
    loop = asyncio.get_running_loop()
    try:
        rooms = session.rooms(replace(settings, max_retries=min(settings.max_retries, 1)))
    except RelayError as error:
        return [Finding("api", "wrong", str(error))]
    asked = loop.time()
    try:
        live = await rooms.list()
    except RelayError as error:
        api = Finding("api", "wrong", str(error))
    else:
        took = f"{(loop.time() - asked) * 1000:.0f} ms"
        api = Finding("api", "ok", f"{counted(len(live), 'live room')} at {rooms.backend.address}, in {took}")
    ahead = rooms.backend.ahead
    return [api] if ahead is None else [api, _clock(ahead)]


def _clock(ahead: float) -> Finding:
    if abs(ahead) < SKEW:
        return Finding("clock", "ok", f"within {max(abs(ahead), 1):.0f} s of the server's")
    here = "behind" if ahead > 0 else "ahead of"
    return Finding(
        "clock",
        "wrong",
        f"This machine's clock is {abs(ahead):.0f} s {here} the server's, and more than a minute makes join tokens and "
        "webhooks fail; set whichever is wrong by NTP.",
    )


def _report(findings: Sequence[Finding], about: str) -> Report:
    wrong = sum(one.status == "wrong" for one in findings)
    checks = [
        {"check": one.check, "project": one.project or None, "status": one.status, "found": one.found}
        for one in findings
    ]
    rows = [(one.check, Code(one.project), one.status, one.found) for one in findings]
    summary = f"{counted(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong." if wrong else "Nothing is wrong."
    blocks = [("", Table(("Check", "Project", "Status", "Found"), rows))]
    return Report({"healthy": not wrong, "checks": checks}, summary, blocks, about)
