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

COMMANDS = (
    "serve", "dev", "store", "account", "owner", "key", "seed", "import", "live", "state", "fault", "provider",
    "routes", "explain", "logs", "undo", "report", "scopes", "parity", "webhooks", "mcp", "doctor", "completion",
)  # fmt: skip
"""In the order in which a newcomer needs them; each is `command` in the module of its name."""


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

        click.echo(f"bodega {__version__}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """A store server you run yourself, speaking the BigCommerce Stores REST API (V2 and V3)."""
