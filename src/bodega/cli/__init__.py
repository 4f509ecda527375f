"""The command line: `bodega COMMAND`. Each command's module is imported when that command is run, and not before."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

COMMANDS = ("serve", "dev", "store", "account", "owner", "key", "seed", "routes", "explain")
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
        found: click.Command = import_module(f"bodega.cli.{cmd_name}").command
        return found

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command line; exits with 0 (done), 1 (failed) or 2 (usage)."""
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


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from bodega import __version__

        click.echo(f"bodega {__version__}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """A store server you run yourself, speaking the BigCommerce Stores REST API (V2 and V3)."""
