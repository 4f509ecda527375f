"""Who buys: the group whose prices apply, and whether tax is paid."""

from __future__ import annotations

from typing import NamedTuple

from bodega.domain.pricing.basket import Shopper
from bodega.resources.customers import groups
from bodega.resources.segments.members import segments_of
from bodega.storage import query
from bodega.storage.tx import Tx

COMPLETED = (2, 10)
"""Statuses of orders that count as completed: shipped and completed."""


class Buyer(NamedTuple):
    """A shopper as the engine takes it; an `exempt` one pays no tax. None of the two is known of a guest."""

    shopper: Shopper
    exempt: bool = False


async def buyer_of(tx: Tx, customer_id: int, *, for_promotions: bool = False) -> Buyer:
    """The customer of this id, or a guest: the group of guests is theirs. A customer with a tax exemption is exempt."""
    if not customer_id:
        return Buyer(Shopper(group_id=await groups.holder(tx, "is_group_for_guests")))
    sql = "SELECT customer_group_id, tax_exempt_category FROM customers WHERE id = $1"
    row = await tx.row(sql, customer_id)
    if row is None:
        return Buyer(Shopper(group_id=await groups.holder(tx, "is_group_for_guests")))
    group_id, category = row
    completed, of = 0, frozenset[str]()
    if for_promotions:
        of = frozenset(await segments_of(tx, customer_id))
        placeholders = ", ".join(map(str, COMPLETED))
        sql = f"SELECT count(*) FROM orders WHERE customer_id = $1 AND status_id IN ({placeholders})"
        completed = int(await query.value(tx, sql, customer_id) or 0)
    shopper = Shopper(customer_id=customer_id, group_id=group_id or 0, segments=of, order_count=completed)
    return Buyer(shopper, bool(category))
