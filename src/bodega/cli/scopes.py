"""`bodega scopes`: the smallest set of scopes that a recorded run needs."""

from __future__ import annotations

import sys
from typing import Any

import click

from bodega.cli.account import SCOPE_WORDS, read_scopes
from bodega.cli.logs import since
from bodega.cli.place import as_json, at_place
from bodega.cli.report import listed, read_recorded
from bodega.cli.several import Several, Trailing, trailing
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.counted import counted


@click.command("scopes", cls=Several, several={"--given": SCOPE_WORDS["--scope"]})
@click.argument("store_hash", metavar="HASH")
@click.option("--account", default="", metavar="ACCOUNT", help="Only this account: its client id or name.")
@click.option("--since", callback=since, metavar="DURATION", help="Only what is at most so old: 90s, 10m, 2h, 7d.")
@click.option(
    "--given", multiple=True, metavar="SCOPE ...", help="Say what this set would have refused; exit with 1 if anything."
)
@click.argument("more", nargs=-1, cls=Trailing)
@at_place
@as_json
def command(
    place: DataLocation,
    store_hash: str,
    account: str,
    since: float,
    given: tuple[str, ...],
    more: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the smallest set of scopes that lets the requests in the journal pass, account by account."""
    tried = read_scopes(trailing(given, more)) if given or more else None
    run = read_recorded(place, store_hash, account, since)
    import msgspec

    from bodega.lab.report.permissions import permissions

    found = permissions(run, tried)
    if as_json:
        shown: Any = msgspec.to_builtins(found)
        print_json(shown)
    elif not found:
        click.echo("Nothing in the journal matches.", err=True)
    else:
        for one in found:
            click.echo(f"{one.client_id} needs {listed(one.scopes)}.")
            for scope, request in one.because.items():
                click.echo(f"  {scope}: for {request}")
            if one.idle:
                click.echo(f"  not needed: {listed(one.idle)}")
            for refused in one.refused:
                click.echo(f"  refused {counted(refused.count, 'time')}: {refused.request}, without {refused.missing}")
    if any(one.refused for one in found):
        sys.exit(1)
