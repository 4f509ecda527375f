"""`bodega live`: a store that changes while something reads it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import TYPE_CHECKING

import click

from bodega.cli.place import Failed, at_place, opened_app, with_backend
from bodega.config import DataLocation

if TYPE_CHECKING:
    from bodega.storage.backend import Backend

KINDS = ("price", "stock", "product", "product-deleted", "customer", "order", "order-status")


@click.command("live")
@click.argument("store_hash", metavar="HASH")
@click.option("--rate", type=click.FloatRange(0.01, 1000), default=5.0, show_default=True, metavar="N",
              help="Changes a second.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0), default=0.0, metavar="S", help="How long; until stopped if 0.")
@click.option("--changes", type=click.IntRange(0), default=0, metavar="N", help="How many; as many as come if 0.")
@click.option(
    "--only", "kinds", multiple=True, type=click.Choice(KINDS), metavar="KIND", help=f"Of {', '.join(KINDS)}."
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="The same number, the same changes.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each change.")
@at_place
def command(
    place: DataLocation,
    store_hash: str,
    rate: float,
    seconds: float,
    changes: int,
    kinds: tuple[str, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Change a store at a rate: prices, stock, products, customers, orders and their statuses, until stopped.

    Each change is judged as a client's request is, and fires its events; a running server delivers them. Only products
    that this command has made are deleted.
    """

    async def work(backend: Backend) -> dict[str, int]:
        from bodega.lab.live import KINDS as ALL
        from bodega.lab.live import NothingToChange, live

        counts: dict[str, int] = {}
        stopped = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, NotImplementedError):  # not in the main thread
                asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        async with opened_app(backend, store_hash) as (app, store):
            going = live(app, store, seed=seed, rate=rate, seconds=seconds, kinds=kinds or ALL, most=changes)
            try:
                async for change in going:
                    key = change.kind if change.status < 300 else f"{change.kind} refused"
                    counts[key] = counts.get(key, 0) + 1
                    await backend.registry.rows_changed(store_hash)
                    if as_json:
                        import msgspec

                        click.echo(msgspec.json.encode(change).decode())
                        sys.stdout.flush()
                    if stopped.is_set():
                        break
            except NothingToChange as error:
                raise Failed(str(error)) from error
        return counts

    counts = with_backend(place, work)
    if not as_json:
        for kind, count in sorted(counts.items()):
            click.echo(f"{count:6}  {kind}")
        if not counts:
            click.echo("Nothing was changed.")
