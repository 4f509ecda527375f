"""`bodega completion`: what a shell needs to complete commands, options and reasons."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
VARIABLE = "_BODEGA_COMPLETE"
"""The environment variable by which the shell's function asks the command."""


@click.command("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print what makes a shell complete bodega's commands and options.

    bash: eval "$(bodega completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc; fish: bodega completion fish >
    ~/.config/fish/completions/bodega.fish.
    """
    from bodega.cli import main

    script = SHELLS[shell](main, {}, "bodega", VARIABLE)
    click.echo(script.source_template % script.source_vars())
