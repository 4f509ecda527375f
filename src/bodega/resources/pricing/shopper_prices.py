"""The records of the price list that applies to a shopper."""

from __future__ import annotations

from collections.abc import Sequence

from bodega.domain.pricing.basket import BulkPrice, ListPrice
from bodega.resources.pricing.price_record import TABLE, PriceRecord
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

_CHOSEN = """
SELECT p.id FROM price_lists p LEFT JOIN price_list_assignments a ON a.price_list_id = p.id AND a.target IN ($1, $2, $3)
WHERE p.active AND (a.target IS NOT NULL OR p.id = $4)
ORDER BY CASE WHEN a.target = $1 THEN 1 WHEN a.target = $2 THEN 2 WHEN p.id = $4 THEN 3 ELSE 4 END LIMIT 1
"""
"""That of the group on the channel, else that of the group everywhere, else the one that a rule of the group names
(rule 103), else that of the channel for everybody."""


async def price_list_of(tx: Tx, group_id: int, channel_id: int, of_group: int = 0) -> int:
    """The id of the active price list that applies; 0 if none does. `of_group` is named by a rule of the group."""
    targets = (f"{group_id} {channel_id}", f"{group_id} 0", f"0 {channel_id}")
    return await query.value(tx, _CHOSEN, *targets, of_group) or 0


async def list_prices(
    tx: Tx, variant_ids: Sequence[int], *, group_id: int, channel_id: int, currency: str, of_group: int = 0
) -> dict[int, ListPrice]:
    """The prices of variants, by their ids: two statements at most, whatever the list holds."""
    chosen = await price_list_of(tx, group_id, channel_id, of_group) if variant_ids else 0
    if not chosen:
        return {}
    test = f"price_list_id = $1 AND currency = $2 AND variant_id IN ({numbered_placeholders(len(variant_ids), 3)})"
    found: dict[int, ListPrice] = {}
    record: PriceRecord
    for record in await query.entities(tx, TABLE, test, chosen, currency, *variant_ids):
        found[record.variant_id] = ListPrice(
            price_list_id=chosen,
            price=record.price,
            sale_price=record.sale_price,
            retail_price=record.retail_price,
            map_price=record.map_price,
            tiers=tuple(
                BulkPrice(one.quantity_min, one.quantity_max or 0, one.type, one.amount, chosen)
                for one in record.bulk_pricing_tiers
            ),
        )
    return found
