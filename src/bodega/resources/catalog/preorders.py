"""Pre-orders: a product that is for pre-order only is available from its release date on (rule 52)."""

from __future__ import annotations

from bodega.kit.fields import moment
from bodega.kit.resource import Resource, Sweep
from bodega.kit.write import changed
from bodega.resources.catalog import product
from bodega.storage.unit import Unit

AT_ONCE = 100
"""The most products that one sweep releases."""

_DUE = "SELECT id FROM products WHERE release_due <= $1 ORDER BY release_due, id LIMIT"


async def release(unit: Unit) -> None:
    """Makes products available that were to be released by now, if they are for pre-order only."""
    for (product_id,) in await unit.tx.rows(f"{_DUE} {AT_ONCE}", moment(unit.now)):
        row = await unit.get(product.TABLE, product_id)
        if row is not None:
            released = changed(product.TABLE, row.entity, availability="available", date_modified=moment(unit.now))
            await unit.update(product.TABLE, row, released)


RESOURCE = Resource(sweeps=(Sweep(f"{_DUE} 1", lambda now, _settings: (moment(now),), release),))
