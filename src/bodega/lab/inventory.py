"""What can be bought in a store, and who buys there: what sample orders are made from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bodega.kit.fields import epoch
from bodega.lab.sales import Buyer, Inventory, SellableVariant, billing
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.options import option, product_option
from bodega.resources.customers import addresses as customer_addresses
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

MAX_GOODS, MAX_BUYERS = 2_000, 10_000
"""Products and customers that a seeding knows: the memory that it takes does not grow with the store."""

AT_ONCE = 500


async def inventory_of(tx: Tx) -> Inventory:
    """Products that can be bought, with all their variants, and customers who have an address."""
    sellables: list[SellableVariant] = []
    levels: dict[int, int] = {}
    sellable = "SELECT id FROM products WHERE is_visible AND availability = 'available' ORDER BY id"
    ids = await _spread(tx, sellable, MAX_GOODS)
    for start in range(0, len(ids), AT_ONCE):
        await _put_on(tx, ids[start : start + AT_ONCE], sellables, levels)
    buyers: list[Buyer] = []
    ids = await _spread(tx, "SELECT id FROM customers ORDER BY id", MAX_BUYERS)
    for start in range(0, len(ids), AT_ONCE):
        buyers += await _buyers(tx, ids[start : start + AT_ONCE])
    return Inventory(sellables, levels, buyers)


async def _spread(tx: Tx, sql: str, maximum: int) -> list[int]:
    """At most so many of the ids, evenly over all of them."""
    ids = await query.values(tx, sql)
    step = max(1, -(-len(ids) // maximum))
    return ids[::step]


async def _put_on(tx: Tx, ids: Sequence[int], sellables: list[SellableVariant], levels: dict[int, int]) -> None:
    """The variants of these products that can be bought."""
    owners = {item.id: item for item in await query.entities_of(tx, product.TABLE, ids)}
    asked, unanswerable = await _asked(tx, ids)
    held = await stock_levels.read(tx, ids)
    for item in await query.entities_of(tx, variants.TABLE, ids, "product_id"):
        owner = owners[item.product_id]
        least, maximum = owner.order_quantity_minimum, owner.order_quantity_maximum
        if item.purchasing_disabled or owner.id in unanswerable or (maximum and least > maximum):
            continue
        if owner.inventory_tracking == "variant" or (owner.inventory_tracking == "product" and item.is_base):
            stock = (owner.id, 0 if item.is_base else item.id)
            levels[item.id] = item.inventory_level - held.get(stock, stock_levels.NOTHING).elsewhere
        sellable = SellableVariant(
            product_id=owner.id,
            variant_id=item.id,
            least=least,
            maximum=maximum,
            price=item.calculated_price,
            answers=asked.get(owner.id, ()),
            is_physical=owner.type == "physical",
        )
        sellables.append(sellable)


Answers = tuple[tuple[int, int], ...]


async def _asked(tx: Tx, ids: Sequence[int]) -> tuple[dict[int, Answers], set[int]]:
    """What these products require to be answered beside the variant, with a value each; and those of them that require
    what only a shopper can say."""
    owned = f"is_modifier AND product_id IN ({numbered_placeholders(len(ids))})"
    options = [item for item in await query.entities(tx, product_option.TABLE, owned, *ids) if item.is_required]
    if not options:
        return {}, set()
    values = await query.entities_of(tx, option.VALUES, [item.option_id for item in options], "option_id")
    first = {value.option_id: value.id for value in reversed(values)}
    found: dict[int, Answers] = {}
    for item in options:
        if item.option_id in first:
            found[item.product_id] = (*found.get(item.product_id, ()), (item.id, first[item.option_id]))
    return found, {item.product_id for item in options if item.option_id not in first}


async def _buyers(tx: Tx, ids: Sequence[int]) -> list[Buyer]:
    """Those of the customers who have an address."""
    places = await query.entities_of(tx, customer_addresses.TABLE, ids, "customer_id")
    first = {item.customer_id: item for item in reversed(places)}
    return [
        Buyer(
            item.id, billing(msgspec.structs.asdict(first[item.id]), item.email, item.phone), epoch(item.date_created)
        )
        for item in await query.entities_of(tx, customer.TABLE, ids)
        if item.id in first
    ]
