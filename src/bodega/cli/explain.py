"""`bodega explain`: why a request got its status."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from bodega.cli.place import as_json, usage_errors
from bodega.cli.show import print_json


def _words(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The statuses and reasons that begin so, for the shell."""
    from bodega import explain

    words = [str(status) for status in explain.statuses()] + [
        name for one in explain.overview() for name in one["reasons"]
    ]
    return [CompletionItem(word) for word in dict.fromkeys(words) if word.startswith(incomplete.upper())]


@click.command("explain")
@click.argument("asked", metavar="[STATUS|REASON]", required=False, shell_complete=_words)
@as_json
def command(asked: str | None, as_json: bool) -> None:
    """Show which step answers with a status, for what reasons, and what the client can do; or list what there is.

    For example: bodega explain 409, or bodega explain PLAN_LIMIT_REACHED.
    """
    from bodega import explain

    if asked is None:
        there = explain.overview()
        print_json(there) if as_json else click.echo(explain.overview_as_words(there))
        return
    with usage_errors():
        found = explain.explain(asked)
    print_json(found) if as_json else click.echo(explain.as_words(found))
