"""`bodega report`: what the client under test did wrong or wastefully, read from the journal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bodega.cli.logs import client_of, since
from bodega.cli.place import Failed, at_place, the_store, with_backend
from bodega.cli.running import written_now
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.lab.report.calls import Run
    from bodega.lab.report.card import Card
    from bodega.storage.backend import Backend

FORMATS = ("text", "json", "junit", "sarif")
FAILING = ("error", "warning", "note", "never")


@click.command("report")
@click.argument("store_hash", metavar="HASH")
@click.option("--account", default="", metavar="ACCOUNT", help="Only this account: its client id or name.")
@click.option("--since", callback=since, metavar="DURATION", help="Only what is at most so old: 90s, 10m, 2h, 7d.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the report.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file.")
@click.option(
    "--fail-on", type=click.Choice(FAILING), default="error", show_default=True,
    help="Exit with 1 if there is a finding of this weight or a greater one.",
)  # fmt: skip
@at_place
def command(
    place: DataLocation,
    store_hash: str,
    account: str,
    since: float,
    form: str,
    as_json: bool,
    output: Path | None,
    fail_on: str,
) -> None:
    """Say what the clients of a store did wrong or wastefully, by the requests in its journal.

    Some findings need the bodies of requests: set the journal to full first (bodega store set HASH journal=full).
    Whether a list goes on is asked of the store as it is now.
    """

    async def work(backend: Backend) -> Card:
        from bodega.access.stores import Stores
        from bodega.app import routes
        from bodega.http.app_context import AppContext
        from bodega.http.router import by_version
        from bodega.lab.report.card import report
        from bodega.resources import MODEL

        run = await _recorded(backend, store_hash, account, since)
        stores = Stores(backend, model=MODEL)
        store = await stores.get(store_hash)
        assert store is not None
        try:
            await store.ready()
            return await report(AppContext(stores, by_version(routes()), insecure_http=True), store, run)
        finally:
            await store.close()

    written_now(place, store_hash)
    card = with_backend(place, work)
    from bodega.lab.report.calls import SEVERITIES
    from bodega.lab.report.formats import FORMATS as WRITERS

    text = WRITERS["json" if as_json else form](card)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
    if fail_on != "never" and card.worst() >= SEVERITIES[fail_on].weight:
        sys.exit(1)


async def _recorded(backend: Backend, store_hash: str, account: str, since: float) -> Run:
    """The run of a store that its journal keeps."""
    from bodega.app import routes
    from bodega.journal.ring import JournalRing
    from bodega.lab.report.card import UnknownAccount, read_run

    record = await the_store(backend, store_hash)
    accounts = await backend.registry.accounts(store_hash)
    client = await client_of(backend, store_hash, account)
    database = backend.journal()
    try:
        return await read_run(JournalRing(database), record, accounts, routes(), account=client, since=since)
    except UnknownAccount as error:
        raise Failed(str(error)) from error
    finally:
        await database.close()


def read_recorded(place: DataLocation, store_hash: str, account: str, since: float) -> Run:
    """The run of a store that its journal keeps. Raises Failed."""
    written_now(place, store_hash)
    return with_backend(place, lambda backend: _recorded(backend, store_hash, account, since))


def listed(names: Sequence[str]) -> str:
    """Names as words."""
    return ", ".join(names) or "none"
