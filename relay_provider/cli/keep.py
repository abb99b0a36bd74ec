"""`relay-rooms keep`: recreates declared rooms that expired or were ended, until it is told to stop."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import get_args

import click

from relay_provider.cli.common import (
    connections,
    files_argument,
    manifest_files,
    project_option,
    read_manifest,
    stack_option,
)
from relay_provider.keep.files import Files
from relay_provider.keep.log import WRITERS, Form
from relay_provider.keep.project import Manner, OnChange
from relay_provider.keep.service import Declared, Service
from relay_provider.keep.state import State
from relay_provider.manifest import load


@click.command("keep")
@files_argument
@project_option("Keep this project's rooms only.")
@stack_option
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 86_400),
    default=30,
    show_default=True,
    metavar="S",
    help="Seconds from one look to the next, at most.",
)
@click.option(
    "--on-change",
    type=click.Choice(get_args(OnChange)),
    default="report",
    show_default=True,
    help="What to do with a room that is live with other settings: say so; make it as declared when it is empty; or do "
    "that, and at once, also while people are in it, what disconnects nobody (metadata and agents on LiveKit).",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Serve a status page, /healthz, /readyz and /metrics. Beyond this machine RELAY_KEEP_TOKEN must be set.",
)
@click.option("--log", "form", type=click.Choice(tuple(WRITERS)), default="text", show_default=True, help="How to log.")
def keep_command(
    *,
    files: tuple[Path, ...],
    project: str | None,
    stack: str | None,
    interval: float,
    on_change: OnChange,
    listen: str | None,
    form: Form,
) -> None:
    """Stay running and recreate declared rooms that are missing. Ends nobody's call.

    A manifest that changes is read anew; a broken one is reported, and the old one stays in force. An API that is down
    is asked again. SIGINT and SIGTERM end it, with exit code 0.
    """
    paths = manifest_files(files)
    watched = Files(paths)
    declared = connections(read_manifest(paths), project, stack)

    def read() -> Declared:
        return connections(load(paths), project, stack)

    state = State(interval, WRITERS[form])
    service = Service(state, Manner(interval, on_change), read, watched)
    if listen is None:
        asyncio.run(service.run(declared))
        return
    from relay_provider.keep.listen import listener  # a server and Prometheus's client, which not everybody wants

    with listener(listen) as listening:
        asyncio.run(service.run(declared, partial(listening.serve, service)))
