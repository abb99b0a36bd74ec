"""`relay-rooms completion`: the shells' own completion, by click. Each Tab starts the program, so it reads little."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

DEFAULT_FILE: Final = Path("rooms.yaml")
PROGRAM: Final = "relay-rooms"


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion_command(shell: str) -> None:
    """Print what makes a shell complete commands, options, and the projects and rooms of rooms.yaml.

    \b
    bash:  eval "$(relay-rooms completion bash)"        in ~/.bashrc
    zsh:   eval "$(relay-rooms completion zsh)"         in ~/.zshrc, after compinit
    fish:  relay-rooms completion fish > ~/.config/fish/completions/relay-rooms.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    assert made
    click.echo(made(root, {}, PROGRAM, f"_{PROGRAM}_COMPLETE".replace("-", "_").upper()).source())


def labels(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The projects of the manifest that the command line names so far."""
    return _typed(_declared(ctx), incomplete)


def rooms(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The rooms of that manifest, or of its project that was chosen."""
    chosen = ctx.params.get("project")
    declared = _declared(ctx)
    return _typed((room for label in declared if chosen in (None, label) for room in declared[label]), incomplete)


def _declared(ctx: click.Context) -> dict[str, list[str]]:
    from relay_provider.manifest import declared_rooms

    found: dict[str, list[str]] = {}
    for file in ctx.params.get("files") or (DEFAULT_FILE,):
        for label, names in declared_rooms(file).items():
            found.setdefault(label, []).extend(names)
    return found


def _typed(names: Iterable[str], incomplete: str) -> list[str]:
    """Those that begin so; none that a shell would read as anything but one word, for the manifest may be anybody's."""
    return sorted({name for name in names if name.startswith(incomplete) and shlex.quote(name) == name})
