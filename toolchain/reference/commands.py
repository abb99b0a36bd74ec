"""The commands and their options, as `--help` has them."""

import re
from collections.abc import Iterator

import click

from relay_provider.cli.app import COMMANDS, App
from toolchain.reference.markdown import code, fence, page, table

INTRODUCTION = """
What `--help` says of each command. Exit codes, the shapes of JSON, and where state and keys are:
[the command line](../cli.md).
"""


def made() -> str:
    from relay_provider.cli import app

    root = next(one for one in vars(app).values() if isinstance(one, App))
    context = click.Context(root, info_name="relay-rooms")
    overview = table(
        ("command", "does"), [(f"[`{name}`](#relay-rooms-{name})", line) for name, (_, line) in COMMANDS.items()]
    )
    every = [block for name in COMMANDS for block in shown(root, context, name)]
    return page("Commands and options", INTRODUCTION, overview, *every)


def shown(parent: click.Group, above: click.Context, name: str) -> Iterator[str]:
    command = parent.get_command(above, name)
    assert command
    context = click.Context(command, info_name=name, parent=above)
    yield f"## {context.command_path}"
    yield fence("text", re.sub(r"^Usage: ", "", command.get_usage(context).replace("\n", " ")).replace("  ", ""))
    yield prose(command.help or "")
    options = [found for one in command.params if (found := one.get_help_record(context)) and found[1]]
    yield table(("option", ""), [(code(flags), text(about)) for flags, about in options]) if options else ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from shown(command, context, inner)


def text(about: str) -> str:
    """What is in brackets at the end (a default, a range) as code, so that Markdown takes it for no link."""
    return re.sub(r"\[([^\[\]]+)\]\Z", r"(`\1`)", about.strip())


def prose(about: str) -> str:
    return "\n\n".join(" ".join(one.split()) for one in about.replace("\b", "").split("\n\n"))
