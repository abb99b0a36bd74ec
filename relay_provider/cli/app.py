"""The command group: commands are imported when they run, and every failure ends as a sentence and an exit code.

0 is done or as declared, 1 an error (wrong usage too), 2 drift or pending changes, 130 an interruption.
"""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from relay_provider.errors import RelayError, escaped, quoted, redacted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FAILED: Final = 1
INTERRUPTED: Final = 130
DEBUG_VARIABLE: Final = "RELAY_DEBUG"

COMMANDS: Final = {
    "validate": ("validate", "Check manifests, without any network."),
    "preview": ("deploy", "Show what `up` would do; exit 2 when it would do something."),
    "up": ("deploy", "Make the rooms as declared, with Pulumi."),
    "destroy": ("deploy", "End every declared room, with Pulumi."),
    "drift": ("drift", "Compare manifests with the live rooms; exit 2 on drift. Changes nothing."),
    "list": ("inspect", "List the live rooms of a project."),
    "get": ("inspect", "Show a live room and who is in it."),
    "remove-participant": ("inspect", "Disconnect one participant from a room."),
    "token": ("token", "Print a join token that carries a room's declared settings (LiveKit)."),
    "export": ("export", "Write the live rooms as a manifest."),
    "keep": ("keep", "Stay running and recreate declared rooms that are missing."),
    "serve": ("serve", "Serve the Rooms API locally."),
    "terraform": ("terraform", "Install the provider for OpenTofu and Terraform."),
    "doctor": ("doctor", "Look for what keeps the other commands from working; exit 1 if anything does."),
    "completion": ("completion", "Print what makes a shell complete command lines."),
    "schema": ("validate", "Print a generated schema."),
}
"""Command → its module in this package, and its line in the help, known without importing it."""


class App(click.Group):
    """Commands by lazy import, and the exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"relay_provider.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from relay_provider.values import did_you_mean

            if hint := did_you_mean(args[0], COMMANDS):
                ctx.fail(f"No such command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and exit."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # an output that cannot hold a character
        try:
            code = self._run(*args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has seen enough. Python flushes once more at exit, which must not fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = FAILED
        sys.exit(code)

    def _run(self, *args: Any, **extra: Any) -> int:
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
            return code if isinstance(code, int) else 0
        except click.ClickException as error:
            error.show()
            return FAILED
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            return INTERRUPTED
        except BrokenPipeError:
            raise
        except RelayError as error:
            _debug()
            for line in str(error).splitlines():
                click.echo(f"Error: {escaped(line)}", err=True)
            return getattr(error, "exit_code", FAILED)
        except Exception as error:
            _debug()
            what = quoted(f"{type(error).__name__}: {error}", limit=300)
            hint = "" if os.environ.get(DEBUG_VARIABLE) else f" Set {DEBUG_VARIABLE}=1 to see where."
            click.echo(f"Error: something unexpected happened ({what}).{hint}", err=True)
            return FAILED


def _debug() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        click.echo(redacted(traceback.format_exc()), err=True)


def _versions(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from relay_provider.cli.versions import lines

        click.echo("\n".join(lines()))
        ctx.exit()


@click.group(cls=App, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_versions,
    help="Show the versions that a bug report needs, and exit.",
)
def app() -> None:
    """Rooms as code: declare real-time rooms in YAML, make them so, and see when they drift."""
