"""The command line: `bodega COMMAND`. Each command's module is imported when that command is run, and not before."""

from __future__ import annotations

import keyword
import os
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from bodega import memory

COMMANDS = {
    "serve": "Answer requests until stopped.",
    "dev": "Start a demo store in a throwaway directory.",
    "store": "Create, show, change and delete stores.",
    "account": "Create, change, list and revoke API accounts.",
    "owner": "Create, list and remove who may sign in to the panel.",
    "key": "Show, rotate and replace the key of client secrets.",
    "seed": "Fill a store with sample data.",
    "import": "Fill a store from another one, or from a CSV file.",
    "live": "Change a store at a rate, until stopped.",
    "state": "Make troubles that integrations meet.",
    "fault": "Make a store fail, by rules.",
    "provider": "Register apps that are asked for taxes, shipping, payments.",
    "routes": "List what is served, and what is not.",
    "openapi": "Print what is served as an OpenAPI 3.1 document.",
    "explain": "Show why a request is answered with a status.",
    "logs": "Show the requests in the journal.",
    "undo": "Undo what one request changed.",
    "report": "Say what clients did wrong or wastefully.",
    "scopes": "Show the smallest scopes that let the requests pass.",
    "parity": "Record a run, replay it elsewhere, compare the replies.",
    "webhooks": "Listen to events, make them, send them again, verify them.",
    "mcp": "Speak the Model Context Protocol.",
    "doctor": "Check what keeps a server from running well here.",
    "completion": "Print what makes a shell complete commands and options.",
}
"""In the order in which a newcomer needs them, each with what the list of commands says of it; each is `command` in the
module of its name."""


class Commands(click.Group):
    """Finds commands by module; prints every error as one sentence on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        found: click.Command = import_module(f"bodega.cli.{module}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands; their modules are not imported for that."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names what an unknown command may have meant; groups of commands do so by themselves."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command '{args[0]}'.{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so; their modules are not imported for that."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command line; exits with 0 (done), 1 (failed) or 2 (usage)."""
        if os.environ.get("NO_COLOR"):
            extra.setdefault("color", False)
        if args is None:
            memory.short()
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            ended = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            click.echo(error.format_message(), err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo("Stopped.", err=True)
            sys.exit(1)
        sys.exit(ended if isinstance(ended, int) else 0)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """What a mistyped word may have meant, as a sentence; empty if nothing is near."""
    near = get_close_matches(word, list(words), n=3)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from bodega import __version__
        from bodega.storage.migrate import revisions

        click.echo(f"bodega {__version__}")
        click.echo(f"schema: {revisions()}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version, and the schema of its databases.",
)
def main() -> None:
    """A store server you run yourself, speaking the BigCommerce Stores REST API (V2 and V3)."""
