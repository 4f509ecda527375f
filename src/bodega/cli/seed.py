"""`bodega seed`: a believable catalogue, the same for the same seed number."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bodega.cli.place import Failed, as_json, at_place, open_depot, plain_failures, the_store
from bodega.cli.show import print_json
from bodega.config import Place

if TYPE_CHECKING:
    from bodega.storage.depot import Depot


@click.command("seed")
@click.argument("store_hash", metavar="HASH")
@click.option("--products", type=click.IntRange(min=1), required=True, metavar="N", help="How many products to add.")
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="S", help="The same number gives the same goods."
)
@at_place
@as_json
def command(place: Place, store_hash: str, products: int, seed: int, as_json: bool) -> None:
    """Fill a store with sample products, their categories and brands.

    Called again, it goes on where it ended. A server may have the store open meanwhile.
    """
    import asyncio

    with plain_failures():
        added = asyncio.run(_seed(place, store_hash, products, seed))
    print_json({"hash": store_hash, "products": added}) if as_json else click.echo(
        f"{added} products were added to store {store_hash}."
    )


async def _seed(place: Place, store_hash: str, products: int, seed: int) -> int:
    depot = await open_depot(place)
    try:
        await the_store(depot, store_hash)
    except BaseException:
        await depot.close()
        raise
    return await fill(depot, store_hash, products, seed)


async def fill(depot: Depot, store_hash: str, products: int, seed: int = 1) -> int:
    """Seeds a store, with a progress bar on a terminal, and closes the depot. Raises Failed when the plan is full."""
    from bodega.access.stores import Stores
    from bodega.lab import seed as lab
    from bodega.law.refusal import Refusal
    from bodega.resources import TABLES

    stores = Stores(depot, tables=TABLES)
    added = 0

    def made(_name: str, count: int) -> None:
        nonlocal added
        added += count
        bar.update(count)

    # On standard error, which leaves standard output to what programs read.
    with click.progressbar(length=products, label="Filling", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        try:
            store = await stores.get(store_hash)
            assert store is not None
            await lab.seed(store, lab.Amounts(products), seed, made)
        except Refusal as refusal:
            raise Failed(f"{refusal.message.rstrip('.')}; {added} products were added.") from refusal
        finally:
            await depot.registry.ring()  # a server that has the store open may have events to deliver
            await stores.close()
    return added
