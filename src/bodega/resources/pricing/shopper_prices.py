"""The records of the price list that applies to a shopper."""

from __future__ import annotations

from collections.abc import Sequence

from bodega.aside import Turn
from bodega.domain.pricing.basket import BulkPrice, ListPrice
from bodega.resources.pricing.price_record import TABLE, PriceRecord
from bodega.storage import query
from bodega.storage.query import StoredRow, stored_sql
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

_TOGETHER = 2_000
"""Records that are looked up with one statement, and read before others have a turn."""

_EVERYBODY = 4
"""The place of a channel's list: after all that is for a group."""

_CHOSEN = f"""
SELECT p.id, CASE a.target WHEN $1 THEN 1 WHEN $2 THEN 2 ELSE {_EVERYBODY} END AS place
FROM price_list_assignments a JOIN price_lists p ON p.id = a.price_list_id
WHERE a.target IN ($1, $2, $3) AND p.active
UNION ALL SELECT id, 3 FROM price_lists WHERE id = $4 AND active
ORDER BY place
"""
"""That of the group on the channel, else that of the group everywhere, else the one that a rule of the group names
(rule 103), else that of the channel for everybody."""


async def price_list_of(
    tx: Tx, group_id: int, channel_id: int, of_group: int = 0, *, has_discounts: bool = False
) -> int:
    """The id of the active price list that applies; 0 if none does. `of_group` is named by a rule of the group; one
    that `has_discounts` of its own gets those instead of the channel's list for everybody."""
    targets = (f"{group_id} {channel_id}", f"{group_id} 0", f"0 {channel_id}")
    for found, place in await tx.rows(_CHOSEN, *targets, of_group):
        return 0 if has_discounts and place == _EVERYBODY else int(found)
    return 0


async def list_prices(
    tx: Tx,
    variant_ids: Sequence[int],
    *,
    group_id: int,
    channel_id: int,
    currency: str,
    of_group: int = 0,
    has_discounts: bool = False,
) -> dict[int, ListPrice]:
    """The prices of variants, by their ids: two statements, whatever the list holds, and more only for thousands."""
    chosen = 0
    if variant_ids:
        chosen = await price_list_of(tx, group_id, channel_id, of_group, has_discounts=has_discounts)
    if not chosen:
        return {}
    found: dict[int, ListPrice] = {}
    turn = Turn()
    for start in range(0, len(variant_ids), _TOGETHER):
        some = variant_ids[start : start + _TOGETHER]
        # In no order: sorted by id, SQLite would walk through the whole list instead of looking the variants up.
        test = f"price_list_id = $1 AND currency = $2 AND variant_id IN ({numbered_placeholders(len(some), 3)})"
        for row in await query.named(tx, StoredRow, stored_sql(TABLE, test), chosen, currency, *some):
            record: PriceRecord = row.entity(TABLE)
            found[record.variant_id] = _list_price(chosen, record)
        await turn.breathe()
    return found


def _list_price(chosen: int, record: PriceRecord) -> ListPrice:
    return ListPrice(
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
