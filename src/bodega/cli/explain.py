"""`bodega explain`: why a request got its status."""

from __future__ import annotations

import click

from bodega.cli.place import as_json, usage_errors
from bodega.cli.show import print_json


@click.command("explain")
@click.argument("asked", metavar="STATUS|REASON")
@as_json
def command(asked: str, as_json: bool) -> None:
    """Show which step answers with a status, for what reasons, and what the client can do.

    For example: bodega explain 409, or bodega explain PLAN_LIMIT_REACHED.
    """
    from bodega import explain

    with usage_errors():
        found = explain.explain(asked)
    print_json(found) if as_json else click.echo(explain.as_words(found))
