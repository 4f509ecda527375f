"""`bodega seed`: a believable store, the same for the same seed number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from bodega.cli.place import Failed, as_json, at_place, open_backend, plain_failures, the_store
from bodega.cli.running import ask
from bodega.cli.show import print_json
from bodega.config import DataLocation
from bodega.counted import counted

if TYPE_CHECKING:
    from bodega.storage.backend import Backend


AMOUNTS = {"products": 200, "customers": 60, "orders": 150, "promotions": 13}
"""The default amounts."""

SOON = 1_000
"""So many rows a running server adds itself; of more there is a progress bar, and no request takes minutes."""


def sample_data(defaults: Mapping[str, int]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that say how many rows of each kind are made; the command takes them as `amounts`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def counted(**given: Any) -> None:
            command(amounts={name: given.pop(name) for name in AMOUNTS}, **given)

        for name in reversed(AMOUNTS):
            counted = click.option(
                f"--{name}",
                type=click.IntRange(min=0),
                default=defaults.get(name, 0),
                show_default=name in defaults,
                metavar="N",
                help=f"Sample {name}.",
            )(counted)
        return counted

    return decorate


@click.command("seed")
@click.argument("store_hash", metavar="HASH")
@sample_data({})
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="S", help="The same number gives the same data."
)
@at_place
@as_json
def command(place: DataLocation, store_hash: str, amounts: Mapping[str, int], seed: int, as_json: bool) -> None:
    """Fill a store with sample data: products with their categories and brands, customers, orders, promotions.

    Orders and promotions use existing products. Without any number it is a small store of everything. Called again,
    it continues where it ended. A server may have the store open meanwhile.
    """
    import asyncio

    wanted = {name: count for name, count in amounts.items() if count} or AMOUNTS
    told = None
    if sum(wanted.values()) <= SOON:
        told = ask(place, "POST", f"/stores/{store_hash}/seed", {**wanted, "seed": seed})
    if told is not None:
        added = told["added"]
    else:
        with plain_failures():
            added = asyncio.run(_seed(place, store_hash, wanted, seed))
    print_json({"hash": store_hash, **added}) if as_json else click.echo(
        f"{_listed(added)} were added to store {store_hash}."
    )


def _listed(counts: Mapping[str, int]) -> str:
    *others, last = (counted(count, name[:-1]) for name, count in counts.items())
    return f"{', '.join(others)} and {last}" if others else last


async def _seed(place: DataLocation, store_hash: str, wanted: Mapping[str, int], seed: int) -> dict[str, int]:
    backend = await open_backend(place)
    try:
        await the_store(backend, store_hash)
    except BaseException:
        await backend.close()
        raise
    return await fill(backend, store_hash, wanted, seed)


async def fill(backend: Backend, store_hash: str, wanted: Mapping[str, int], seed: int = 1) -> dict[str, int]:
    """Seeds a store, with a progress bar on a terminal, and closes the backend: how many of each were added.

    Raises Failed when the plan is full.
    """
    from bodega.access.stores import Stores
    from bodega.lab import seed as lab
    from bodega.lab.seed_orders import NothingToSell
    from bodega.law.refusal import Refusal
    from bodega.resources import MODEL

    stores = Stores(backend, model=MODEL)
    added = dict.fromkeys(wanted, 0)

    def made(name: str, count: int) -> None:
        added[name] += count
        bar.update(count)

    # On standard error, which leaves standard output to what programs read.
    length = sum(wanted.values())
    with click.progressbar(length=length, label="Filling", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        try:
            store = await stores.get(store_hash)
            assert store is not None
            await lab.seed(store, lab.Amounts(**wanted), seed, made)
        except Refusal as refusal:
            raise Failed(f"{refusal.message.rstrip('.')}; {_listed(added)} were added.") from refusal
        except NothingToSell as nothing:
            raise Failed("There is no product that can be bought, so there are no orders; add --products.") from nothing
        finally:
            await backend.registry.rows_changed(
                store_hash
            )  # a server that has the store open may have events to deliver
            await stores.close()
    return added
